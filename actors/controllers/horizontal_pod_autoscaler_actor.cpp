#include "actors/controllers/horizontal_pod_autoscaler_actor.hpp"

#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "actors/api_server/write/scale.hpp"
#include "messages/api/autoscaling/v1/scale.pb.h"
#include "messages/bus/objects.pb.h"
#include "messages/meta.hpp"
#include "messages/selectors.hpp"
#include "messages/status.hpp"
#include "runtime/watch_client.hpp"

namespace kabuki::controllers {
namespace {

using actors::Write;
using runtime::WatchClient;

constexpr const char* kName = "horizontal-pod-autoscaler";
/// Autoscalers that are decided at a time: each asks for all of its pods.
constexpr size_t kMostAtOnce = 16;
constexpr size_t kEventsPerWrite = 256;
constexpr int kNotFound = 404;

/// The kind that an autoscaler scales. Errors as Kubernetes' scale client words them.
Result<const Kind*> target_kind(const std::string& api_version, const std::string& name) {
  const size_t slash = api_version.find('/');
  if (slash != std::string::npos && api_version.find('/', slash + 1) != std::string::npos) {
    return bad_request("unexpected GroupVersion string: " + api_version);
  }
  const std::string group = slash == std::string::npos ? "" : api_version.substr(0, slash);
  const Kind* kind = find_kind(group, name);
  if (!kind) return bad_request("no matches for kind \"" + name + "\" in group \"" + group + "\"");
  if (!kind->has_scale) return bad_request("the server could not find the requested resource");
  return kind;
}

class AutoscalerActor : public runtime::Actor {
 public:
  AutoscalerActor(ControllerOptions options, AutoscalerOptions autoscaler)
      : options_(std::move(options)), autoscaler_(autoscaler), recorder_(kName) {}

 private:
  struct Entry {
    ObjectPtr object;
    AutoscalerMemory memory;
    std::string selector;  // of what it scales, when it was last looked at
    std::optional<TimerId> timer;
  };
  /// One decision on its way.
  struct Turn {
    Key key;
    ObjectPtr object;  // the autoscaler
    AutoscalerView view;
    ObjectPtr target;
    AutoscalerPlan plan;
  };
  using TurnPtr = std::shared_ptr<Turn>;

  Instant instant() const { return {now(), mono()}; }

  void started() override {
    runtime::WatchOptions options;
    options.source = options_.source;
    options.selection.set_kind(kinds::kHorizontalPodAutoscaler);
    options.remember = true;
    WatchClient::Handlers handlers;
    handlers.on_event = [this](WatchClient::Type type, const ObjectPtr& object, uint64_t) {
      type == bus::WatchEvents::DELETED ? removed(*object) : changed(object);
    };
    watch_ = std::make_unique<WatchClient>(*this, std::move(options), std::move(handlers));
    watch_->open();
  }

  void received(runtime::Inbound& in) override {
    if (watch_->received(in) || WatchClient::is_stream_message(in)) return;
    in.reply.fail(bad_request("an autoscaler takes no such message"));
  }

  void changed(const ObjectPtr& object) {
    Entry& entry = entries_[object->key()];
    const bool is_new = !entry.object || entry.object->uid() != object->uid();
    if (is_new) {
      if (entry.timer) cancel(*entry.timer);
      entry = Entry{.object = object};
      due(object->key());
    } else if (object->revision() > entry.object->revision()) {
      entry.object = object;
    }
  }

  void removed(const Object& object) {
    const auto found = entries_.find(object.key());
    if (found == entries_.end() || found->second.object->uid() != object.uid()) return;
    if (found->second.timer) cancel(*found->second.timer);
    entries_.erase(found);
  }

  /// Null when the turn's autoscaler is gone.
  Entry* entry_of(const Turn& turn) {
    const auto found = entries_.find(turn.key);
    return found != entries_.end() && found->second.object->uid() == turn.object->uid() ? &found->second : nullptr;
  }

  void due(const Key& key) {
    due_.push_back(key);
    work();
  }

