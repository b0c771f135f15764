#pragma once

// Private to actors/api_server: the actor's class, whose members stand in http_*.cpp and bus_requests.cpp.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>

#include "actors/api_server/address_reservations.hpp"
#include "actors/api_server/api_server_actor.hpp"
#include "actors/api_server/body.hpp"
#include "actors/api_server/host_permission.hpp"
#include "actors/api_server/metrics/use_reader.hpp"
#include "actors/api_server/node_ports.hpp"
#include "actors/api_server/parameters.hpp"
#include "actors/api_server/pod_exec.hpp"
#include "actors/api_server/pod_log.hpp"
#include "actors/api_server/port_reservations.hpp"
#include "actors/api_server/quota_desk.hpp"
#include "actors/api_server/render.hpp"
#include "actors/api_server/request_info.hpp"
#include "actors/api_server/service_addresses.hpp"
#include "actors/api_server/shard_client.hpp"
#include "actors/api_server/watch_session.hpp"
#include "actors/api_server/write/admission/surroundings.hpp"
#include "actors/api_server/write_flow.hpp"
#include "actors/write_barriers.hpp"
#include "runtime/actor.hpp"
#include "runtime/watch_client.hpp"

namespace kabuki::runtime {
class Counter;
class Histogram;
}  // namespace kabuki::runtime

namespace kabuki::api_server {

/// One HTTP request on its way: what was asked and where the answer goes.
struct HttpCall {
  http::Request request;
  std::shared_ptr<http::ResponseSink> sink;
  RequestInfo info;
  Format format;
  std::string_view verb;
  io::MonoTime began;
};
using HttpCallPtr = std::shared_ptr<HttpCall>;

class ApiServer : public runtime::Actor, public runtime::BoundedMailbox {
 public:
  explicit ApiServer(ApiServerOptions options);

 protected:
  void started() override;
  void received(runtime::Inbound& in) override;
  std::string health() const override;
  runtime::MailboxBounds mailbox_bounds() const override;

 private:
  // http_routes.cpp
  void handle_http(http::Request request, std::shared_ptr<http::ResponseSink> sink);
  void route(const HttpCallPtr& call);
  void answer(const HttpCallPtr& call, Response response);
  void count(const HttpCall& call, int status);
  void refuse(const HttpCallPtr& call, const Error& error);
  void refuse_unauthorized(const HttpCallPtr& call, const Error& error);
  void serve_path(const HttpCallPtr& call);

  // http_health.cpp
  void serve_health(const HttpCallPtr& call);
  /// Has every shard reach the store; then calls with "" or why it did not, by shard.
  void ask_shards(std::function<void(const std::map<std::string, std::string>&)> done);

  // http_reads.cpp
  void serve_get(const HttpCallPtr& call);
  void get_not_older(const HttpCallPtr& call, std::string_view version);
  void answer_object(const HttpCallPtr& call, const ObjectPtr& current);
  void serve_list(const HttpCallPtr& call);
  void serve_watch(const HttpCallPtr& call);
  void watch_events(const runtime::Inbound& in);
  void watch_ended(const runtime::Inbound& in);
  void pay(uint64_t stream, uint64_t batches);
  void end_session(uint64_t stream, const Error* error);

  // http_log.cpp
  void serve_log(const HttpCallPtr& call);

  // http_exec.cpp
  void serve_exec(const HttpCallPtr& call);

  // http_writes.cpp
  void serve_create(const HttpCallPtr& call);
  void serve_bind(const HttpCallPtr& call, const DecodedBody& body, bool dry_run);
  void serve_update(const HttpCallPtr& call);
  void serve_patch(const HttpCallPtr& call);
  void serve_delete(const HttpCallPtr& call);
  Result<Write> removal(const HttpCallPtr& call);
  void serve_apply(const HttpCallPtr& call, Write write);
  void answer_write(const HttpCallPtr& call, Result<WriteOutcome> outcome, int success,
                    std::vector<std::string> warnings);
  void run_and_answer(const HttpCallPtr& call, Write write, int success, std::vector<std::string> warnings);

  // http_computed.cpp
  void serve_computed(const HttpCallPtr& call);
  void serve_review(const HttpCallPtr& call);
  void serve_components(const HttpCallPtr& call);

  // metrics/serve_metrics.cpp
  void serve_metrics(const HttpCallPtr& call);
  void bus_pod_uses(runtime::Inbound& in);
  void read_use(const std::vector<ObjectPtr>& objects, UseReader::Done done);
  std::vector<ObjectPtr> metrics_of(const std::vector<ObjectPtr>& objects, const UseReader::Samples& samples);
  void watch_nodes();

  // http_delete_collection.cpp
  struct CollectionDelete;
  void serve_delete_collection(const HttpCallPtr& call);
  void delete_more(const std::shared_ptr<CollectionDelete>& work);

  // bus_requests.cpp
  void bus_get(runtime::Inbound& in);
  void bus_list(runtime::Inbound& in);
  void bus_open_watch(runtime::Inbound& in);
  void bus_credit(runtime::Inbound& in);
  void bus_close_watch(runtime::Inbound& in);
  void bus_write(runtime::Inbound& in);
  /// What bus_write does once the fence of the request holds. `generation` of the barriers is ended with it.
  void write_all(runtime::Inbound in, uint64_t generation);
  void pass_shards(actors::WriteBarriers::Done done);

