#include "actors/kubelet/node_actor.hpp"

#include <utility>

#include "actors/kubelet/limits.hpp"
#include "actors/kubelet/mirror_pod.hpp"
#include "actors/kubelet/node_use.hpp"
#include "actors/kubelet/runtime/simulated.hpp"
#include "messages/bus/objects.pb.h"
#include "messages/bus/pods.pb.h"
#include "messages/status.hpp"
#include "runtime/log.hpp"

namespace kabuki::kubelet {
namespace {

constexpr std::string_view kChildPrefix = "pods/";

std::shared_ptr<ContainerRuntime> runtime_of(const NodeOptions& node, const KubeletOptions& options) {
  if (options.make_runtime) return options.make_runtime(node);
  return std::make_shared<SimulatedRuntime>();
}

overlay::Ipv4 address_of(const NodeOptions& node) {
  return overlay::Ipv4::parse(node.address).value_or(overlay::Ipv4{});
}

}  // namespace

using runtime::Inbound;
using runtime::WatchClient;

NodeActor::NodeActor(NodeOptions node, const KubeletOptions& options, std::string writer)
    : node_(std::move(node)),
      writer_name_(std::move(writer)),
      api_(options.api),
      watch_source_(options.watch_source),
      events_(options.events),
      runtime_(runtime_of(node_, options)),
      pods_(address_of(node_)) {}

void NodeActor::started() {
  // The writer is the sibling of that name.
  const runtime::Address writer{name().substr(0, name().rfind('/') + 1) + writer_name_};
  context_ = std::make_shared<const NodeContext>(
      NodeContext{node_.name, node_.address, address(), writer, api_, runtime_, events_});
  room_ = std::make_unique<NodeRoom>(node_, pods_);
  prober_ = std::make_unique<NetProber>(*this, node_.name, address_of(node_), pods_, api_);
  logs_ = std::make_unique<LogReader>(*this, [this](const std::string& pod) { return find_pod(pod); });
  execs_ = std::make_unique<ExecSessions>(*this, api_, [this](const std::string& pod) { return find_pod(pod); });
  pressure_ = std::make_unique<NodePressure>(*this, node_, pods_,
                                             [this](const Pressure& pressure) { registration_->report(pressure); });
  registration_ = std::make_unique<NodeRegistration>(*this, node_, writer, api_,
                                                     [this](const NodeMessage& node) { take_node(node); });
  registration_->start();

  runtime::WatchOptions options;
  options.source = watch_source_;
  options.selection = pods_of_this_node();
  WatchClient::Handlers handlers;
  handlers.on_event = [this](WatchClient::Type type, const ObjectPtr& pod, uint64_t) { pod_changed(type, pod); };
  handlers.on_reset = [this] {
    pods_.begin_list();
    mirrors_.clear();
  };
  handlers.on_synced = [this] {
    for (const std::string& pod : pods_.end_list()) tell_pod(pod, bus::WatchEvents::DELETED, nullptr);
    if (!std::exchange(taking_over_, true)) take_over();
    reconcile();
  };
  handlers.on_batch = [this] { reconcile(); };
  watch_ = std::make_unique<WatchClient>(*this, std::move(options), std::move(handlers));
  watch_->open();
}

bus::Selection NodeActor::pods_of_this_node() const {
  bus::Selection selection;
  selection.set_kind(kinds::kPod);
  auto* field = selection.add_fields();
  field->set_field("spec.nodeName");
  field->add_values(node_.name);
  return selection;
}

void NodeActor::received(Inbound& in) {
  if (watch_->received(in) || WatchClient::is_stream_message(in)) return;
  if (const auto* probe = in.as<bus::NetProbe>()) return prober_->answer(*probe, in);
  if (const auto* log = in.as<bus::ReadLog>()) return logs_->answer(*log, in);
  if (execs_->received(in)) return;
  if (in.as<bus::ResizePod>()) return judge_resize(in);
  if (in.as<bus::ReadNodeUse>()) {
    return in.reply.send(runtime::make_message(node_use(node_.name, pods_, mirrors_, now())));
  }
  in.reply.fail(bad_request("a kubelet does not understand " + in.message->body->GetTypeName()));
}

void NodeActor::judge_resize(Inbound& in) {
  if (in.message->objects.size() != 1) return in.reply.fail(bad_request("which pod is to be resized is not said"));
  const ResizeVerdict verdict = room_->judge(*in.message->objects[0]);
  bus::ResizePodReply reply;
  reply.set_generation(verdict.generation);
  reply.set_reason(verdict.reason);
  reply.set_message(verdict.message);
  in.reply.send(runtime::make_message(std::move(reply)));
}

void NodeActor::pod_changed(WatchClient::Type type, const ObjectPtr& pod) {
  const std::string name = std::string(pod->ns()) + "/" + std::string(pod->name());
  const bool deleted = type == bus::WatchEvents::DELETED;
  only_listed_.erase(name);
  if (is_mirror_pod(*pod)) {
    deleted ? void(mirrors_.erase(name)) : void(mirrors_[name] = pod);
  } else if (deleted ? pods_.remove(name) : pods_.put(pod)) {
    tell_pod(name, type, pod);
  }
  pressure_->pod_changed(name, deleted ? nullptr : pod);
  logs_->pod_changed(name);
  execs_->pod_changed(name);
}

ObjectPtr NodeActor::find_pod(const std::string& name) const {
  if (const auto mirror = mirrors_.find(name); mirror != mirrors_.end()) return mirror->second;
  const auto* entry = pods_.find(name);
  return entry ? entry->pod : nullptr;
}

void NodeActor::tell_pod(const std::string& pod, bus::WatchEvents::Type type, const ObjectPtr& object) {
  const std::string child = std::string(kChildPrefix) + pod;
  if (!object) {
    // Of one that was only missed there comes no event.
    logs_->pod_changed(pod);
    execs_->pod_changed(pod);
    return stop_child(child);
  }
  bus::WatchEvents changed;
  auto* event = changed.add_events();
  event->set_type(type);
  event->set_revision(object->revision());
  tell({name() + "/" + child}, runtime::make_message(std::move(changed), {object}));
}

void NodeActor::take_node(const NodeMessage& node) {
  pressure_->take_node(node);
  if (node.spec().podcidr().empty()) return;
  const auto cidr = overlay::Cidr::parse(node.spec().podcidr());
  if (!cidr.ok()) {
    runtime::log(runtime::Level::warning, name(), "the node's podCIDR is not understood",
                 {{"why", cidr.error().message}});
    return;
  }
  pods_.set_cidr(*cidr);
  reconcile();
}

void NodeActor::take_over() {
  ask(context_->writer, runtime::make_message(bus::WriteObjects()), 2 * limits::kWriteTimeout,
      [this](const Result<runtime::MessagePtr>& answer) {
        if (!answer) return void(after(limits::kNodeRetryMin, [this] { take_over(); }));
        read_pods();
      });
}

void NodeActor::read_pods() {
  bus::ListObjects request;
  *request.mutable_selection() = pods_of_this_node();
  ask(api_, runtime::make_message(std::move(request)), limits::kWriteTimeout,
      [this](const Result<runtime::MessagePtr>& answer) {
        const auto* list = answer ? (*answer)->as<bus::ListObjectsReply>() : nullptr;
        if (!list) return void(after(limits::kNodeRetryMin, [this] { read_pods(); }));
        // A view that is ahead of the list has seen the end of what it does not know.
        const bool view_is_ahead = watch_->revision() > list->revision();
        for (const ObjectPtr& pod : (*answer)->objects) {
          if (is_mirror_pod(*pod)) continue;
          const std::string name = std::string(pod->ns()) + "/" + std::string(pod->name());
          const auto* known = pods_.find(name);
          if (view_is_ahead && !(known && known->pod && known->pod->uid() == pod->uid())) continue;
          if (!known) only_listed_.insert(name);
          pods_.put(pod);
        }
        watch_->when_reached(list->revision(), [this] { forget_only_listed(); });
        taken_over_ = true;
        reconcile();
      });
}

void NodeActor::forget_only_listed() {
  for (const std::string& pod : std::exchange(only_listed_, {})) {
    if (pods_.remove(pod)) tell_pod(pod, bus::WatchEvents::DELETED, nullptr);
  }
}

/// Starts what is missing; only on a complete list, so that no recorded address is given out a second time.
void NodeActor::reconcile() {
  if (!watch_ || !watch_->synced() || !taken_over_) return;
  for (const PodTable::Start& start : pods_.start_missing()) {
    auto spawned = spawn(std::string(kChildPrefix) + start.pod,
                         std::make_unique<PodActor>(context_, start.object, start.address));
    if (!spawned.ok()) {
      pods_.ended(start.pod, false);
    } else {
      pressure_->admit(start.pod, start.object);
    }
  }
}

void NodeActor::child_ended(const std::string& child, const runtime::ExitReason& reason) {
  const bool normally = reason.kind == runtime::ExitReason::Kind::normal;
  pods_.ended(child.substr(kChildPrefix.size()), normally);
  if (normally) look_again_later();
  if (reconcile_set_) return;
  reconcile_set_ = true;
  after(normally ? io::Duration::zero() : limits::kPodActorPause, [this] {
    reconcile_set_ = false;
    reconcile();
  });
}

void NodeActor::look_again_later() {
  if (std::exchange(look_again_set_, true)) return;
  after(limits::kDonePodPause, [this] {
    look_again_set_ = false;
    pods_.look_again();
    reconcile();
  });
}

std::string NodeActor::health() const {
  std::string out = std::to_string(pods_.all().size()) + " pods";
  if (!registration_ || !registration_->registered()) out += ", not registered";
  if (!pods_.has_cidr()) out += ", no podCIDR yet";
  if (pods_.without_address() > 0) out += ", " + std::to_string(pods_.without_address()) + " without an address";
  if (execs_ && execs_->count() > 0) out += ", " + std::to_string(execs_->count()) + " sessions in containers";
  if (watch_ && !watch_->health().empty()) out += ", " + watch_->health();
  return out;
}

}  // namespace kabuki::kubelet