  void work() {
    while (turns_ < kMostAtOnce && !due_.empty()) {
      const auto found = entries_.find(due_.front());
      due_.pop_front();
      if (found == entries_.end()) continue;
      ++turns_;
      auto turn = std::make_shared<Turn>();
      turn->key = found->first;
      turn->object = found->second.object;
      turn->view.object = turn->object->as<AutoscalerMessage>();
      read_scale(turn);
    }
  }

  void read_scale(const TurnPtr& turn) {
    const auto& reference = turn->view.object.spec().scaletargetref();
    const auto kind = target_kind(reference.apiversion(), reference.kind());
    if (!kind.ok()) {
      turn->view.scale = kind.error();
      return decide(turn);
    }
    bus::GetObjects get;
    auto* key = get.add_keys();
    key->set_kind((*kind)->id);
    key->set_namespace_(turn->key.ns);
    key->set_name(reference.name());
    ask(options_.api, runtime::make_message(std::move(get)), options_.write_timeout,
        [this, turn, kind = *kind, name = reference.name()](const Result<runtime::MessagePtr>& answer) {
          turn->view.scale = take_scale(turn, *kind, name, answer);
          turn->view.scale.ok() ? read_uses(turn) : decide(turn);
        });
  }

  static Result<ScaleFacts> take_scale(const TurnPtr& turn, const Kind& kind, const std::string& name,
                                       const Result<runtime::MessagePtr>& answer) {
    if (!answer.ok()) return answer.error();
    const auto* reply = (*answer)->as<bus::GetObjectsReply>();
    if (!reply || reply->items_size() != 1) return internal_error("the API server gave an answer of another form");
    if (!reply->items(0).found()) {
      Kind scale = kind;
      scale.plural += "/scale";
      return not_found(scale, name);
    }
    turn->target = (*answer)->objects.at(reply->items(0).object());
    std::unique_ptr<google::protobuf::Message> message(kind.make());
    if (auto parsed = turn->target->parse(message.get()); !parsed) return parsed.error();
    const auto scale = api_server::scale_of(kind, *message);
    return ScaleFacts{scale.spec().replicas(), scale.status().selector()};
  }

  void read_uses(const TurnPtr& turn) {
    Entry* entry = entry_of(*turn);
    if (!entry) return finish(turn);
    entry->selector = turn->view.scale->selector;
    if (entry->selector.empty()) return decide(turn);
    bus::ReadPodUses read;
    read.set_namespace_(turn->key.ns);
    read.set_label_selector(entry->selector);
    ask(options_.api, runtime::make_message(std::move(read)), options_.write_timeout,
        [this, turn](const Result<runtime::MessagePtr>& answer) {
          const auto* uses = answer.ok() ? (*answer)->as<bus::PodUses>() : nullptr;
          if (!uses) {
            turn->view.uses = answer.ok() ? internal_error("the answer has another form") : answer.error();
            return decide(turn);
          }
          turn->view.uses = *uses;
          for (const ObjectPtr& pod : (*answer)->objects) turn->view.pods.push_back(pod->as<PodMessage>());
          turn->view.selecting = selecting(*turn);
          decide(turn);
        });
  }

  /// The autoscalers of the namespace whose selectors select one of the turn's pods.
  std::vector<std::string> selecting(const Turn& turn) const {
    std::vector<std::string> out;
    for (auto it = entries_.lower_bound({turn.key.kind, turn.key.ns, ""});
         it != entries_.end() && it->first.ns == turn.key.ns; ++it) {
      const auto& [key, entry] = *it;
      if (entry.selector.empty()) continue;
      const auto selector = LabelSelector::parse(entry.selector);
      if (!selector.ok()) continue;
      const bool selects = std::any_of(turn.view.pods.begin(), turn.view.pods.end(), [&](const PodMessage& pod) {
        const auto& labels = pod.metadata().labels();
        return selector->matches([&](std::string_view name) {
          const auto label = labels.find(std::string(name));
          return label == labels.end() ? nullptr : &label->second;
        });
      });
      if (selects) out.push_back(key.ns + "/" + key.name);
    }
    return out;
  }

