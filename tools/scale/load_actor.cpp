#include "tools/scale/load_actor.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "actors/kubelet/kubelet.hpp"
#include "actors/write.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/field_scan.hpp"
#include "messages/status.hpp"
#include "runtime/watch_client.hpp"

namespace kabuki::tools {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr std::string_view kPrefix = "scale-";
constexpr std::chrono::seconds kReportEvery{1};
constexpr std::chrono::seconds kWriteTimeout{60};
constexpr int kPhase[] = {3, 1};      // Pod.status.phase
constexpr int kNodeName[] = {2, 10};  // Pod.spec.nodeName

core::Pod pod_number(size_t number) {
  core::Pod pod;
  pod.mutable_metadata()->set_name(std::string(kPrefix) + std::to_string(number));
  pod.mutable_metadata()->set_namespace_("default");
  (*pod.mutable_metadata()->mutable_labels())["app"] = "scale";
  core::Container* container = pod.mutable_spec()->add_containers();
  container->set_name("main");
  container->set_image("registry.example/scale:1.0");
  return pod;
}

class Load : public runtime::Actor {
 public:
  Load(LoadOptions options, std::function<void(const LoadProgress&)> report)
      : options_(std::move(options)), report_(std::move(report)) {
    sent_.resize(options_.pods);
    seen_.resize(options_.pods, Seen::nothing);
  }

 protected:
  void started() override {
    nodes_ = watch(kinds::kNode, [this](auto type, const ObjectPtr& object) { node_changed(type, object); });
    pods_ = watch(kinds::kPod, [this](auto, const ObjectPtr& object) { pod_changed(*object); });
    if (options_.until == Until::created) create_pods();
    if (options_.until == Until::bound) register_nodes();
    tick();
  }

  void received(runtime::Inbound& in) override {
    if (nodes_->received(in) || pods_->received(in) || runtime::WatchClient::is_stream_message(in)) return;
    in.reply.fail(bad_request("a load takes no messages"));
  }

 private:
  using Changed = std::function<void(bus::WatchEvents::Type, const ObjectPtr&)>;

  std::unique_ptr<runtime::WatchClient> watch(KindId kind, Changed changed) {
    runtime::WatchOptions options;
    options.source = options_.views;
    options.selection.set_kind(kind);
    runtime::WatchClient::Handlers handlers;
    handlers.on_event = [changed](bus::WatchEvents::Type type, const ObjectPtr& object, uint64_t) {
      changed(type, object);
    };
    auto client = std::make_unique<runtime::WatchClient>(*this, std::move(options), std::move(handlers));
    client->open();
    return client;
  }

  void node_changed(bus::WatchEvents::Type type, const ObjectPtr& object) {
    if (creating_ || type == bus::WatchEvents::DELETED) return;
    core::Node node = object->as<core::Node>();
    bool ready = !node.spec().podcidr().empty() && node.spec().taints().empty();
    bool condition = false;
    for (const auto& entry : node.status().conditions()) {
      condition |= entry.type() == "Ready" && entry.status() == "True";
    }
    if (!ready || !condition || !ready_nodes_.insert(std::string(object->name())).second) return;
    progress_.nodes_ready = ready_nodes_.size();
    if (ready_nodes_.size() < options_.nodes) return;
    create_pods();
  }

  void create_pods() {
    creating_ = progress_.creating = true;
    report_(progress_);
    began_ = mono();
    while (in_flight_ < options_.batches_in_flight && next_ < options_.pods) send_batch();
  }

  void register_nodes() {
    std::vector<actors::Write> writes;
    for (auto& options : kubelet::simulated_nodes("node-", 0, options_.nodes)) {
      options.capacity["pods"] = std::to_string(options_.pods);
      auto node = kubelet::new_node(options, host_name());
      kubelet::set_node_status(options, now(), &node);
      writes.push_back(actors::Write::create(kinds::kNode, node));
    }
    // Who is refused is missed by the run, which then ends by its timeout.
    ask(runtime::role(runtime::roles::kApiServer), actors::write_message(writes, "kabuki-scale"), kWriteTimeout,
        [](const Result<runtime::MessagePtr>&) {});
  }

  void send_batch() {
    std::vector<size_t> numbers;
    std::vector<actors::Write> writes;
    for (; writes.size() < options_.batch && (next_ < options_.pods || !again_.empty());) {
      size_t number = again_.empty() ? next_++ : again_.back();
      if (!again_.empty()) again_.pop_back();
      numbers.push_back(number);
      writes.push_back(actors::Write::create(kinds::kPod, pod_number(number)));
      if (sent_[number].ns == 0) sent_[number] = mono();
    }
    if (writes.empty()) return;
    ++in_flight_;
    size_t count = writes.size();
    ask(runtime::role(runtime::roles::kApiServer), actors::write_message(writes, "kabuki-scale"), kWriteTimeout,
        [this, numbers = std::move(numbers), count](Result<runtime::MessagePtr> reply) {
          --in_flight_;
          auto outcomes = actors::read_outcomes(reply, count);
          for (size_t i = 0; i < count; ++i) {
            bool exists = outcomes[i].error && outcomes[i].error->code == 409;
            if (!outcomes[i].error || exists) {
              ++progress_.created;
            } else {
              ++progress_.refused;
              again_.push_back(numbers[i]);
            }
          }
          send_batch();
        });
  }

  void pod_changed(const Object& object) {
    if (!object.name().starts_with(kPrefix)) return;
    std::string_view digits = object.name().substr(kPrefix.size());
    size_t number = 0;
    auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (failure != std::errc() || number >= options_.pods) return;
    Seen now = scan_bytes(object.body(), kPhase) == "Running" ? Seen::running
               : scan_bytes(object.body(), kNodeName).empty() ? Seen::created
                                                              : Seen::bound;
    Seen before = std::exchange(seen_[number], std::max(now, seen_[number]));
    if (before < Seen::bound && now >= Seen::bound && ++progress_.bound == options_.pods) {
      progress_.bound_after = mono() - began_;
    }
    if (before < Seen::running && now == Seen::running) ++progress_.running;
    Seen wanted = options_.until == Until::created ? Seen::created
                  : options_.until == Until::bound ? Seen::bound
                                                   : Seen::running;
    if (before >= wanted || now < wanted) return;
    progress_.startup.push_back(mono() - sent_[number]);
    if (progress_.startup.size() == options_.pods) {
      progress_.finished = true;
      progress_.elapsed = mono() - began_;
      report_(progress_);
    }
  }

  void tick() {
    if (progress_.finished) return;
    if (creating_) progress_.elapsed = mono() - began_;
    report_(progress_);
    after(kReportEvery, [this] { tick(); });
  }

  LoadOptions options_;
  std::function<void(const LoadProgress&)> report_;
  std::unique_ptr<runtime::WatchClient> nodes_;
  std::unique_ptr<runtime::WatchClient> pods_;
  std::set<std::string> ready_nodes_;
  LoadProgress progress_;
  std::vector<io::MonoTime> sent_;
  enum class Seen : uint8_t { nothing, created, bound, running };
  std::vector<Seen> seen_;
  std::vector<size_t> again_;
  size_t next_ = 0;
  size_t in_flight_ = 0;
  bool creating_ = false;
  io::MonoTime began_;
};

}  // namespace

std::unique_ptr<runtime::Actor> make_load(LoadOptions options, std::function<void(const LoadProgress&)> report) {
  return std::make_unique<Load>(std::move(options), std::move(report));
}

}  // namespace kabuki::tools
