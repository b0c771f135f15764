#include "actors/api_server/api_server_actor.hpp"

#include <utility>

#include "actors/api_server/api_server.hpp"
#include "actors/api_server/limits.hpp"
#include "messages/bus/objects.pb.h"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

constexpr int kTicketLength = 12;

}  // namespace

ApiServer::ApiServer(ApiServerOptions options)
    : options_(std::move(options)),
      shards_([this](const runtime::Address& to, runtime::MessagePtr message, io::Duration timeout,
                     auto done) { ask(to, std::move(message), timeout, std::move(done)); },
              options_.shard_of, options_.shard_bounds),
      writes_(
          &shards_, [this] { return write_context(); },
          [this](const Write& write, const ObjectPtr& current, const ObjectPtr& next, auto then) {
            permit(write, current, next, std::move(then));
          },
          [this](const Write& write, const ObjectPtr& current, const Decision& decision, auto then) {
            secure(write, current, decision, std::move(then));
          }),
      quotas_({.surroundings = &surroundings_,
               .commit = [this](const Key& key, uint64_t expected, ObjectPtr object,
                                auto done) { shards_.commit(key, expected, std::move(object), std::move(done)); },
               .now = [this] { return now(); },
               .make_id = [this] { return random().suffix(kTicketLength); }}),
      addresses_(options_.service_prefix, options_.slot, options_.slots),
      ports_(options_.slot, options_.slots),
      reservations_(&shards_, &addresses_, [this] { return write_context(); }),
      port_reservations_(&shards_, {.services = [this](auto then) { list_services(std::move(then)); },
                                    .now = [this] { return now(); },
                                    .make_id = [this] { return random().uuid(); }}),
      use_([this](const runtime::Address& to, runtime::MessagePtr message, io::Duration timeout,
                  auto done) { ask(to, std::move(message), timeout, std::move(done)); },
           [this] { return mono(); }, options_.metrics_resolution) {}

std::unique_ptr<runtime::WatchClient> ApiServer::watch(KindId kind, std::function<void(const Object&)> changed,
                                                       std::function<void(const Object&)> removed) {
  runtime::WatchOptions options;
  options.source = shards_.shard_of(kind);
  options.selection.set_kind(kind);
  options.remember = true;
  runtime::WatchClient::Handlers handlers;
  handlers.on_event = [changed, removed](bus::WatchEvents::Type type, const ObjectPtr& object, uint64_t) {
    type == bus::WatchEvents::DELETED ? removed(*object) : changed(*object);
  };
  auto client = std::make_unique<runtime::WatchClient>(*this, std::move(options), std::move(handlers));
  client->open();
  return client;
}

void ApiServer::started() {
  // By the time, so that events for a stream of this actor's past life are never taken for one of this life's.
  next_stream_ |= static_cast<uint64_t>(now().ns) >> 10 << 10 & ((uint64_t{1} << 62) - 1);
  watch_surroundings();
  service_watch_ = watch(
      kinds::kService,
      [this](const Object& object) {
        addresses_.put(object);
        ports_.put(object);
      },
      [this](const Object& object) {
        addresses_.remove(object);
        ports_.remove(object);
      });
  address_watch_ = watch(
      kinds::kIPAddress, [this](const Object& object) { reservations_.put(object); },
      [this](const Object& object) { reservations_.remove(object); });
  // One of a host's API servers is enough for it.
  if (options_.slot + 1 == options_.slots) {
    address_watch_->when_reached(0,
                                 [this] { service_watch_->when_reached(0, [this] { repair_addresses_later(); }); });
  }
  if (options_.gate) {
    options_.gate->set(options_.slot, mailbox(), [this](http::Request request, auto sink) {
      handle_http(std::move(request), std::move(sink));
    });
  }
}

runtime::MailboxBounds ApiServer::mailbox_bounds() const {
  runtime::MailboxBounds bounds = options_.mailbox_bounds;
  bounds.refusable = [](const runtime::Message& message) {
    return !message.as<bus::WatchCredit>() && !message.as<bus::CloseWatch>();
  };
  return bounds;
}

void ApiServer::received(runtime::Inbound& in) {
  if (surroundings_received(in) || service_watch_->received(in) || address_watch_->received(in)) return;
  if (node_watch_ && node_watch_->received(in)) return;
  if (in.as<bus::WriteObjects>()) return bus_write(in);
  if (in.as<bus::GetObjects>()) return bus_get(in);
  if (in.as<bus::ListObjects>()) return bus_list(in);
  if (in.as<bus::ReadPodUses>()) return bus_pod_uses(in);
  if (in.as<bus::OpenWatch>()) return bus_open_watch(in);
  if (in.as<bus::WatchCredit>()) return bus_credit(in);
  if (in.as<bus::CloseWatch>()) return bus_close_watch(in);
  if (in.as<bus::WatchEvents>()) return watch_events(in);
  if (in.as<bus::WatchEnded>()) return watch_ended(in);
  in.reply.fail(bad_request("an API server does not know this message"));
}

std::string ApiServer::health() const {
  return std::to_string(requests_) + " requests, " + std::to_string(sessions_.size()) + " watches, " +
         std::to_string(relayed_.size()) + " relayed";
}

WriteContext ApiServer::write_context() {
  return {.now = now(),
          .random = &random(),
          .toleration_seconds = options_.toleration_seconds,
          .surroundings = &surroundings_};
}

void ApiServer::watch_nodes() {
  if (node_watch_) return;
  node_watch_ = watch(
      kinds::kNode, [this](const Object& node) { node_hosts_.put(node); },
      [this](const Object& node) { node_hosts_.remove(std::string(node.name())); });
}

void ApiServer::permit(const Write& write, const ObjectPtr& current, const ObjectPtr& next,
                       std::function<void(Result<>)> then) {
  watch_nodes();
  std::string node = node_of_write(write, current);
  if (node.empty()) return then(host_may(write, current, next, ""));
  if (auto host = node_hosts_.host_of(node); host && *host == write.host)
    return then(host_may(write, current, next, *host));
  // The watch may not have shown it yet; the store knows.
  shards_.get({kinds::kNode, "", node}, [write, current, next, then = std::move(then)](Result<ObjectPtr> found) {
    if (!found) return then(found.error());
    then(host_may(write, current, next, *found ? host_of_node(**found) : ""));
  });
}

std::unique_ptr<runtime::Actor> make_api_server(ApiServerOptions options) {
  return std::make_unique<ApiServer>(std::move(options));
}

}  // namespace kabuki::api_server