  void decide(const TurnPtr& turn) {
    Entry* entry = entry_of(*turn);
    if (!entry) return finish(turn);
    turn->plan = decide_autoscaler(turn->view, autoscaler_, instant(), &entry->memory);
    if (!turn->plan.resize) return record(turn);
    const Write resize =
        Write::merge_patch(turn->target->key(), std::string(turn->target->uid()),
                           R"({"spec":{"replicas":)" + std::to_string(*turn->plan.resize) + "}}", "scale");
    ask(options_.api, actors::write_message(std::vector<Write>{resize}, kName, options_.fence),
        options_.write_timeout, [this, turn](const Result<runtime::MessagePtr>& answer) {
          const auto outcome = actors::read_outcomes(answer, 1).front();
          auto failure = outcome.error;
          if (!failure && outcome.unknown) failure = internal_error("no answer came");
          Entry* entry = entry_of(*turn);
          if (!entry) return finish(turn);
          ++resizes_;
          conclude_autoscaler(turn->view.object, failure, instant(), &turn->plan, &entry->memory);
          record(turn);
        });
  }

  void record(const TurnPtr& turn) {
    for (const auto& note : turn->plan.events) recorder_.record(note, now());
    send_events();
    AutoscalerMessage next = turn->view.object;
    *next.mutable_status() = turn->plan.status;
    const Write write = Write::update_status(*turn->object, next);
    if (write.object->body() == turn->object->body()) return finish(turn);
    ask(options_.api, actors::write_message(std::vector<Write>{write}, kName, options_.fence), options_.write_timeout,
        [this, turn](const Result<runtime::MessagePtr>& answer) {
          const auto outcome = actors::read_outcomes(answer, 1).front();
          Entry* entry = entry_of(*turn);
          // The next decision begins with what this one has told, even if the watch is late.
          if (entry && outcome.object && outcome.object->revision() > entry->object->revision()) {
            entry->object = outcome.object;
          }
          finish(turn);
        });
  }

  void finish(const TurnPtr& turn) {
    --turns_;
    if (Entry* entry = entry_of(*turn)) {
      entry->timer = after(autoscaler_.period, [this, key = turn->key, uid = std::string(turn->object->uid())] {
        const auto found = entries_.find(key);
        if (found == entries_.end() || found->second.object->uid() != uid) return;
        found->second.timer.reset();
        due(key);
      });
    }
    work();
  }

  void send_events() {
    if (events_in_flight_ || recorder_.waiting() == 0) return;
    auto writes = recorder_.take(kEventsPerWrite);
    events_in_flight_ = true;
    auto message = actors::write_message(writes, kName, options_.fence);
    ask(options_.api, std::move(message), options_.write_timeout,
        [this, writes = std::move(writes)](const Result<runtime::MessagePtr>& answer) {
          events_in_flight_ = false;
          const auto outcomes = actors::read_outcomes(answer, writes.size());
          for (size_t i = 0; i < writes.size(); ++i) {
            if (outcomes[i].error && outcomes[i].error->code == kNotFound) recorder_.forget(writes[i].key);
          }
          send_events();
        });
  }

  std::string health() const override {
    if (watch_ && !watch_->health().empty()) return watch_->health();
    return std::to_string(entries_.size()) + " autoscalers, " + std::to_string(turns_) + " deciding, " +
           std::to_string(due_.size()) + " due, " + std::to_string(resizes_) + " resizes";
  }

  const ControllerOptions options_;
  const AutoscalerOptions autoscaler_;
  actors::EventRecorder recorder_;
  std::unique_ptr<WatchClient> watch_;
  std::map<Key, Entry> entries_;
  std::deque<Key> due_;
  size_t turns_ = 0;
  uint64_t resizes_ = 0;
  bool events_in_flight_ = false;
};

}  // namespace

std::unique_ptr<runtime::Actor> make_autoscaler(ControllerOptions options, AutoscalerOptions autoscaler) {
  return std::make_unique<AutoscalerActor>(std::move(options), autoscaler);
}

}  // namespace kabuki::controllers
