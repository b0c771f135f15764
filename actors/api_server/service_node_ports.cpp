#include <memory>
#include <utility>

#include "actors/api_server/api_server.hpp"
#include "actors/api_server/limits.hpp"
#include "actors/api_server/write/service_ports.hpp"
#include "messages/api/core/v1/service.pb.h"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

using Service = ::k8s::io::api::core::v1::Service;

std::string field_of(const Service& service, int32_t node_port) {
  for (int i = 0; i < service.spec().ports_size(); ++i) {
    if (service.spec().ports(i).nodeport() == node_port) return "spec.ports[" + std::to_string(i) + "].nodePort";
  }
  return "spec.healthCheckNodePort";
}

/// Claims of one service, one after the other; the first that is refused gives all of them back.
struct Claims {
  Key service;
  std::shared_ptr<const Service> object;
  std::vector<int32_t> asked;
  std::set<int32_t> held;
  std::function<void(Result<std::set<int32_t>>)> then;
  bool only_asks = false;  // a dry run holds nothing
};

void claim_next(const std::shared_ptr<Claims>& claims, NodePorts* ports, ShardClient* shards) {
  const auto refuse = [claims, ports](int32_t port, const std::string& why) {
    ports->give_back(claims->held);
    claims->then(refused_node_port(claims->service, field_of(*claims->object, port), port, why));
  };
  while (!claims->asked.empty()) {
    const int32_t port = claims->asked.back();
    claims->asked.pop_back();
    if (port < kFirstNodePort || port > kLastNodePort) {
      return refuse(port, "provided port is not in the valid range. The range of valid ports is " +
                              std::to_string(kFirstNodePort) + "-" + std::to_string(kLastNodePort));
    }
    const std::string taken = "provided port is already allocated";
    const auto owner =
        claims->only_asks ? ports->other_user(claims->service, port) : ports->claim(claims->service, port);
    if (owner) {
      // The watch may not have shown yet that the other is gone.
      return shards->get(*owner, [=](const Result<ObjectPtr>& found) {
        if (!found || (*found && node_ports_of(**found).contains(port))) return refuse(port, taken);
        if (!claims->only_asks) {
          ports->take(port);
          claims->held.insert(port);
        }
        claim_next(claims, ports, shards);
      });
    }
    if (!claims->only_asks) claims->held.insert(port);
  }
  claims->then(claims->held);
}

}  // namespace

void ApiServer::give_node_ports(Write write, WriteFlow::Done done, std::set<int32_t> lost) {
  const auto* wanted = static_cast<const Service*>(write.object.get());
  // What a patch comes to nobody knows before it is applied.
  const size_t count = wanted ? node_ports_wanted(*wanted) : kSpareNodePorts;
  if (count == 0) return give_address(std::move(write), std::move(done));
  Write asked = write;
  write.spare_ports = ports_.allocate(count, random().next(), lost);
  if (write.verb == Write::Verb::create) {
    auto service = std::make_shared<Service>(*wanted);
    settle_node_ports(Service(), write.spare_ports, service.get());
    write.object = std::move(service);
  }
  std::set<int32_t> held(write.spare_ports.begin(), write.spare_ports.end());
  const bool tried = write.dry_run;
  give_address(std::move(write), [this, held = std::move(held), tried, asked = std::move(asked), lost,
                                  done = std::move(done)](Result<WriteOutcome> outcome) mutable {
    if (outcome && outcome->object && !tried) {
      std::set<int32_t> had;
      for (int32_t port : node_ports_of(*outcome->object)) {
        if (held.erase(port) > 0) had.insert(port);
      }
      give_back_once_shown(std::move(had), outcome->revision);
    }
    ports_.give_back(held);
    // Another API server was faster with one that seemed free.
    bool again = false;
    for (int32_t port : port_reservations_.take_lost(held)) again |= lost.insert(port).second;
    if (!outcome && again && lost.size() < kLostNodePorts) {
      return give_node_ports(std::move(asked), std::move(done), std::move(lost));
    }
    done(std::move(outcome));
  });
}

/// What a service has stays held until the watch shows it; or shows, by a new list, that it is gone already.
void ApiServer::give_back_once_shown(std::set<int32_t> ports, uint64_t revision) {
  if (ports.empty()) return;
  service_watch_->when_reached(revision, [this, ports = std::move(ports)] { ports_.give_back(ports); });
}

WriteFlow::Done ApiServer::with_ports_checked(WriteFlow::Done done) {
  return [this, done = std::move(done)](Result<WriteOutcome> outcome) mutable {
    if (!outcome) return done(std::move(outcome));
    auto claims = std::make_shared<Claims>();
    claims->object = std::static_pointer_cast<const Service>(outcome->message);
    const auto& meta = claims->object->metadata();
    claims->service = {kinds::kService, meta.namespace_(), meta.name()};
    claims->only_asks = true;
    for (int32_t port : node_ports_of(*claims->object)) claims->asked.push_back(port);
    claims->then = [outcome = std::move(outcome),
                    done = std::move(done)](const Result<std::set<int32_t>>& free) mutable {
      free ? done(std::move(outcome)) : done(free.error());
    };
    claim_next(claims, &ports_, &shards_);
  };
}

void ApiServer::claim_node_ports(const Write& write, const ObjectPtr& current, const Decision& decision,
                                 std::function<void(Result<std::set<int32_t>>)> then) {
  auto claims = std::make_shared<Claims>();
  claims->service = decision.next->key();
  claims->object = std::static_pointer_cast<const Service>(decision.object);
  claims->then = std::move(then);
  if (node_ports_wanted(*claims->object) > 0) {
    const bool full = write.object || write.spare_ports.size() < kSpareNodePorts;
    const std::string why = full ? "range is full" : "a patch gets " + std::to_string(kSpareNodePorts) + " at most";
    return claims->then(internal_error("failed to allocate a nodePort: " + why));
  }
  std::set<int32_t> known(write.spare_ports.begin(), write.spare_ports.end());
  if (current) known.merge(node_ports_of(*current));
  for (int32_t port : node_ports_of(*claims->object)) {
    if (!known.contains(port)) claims->asked.push_back(port);
  }
  claim_next(claims, &ports_, &shards_);
}

void ApiServer::secure_with_ports(const Write& write, const ObjectPtr& current, const Decision& decision,
                                  std::function<void(Result<WriteFlow::Secured>)> then) {
  claim_node_ports(
      write, current, decision,
      [this, write, current, decision, then = std::move(then)](Result<std::set<int32_t>> claimed) {
        if (!claimed) return then(claimed.error());
        if (claimed->empty()) return secure_rest(write, current, decision, then);
        secure_rest(write, current, decision, [this, claimed = *claimed, then](Result<WriteFlow::Secured> secured) {
          if (!secured) {
            ports_.give_back(claimed);
            return then(secured.error());
          }
          secured->ended = [this, claimed, before = std::move(secured->ended)](std::optional<uint64_t> revision,
                                                                               std::function<void()> go_on) {
            revision ? give_back_once_shown(claimed, *revision) : ports_.give_back(claimed);
            before ? before(revision, std::move(go_on)) : go_on();
          };
          then(std::move(secured));
        });
      });
}

}  // namespace kabuki::api_server
