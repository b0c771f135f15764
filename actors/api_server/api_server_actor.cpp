#include "actors/api_server/api_server_actor.hpp"

#include <utility>

#include "actors/api_server/api_server.hpp"
#include "actors/api_server/limits.hpp"
#include "messages/api/core/v1/service.pb.h"
#include "messages/bus/objects.pb.h"
#include "messages/meta.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {

ApiServer::ApiServer(ApiServerOptions options)
    : options_(std::move(options)),
      shards_([this](const runtime::Address& to, runtime::MessagePtr message, io::Duration timeout,
                     auto done) { ask(to, std::move(message), timeout, std::move(done)); },
              options_.shard_of),
      writes_(&shards_, [this] { return write_context(); }),
      addresses_(options_.service_prefix, options_.slot, options_.slots) {}

void ApiServer::started() {
  auto watch = [this](KindId kind, auto changed, auto removed) {
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
  };
  namespace_watch_ = watch(
      kinds::kNamespace, [this](const Object& object) { namespaces_.put(object); },
      [this](const Object& object) { namespaces_.remove(std::string(object.name())); });
  service_watch_ = watch(
      kinds::kService, [this](const Object& object) { addresses_.put(object); },
      [this](const Object& object) { addresses_.remove(object); });
  if (options_.gate) {
    options_.gate->set(options_.slot, mailbox(), [this](http::Request request, auto sink) {
      handle_http(std::move(request), std::move(sink));
    });
  }
}

void ApiServer::received(runtime::Inbound& in) {
  if (namespace_watch_->received(in) || service_watch_->received(in)) return;
  if (in.as<bus::WriteObjects>()) return bus_write(in);
  if (in.as<bus::GetObjects>()) return bus_get(in);
  if (in.as<bus::ListObjects>()) return bus_list(in);
  if (in.as<bus::OpenWatch>()) return bus_open_watch(in);
  if (in.as<bus::WatchCredit>()) return bus_credit(in);
  if (in.as<bus::CloseWatch>()) return bus_close_watch(in);
  if (in.as<bus::WatchEvents>()) return watch_events(in);
  if (in.as<bus::WatchEnded>()) return watch_ended(in);
  in.reply.fail(bad_request("an API server does not know this message"));
}

std::string ApiServer::health() const {
  return std::to_string(requests_) + " requests, " + std::to_string(sessions_.size()) + " watches";
}

WriteContext ApiServer::write_context() { return {.now = now(), .random = &random(), .toleration_seconds = options_.toleration_seconds}; }

void ApiServer::admit_and_run(Write write, WriteFlow::Done done) {
  if (write.verb != Write::Verb::create) return writes_.run(std::move(write), std::move(done));

  if (write.kind->id == kinds::kService) {
    auto service = std::make_shared<::k8s::io::api::core::v1::Service>();
    service->CopyFrom(*write.object);
    auto* spec = service->mutable_spec();
    if (spec->clusterip().empty() && spec->type() != "ExternalName") {
      auto address = addresses_.allocate();
      if (!address) return done(address.error());
      spec->set_clusterip(*address);
      spec->add_clusterips(*address);
      done = [this, address = *address, done = std::move(done)](Result<WriteOutcome> outcome) {
        if (!outcome || !outcome->object) addresses_.give_back(address);
        done(std::move(outcome));
      };
    }
    write.object = std::move(service);
  }
  if (!write.kind->namespaced) return writes_.run(std::move(write), std::move(done));

  std::string object_name = meta_of(*write.object).name();
  if (namespaces_.known(write.key.ns)) {
    auto admitted = namespaces_.admits_known(*write.kind, object_name, write.key.ns);
    if (!admitted) return done(admitted.error());
    return writes_.run(std::move(write), std::move(done));
  }
  // The watch may not have shown it yet; the store knows.
  std::string ns = write.key.ns;
  shards_.get({kinds::kNamespace, "", ns}, [this, ns, object_name, write = std::move(write),
                                            done = std::move(done)](Result<ObjectPtr> found) mutable {
    if (!found) return done(found.error());
    auto admitted = Namespaces::admits(*write.kind, object_name, ns, found->get());
    if (!admitted) return done(admitted.error());
    writes_.run(std::move(write), std::move(done));
  });
}

std::unique_ptr<runtime::Actor> make_api_server(ApiServerOptions options) {
  return std::make_unique<ApiServer>(std::move(options));
}

}  // namespace kabuki::api_server
