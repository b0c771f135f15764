#include "actors/kubelet/node_registration.hpp"

#include <algorithm>

#include "actors/kubelet/limits.hpp"
#include "messages/json.hpp"
#include "runtime/log.hpp"

namespace kabuki::kubelet {
namespace {

constexpr int kNotFound = 404;
constexpr const char* kAlreadyExists = "AlreadyExists";

Key node_key(const std::string& name) { return {kinds::kNode, "", name}; }

std::string host_patch(const std::string& host) {
  std::string patch = "{\"metadata\":{\"annotations\":{";
  append_json_string(kHostAnnotation, &patch);
  patch += ":";
  append_json_string(host, &patch);
  return patch + "}}}";
}

}  // namespace

using actors::Write;
using actors::WriteOutcome;
using runtime::MessagePtr;

NodeRegistration::NodeRegistration(runtime::Actor& owner, NodeOptions options, runtime::Address writer,
                                   runtime::Address api, std::function<void(const NodeMessage&)> changed)
    : actor_(owner),
      options_(std::move(options)),
      writer_(std::move(writer)),
      api_(std::move(api)),
      changed_(std::move(changed)) {}

void NodeRegistration::start() {
  create_node();
  // Spread over the period, or all nodes of a cluster beat at once.
  const int64_t period = options_.lease_period.count();
  renew_lease();
  actor_.after(io::Duration(static_cast<int64_t>(actor_.random().below(period))), [this] { beat(); });
}

void NodeRegistration::beat() {
  renew_lease();
  if (registered_) read_node();
  actor_.after(options_.lease_period, [this] { beat(); });
}

void NodeRegistration::report(const Pressure& pressure) {
  if (pressure_ == pressure) return;
  pressure_ = pressure;
  if (registered_) read_node();
}

void NodeRegistration::create_node() {
  write(Write::create(kinds::kNode, new_node(options_, actor_.host_name())), [this](const WriteOutcome& outcome) {
    if (outcome.error && outcome.error->reason != kAlreadyExists) {
      runtime::log(runtime::Level::debug, actor_.name(), "node not registered", {{"why", outcome.error->message}});
      return retry([this] { create_node(); });
    }
    registered_ = true;
    failures_ = 0;
    if (outcome.object) return take_node(outcome.object);
    read_node();
  });
}

void NodeRegistration::read_node() {
  bus::GetObjects request;
  auto* key = request.add_keys();
  key->set_kind(kinds::kNode);
  key->set_name(options_.name);
  actor_.ask(api_, runtime::make_message(std::move(request)), limits::kWriteTimeout,
             [this](Result<MessagePtr> result) {
               const auto* reply = result.ok() ? (*result)->as<bus::GetObjectsReply>() : nullptr;
               if (!reply || reply->items_size() != 1) {
                 if (!has_cidr_) retry([this] { read_node(); });
                 return;
               }
               const auto& item = reply->items(0);
               if (item.found() && item.object() < (*result)->objects.size())
                 return take_node((*result)->objects[item.object()]);
               // Deleted: a kubelet that runs has a node.
               registered_ = has_cidr_ = false;
               create_node();
             });
}

void NodeRegistration::take_node(const ObjectPtr& object) {
  NodeMessage node = object->as<NodeMessage>();
  changed_(node);
  has_cidr_ = !node.spec().podcidr().empty();
  if (!has_cidr_) {
    retry([this] { read_node(); });
  } else {
    failures_ = 0;
  }
  const auto& annotations = node.metadata().annotations();
  const auto host = annotations.find(std::string(kHostAnnotation));
  if (host == annotations.end() || host->second != actor_.host_name()) {
    write(Write::merge_patch(node_key(options_.name), node.metadata().uid(), host_patch(actor_.host_name())),
          [](const WriteOutcome&) {});
  }
  const io::Duration age = actor_.mono() - io::MonoTime{status_written_ns_};
  const bool due = status_written_ns_ == 0 || age >= limits::kNodeStatusPeriod;
  if (due || !node_status_current(options_, node, pressure_)) write_status(*object, std::move(node));
}

void NodeRegistration::write_status(const Object& read, NodeMessage node) {
  set_node_status(options_, actor_.now(), &node, pressure_);
  status_written_ns_ = std::max<int64_t>(actor_.mono().ns, 1);
  write(Write::update_status(read, node), [this](const WriteOutcome& outcome) {
    if (!outcome.error) {
      if (outcome.object) changed_(outcome.object->as<NodeMessage>());
      return;
    }
    status_written_ns_ = 0;
    // Somebody changed the node in between; while it waits for its prefix it is read again soon anyway.
    if (has_cidr_) retry([this] { read_node(); });
  });
}

void NodeRegistration::renew_lease() {
  Write renewal = Write::create(kinds::kLease, node_lease(options_, actor_.now()));
  renewal.verb = bus::WriteObjects::UPDATE;
  write(std::move(renewal), [this](const WriteOutcome& outcome) {
    if (outcome.error && outcome.error->code == kNotFound) create_lease();
  });
}

void NodeRegistration::create_lease() {
  write(Write::create(kinds::kLease, node_lease(options_, actor_.now())), [](const WriteOutcome&) {});
}

void NodeRegistration::retry(std::function<void()> run) {
  const io::Duration pause =
      std::min(limits::kNodeRetryMin * (int64_t{1} << std::min(failures_, 10)), limits::kNodeRetryMax);
  ++failures_;
  actor_.after(io::Duration(actor_.random().between(pause.count() / 2, pause.count())), std::move(run));
}

void NodeRegistration::write(Write write, std::function<void(const WriteOutcome&)> done) {
  actor_.ask(writer_, actors::write_message(std::span(&write, 1), "kubelet"), limits::kWriteTimeout,
             [done = std::move(done)](Result<MessagePtr> result) { done(actors::read_outcomes(result, 1).front()); });
}

}  // namespace kabuki::kubelet