  // informed_writes.cpp
  /// Runs a write when all is known that its admission needs: a service's address, the objects that it refers to.
  void admit_and_run(Write write, WriteFlow::Done done);
  void give_address(Write write, WriteFlow::Done done, int attempts = 0);
  void repair_addresses_later();
  void list_services(std::function<void(Result<std::vector<ObjectPtr>>)> then);
  void inform(Write write, WriteFlow::Done done);
  void look_up(Write write, WriteFlow::Done done, int attempts);
  void watch_surroundings();
  bool surroundings_received(runtime::Inbound& in);
  void learn(const Key& key, const WriteOutcome& outcome);
  void when_informed(std::function<void(Result<>)> then);
  /// WriteFlow::Secure: the address of a service is reserved, what counts is charged to the quotas.
  void secure(const Write& write, const ObjectPtr& current, const Decision& decision,
              std::function<void(Result<WriteFlow::Secured>)> then);
  void secure_rest(const Write& write, const ObjectPtr& current, const Decision& decision,
                   std::function<void(Result<WriteFlow::Secured>)> then);
  /// Of a service: its address and its node ports.
  void reserve(const Write& write, const ObjectPtr& current, const Decision& decision,
               std::function<void(Result<WriteFlow::Secured>)> then);
  // service_node_ports.cpp
  /// `lost`: ports that have seemed free and were not.
  void give_node_ports(Write write, WriteFlow::Done done, std::set<int32_t> lost = {});
  void give_back_once_shown(std::set<int32_t> ports, uint64_t revision);
  /// Of a dry run: refused, too, where a node port of the outcome is another's or none.
  WriteFlow::Done with_ports_checked(WriteFlow::Done done);
  /// Answers the node ports that the service newly names, held for it, or 422.
  void claim_node_ports(const Write& write, const ObjectPtr& current, const Decision& decision,
                        std::function<void(Result<std::set<int32_t>>)> then);
  void secure_with_ports(const Write& write, const ObjectPtr& current, const Decision& decision,
                         std::function<void(Result<WriteFlow::Secured>)> then);
  void charge(const Write& write, const ObjectPtr& current, const Decision& decision, WriteFlow::Secured secured,
              std::function<void(Result<WriteFlow::Secured>)> then);
  /// WriteFlow::Permit, of hosts that act only for their own nodes.
  void permit(const Write& write, const ObjectPtr& current, const ObjectPtr& next,
              std::function<void(Result<>)> then);
  /// The host whose nodes the sender acts for; "" for a control plane's host, which acts for all.
  std::string acts_for(const runtime::Inbound& in) const;
  bool may_watch(const runtime::Inbound& in, const std::string& watcher) const;
  void forget_relays(const std::string& watcher);
  std::unique_ptr<runtime::WatchClient> watch(KindId kind, std::function<void(const Object&)> changed,
                                              std::function<void(const Object&)> removed);
  WriteContext write_context();

  ApiServerOptions options_;
  ShardClient shards_;
  WriteFlow writes_;
  PodLogs logs_{*this, shards_};
  PodExecs execs_{*this, shards_};
  Surroundings surroundings_;
  std::vector<std::unique_ptr<runtime::WatchClient>> surroundings_watches_;
  QuotaDesk quotas_;
  size_t uninformed_ = 0;  // of those watches: have not shown their first list yet
  std::vector<std::function<void(Result<>)>> waiting_to_be_informed_;
  ServiceAddresses addresses_;
  NodePorts ports_;
  AddressReservations reservations_;
  PortReservations port_reservations_;
  std::unique_ptr<runtime::WatchClient> service_watch_;
  std::unique_ptr<runtime::WatchClient> address_watch_;
  NodeHosts node_hosts_;
  std::unique_ptr<runtime::WatchClient> node_watch_;  // from the first write of another host, or look at metrics, on
  UseReader use_;

  struct Session {
    HttpCallPtr call;
    KindId kind = 0;
    std::unique_ptr<WatchSession> watch;
    TimerId timeout = 0;
    MonitorId monitor = 0;
  };
  std::map<uint64_t, Session> sessions_;
  /// Streams of HTTP watches. Those of this actor's own watch clients are random.
  uint64_t next_stream_ = uint64_t{1} << 62;
  /// Streams that other actors opened through this one: where their credit goes.
  std::map<std::pair<std::string, uint64_t>, KindId> relayed_;
  /// Of writes by the bus.
  actors::WriteBarriers barriers_{[this](auto done) { pass_shards(std::move(done)); }};
  std::map<std::string, MonitorId> relay_watchers_;
  uint64_t requests_ = 0;
  /// By verb, kind (0: none) and status: finding a metric by its labels takes a lock shared with the whole host.
  std::map<std::tuple<std::string_view, KindId, int>, runtime::Counter*> answers_;
  std::map<std::pair<std::string_view, KindId>, runtime::Histogram*> durations_;
};

}  // namespace kabuki::api_server
