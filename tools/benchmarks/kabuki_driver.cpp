#include "tools/benchmarks/kabuki_driver.hpp"

#include <cstdio>
#include <unistd.h>

#include "actors/store_shard/store_shard_actor.hpp"
#include "messages/status.hpp"
#include "runtime/log.hpp"
#include "runtime/view_actor.hpp"
#include "store/engines/rocksdb.hpp"
#include "tools/benchmarks/bus_actors.hpp"
#include "tools/benchmarks/child_process.hpp"
#include "tools/live_services.hpp"

namespace kabuki::bench {
namespace {

using runtime::make_message;
using runtime::MessagePtr;
using std::chrono::seconds;

constexpr const char* kClient = "client";
constexpr const char* kServer = "server";
constexpr size_t kWatchers = 1000;
constexpr io::Duration kPatience = seconds(300);
const std::string kShardRole = "shard/objects";

runtime::HostOptions named(const std::string& name, uint64_t incarnation) {
  runtime::HostOptions options;
  options.name = name;
  options.incarnation = incarnation;
  return options;
}

runtime::ChildSpec shard(const std::string& directory) {
  store::ShardOptions options{.name = "objects"};
  options.local_writers = false;  // the client stands for an API server
  auto engine = [directory, identity = options.mapping.identity("objects")] {
    return store::make_rocksdb_engine({.directory = directory, .identity = identity});
  };
  return {.name = "shard", .make = store::store_shard(options, engine)};
}

/// A host of this process with a writer and watchers, and whatever else it is to have.
class AskingHost {
 public:
  static Result<std::unique_ptr<AskingHost>> make(const std::string& name, const std::string& directory,
                                                  size_t watchers, std::vector<runtime::ChildSpec> more = {}) {
    auto live = tools::LiveServices::make({.host = name, .listen = "tcp://127.0.0.1:*"}, directory);
    if (!live) return live.error();
    std::unique_ptr<AskingHost> made(new AskingHost);
    made->live_ = std::move(*live);
    made->host_ = runtime::make_live_host(named(name, 1), made->live_->services());
    made->watchers_.resize(watchers);
    runtime::SupervisorSpec root;
    root.children = std::move(more);
    root.children.push_back(child("writer", &made->writer_));
    for (size_t i = 0; i < watchers; ++i) {
      root.children.push_back(child("w" + std::to_string(i), &made->watchers_[i]));
    }
    if (auto started = made->host_->start(std::move(root)); !started) return started.error();
    return made;
  }
  ~AskingHost() { host_->stop(); }

  runtime::Host& host() { return *host_; }
  int64_t now() { return live_->clock().mono().ns; }
  std::string endpoint() { return live_->network().endpoint(); }

  Result<std::vector<int64_t>> write(KindId kind, const std::string& prefix, size_t in_flight,
                                     const std::function<bool(size_t)>& more) {
    std::promise<Result<std::vector<int64_t>>> done;
    writer_->box.post([&] {
      writer_->write(kind, prefix, in_flight, more,
                     [&done](auto latencies) { done.set_value(std::move(latencies)); });
    });
    return done.get_future().get();
  }

  Result<MessagePtr> ask(MessagePtr message) {
    auto done = std::make_shared<std::promise<Result<MessagePtr>>>();
    auto result = done->get_future();
    host_->ask(runtime::role(kShardRole), std::move(message), seconds(60),
               [done](Result<MessagePtr> answer) { done->set_value(std::move(answer)); });
    return result.get();
  }

  Result<uint64_t> revision() {
    bus::GetObjects get;
    auto* key = get.add_keys();
    key->set_kind(kinds::kConfigMap);
    key->set_namespace_("none");
    key->set_name("none");
    auto answer = ask(make_message(std::move(get)));
    if (!answer) return answer.error();
    return (*answer)->as<bus::GetObjectsReply>()->revision();
  }

  /// Deliveries a second from the first write to the last delivery.
  Result<double> deliver(const runtime::Address& source, size_t watchers, size_t events, const std::string& prefix,
                         size_t in_flight) {
    auto count = std::make_shared<WatchCount>();
    count->source = source;
    count->watchers = watchers;
    count->events = events;
    count->ns = prefix;
    const std::vector<WatcherActor*> chosen(watchers_.begin(), watchers_.begin() + static_cast<ptrdiff_t>(watchers));
    for (auto* watcher : chosen) watcher->box.post([watcher, count] { watcher->watch(count); });
    count->all_opened.get_future().wait();
    if (count->failed) return internal_error("a watch was refused");
    const int64_t began = now();
    auto written = write(kWatched, prefix, in_flight, [events](size_t number) { return number < events; });
    if (!written) return written.error();
    const bool ended = count->all_finished.get_future().wait_for(kPatience) == std::future_status::ready;
    const double took = static_cast<double>(now() - began) * 1e-9;
    for (auto* watcher : chosen) watcher->box.post([watcher] { watcher->close(); });
    if (!ended || count->failed) return internal_error("a watch ended before everything was delivered");
    return static_cast<double>(watchers * events) / took;
  }

 private:
  AskingHost() = default;
  template <class A>
  static runtime::ChildSpec child(std::string name, A** made) {
    return {.name = std::move(name), .make = [made] {
              auto actor = std::make_unique<A>();
              *made = actor.get();
              return actor;
            }};
  }

  std::unique_ptr<tools::LiveServices> live_;
  std::unique_ptr<runtime::Host> host_;
  WriterActor* writer_ = nullptr;
  std::vector<WatcherActor*> watchers_;
};

class KabukiDriver : public StoreDriver {
 public:
  explicit KabukiDriver(std::string directory) : directory_(std::move(directory)) {}

  std::string name() const override { return "Kabuki"; }
  void kill() override { process_.kill(); }
  uint64_t resident_bytes() const override { return process_.resident_bytes(); }

  Result<> start() override {
    if (!asking_) {
      runtime::ViewSpec view{.name = "watched", .source = runtime::role(kShardRole)};
      view.selection.set_kind(kWatched);
      std::vector<runtime::ChildSpec> children;
      children.push_back({.name = runtime::kViewsName, .make = [view] { return runtime::make_views({view}); }});
      auto made = AskingHost::make(kClient, directory_, kWatchers, std::move(children));
      if (!made) return made.error();
      asking_ = std::move(*made);
    }
    std::string endpoint;
    auto started = ChildProcess::start({"/proc/self/exe", "store-server", "--directory", directory_, "--client",
                                        asking_->endpoint(), "--incarnation", std::to_string(++incarnation_)},
                                       directory_ + "/log", &endpoint);
    if (!started) return started.error();
    process_ = std::move(*started);
    asking_->host().set_role(kShardRole, {std::string(kServer) + "/shard"});
    asking_->host().set_peer(kServer, incarnation_, endpoint, "");
    const int64_t give_up = asking_->now() + kPatience.count();
    while (true) {
      auto revision = asking_->revision();
      if (revision) return {};
      if (asking_->now() > give_up) return revision.error();
    }
  }

  Result<WriteFigures> write(size_t in_flight, double time) override {
    const double cpu = process_.cpu_seconds();
    const int64_t began = asking_->now();
    const int64_t end = began + static_cast<int64_t>(time * 1e9);
    auto latencies =
        asking_->write(kinds::kConfigMap, "w", in_flight, [this, end](size_t) { return asking_->now() < end; });
    if (!latencies) return latencies.error();
    const double took = static_cast<double>(asking_->now() - began) * 1e-9;
    return write_figures(&*latencies, took, process_.cpu_seconds() - cpu);
  }

  Result<> load(const std::string& prefix, size_t count) override {
    auto done = asking_->write(kinds::kConfigMap, prefix, 2048, [count](size_t number) { return number < count; });
    return done.ok() ? Result<>() : done.error();
  }

  Result<size_t> list(const std::string& prefix) override {
    size_t count = 0;
    bus::ListObjects request;
    request.mutable_selection()->set_kind(kinds::kConfigMap);
    request.mutable_selection()->set_namespace_(prefix);
    request.set_limit(kPage);
    while (true) {
      auto answer = asking_->ask(make_message(request));
      if (!answer) return answer.error();
      const auto& reply = *(*answer)->as<bus::ListObjectsReply>();
      count += (*answer)->objects.size();
      if (!reply.more()) return count;
      const auto& last = *(*answer)->objects.back();
      request.set_revision(reply.revision());
      request.set_continued(true);
      request.mutable_start_after()->set_kind(last.kind());
      request.mutable_start_after()->set_namespace_(std::string(last.ns()));
      request.mutable_start_after()->set_name(std::string(last.name()));
    }
  }

  Result<double> watch(size_t watchers, size_t events, const std::string& prefix) override {
    return asking_->deliver(runtime::views_of(kClient), watchers, events, prefix, 512);
  }

 private:
  const std::string directory_;
  std::unique_ptr<AskingHost> asking_;
  ChildProcess process_;
  uint64_t incarnation_ = 0;
};

}  // namespace

std::unique_ptr<StoreDriver> make_kabuki_driver(const std::string& directory) {
  return std::make_unique<KabukiDriver>(directory);
}

int run_store_server(const StoreServerOptions& options) {
  runtime::configure_logging(options.directory + "/log", runtime::Level::warning);
  auto live = tools::LiveServices::make({.host = kServer, .listen = "tcp://127.0.0.1:*"}, options.directory);
  if (!live) {
    std::fprintf(stderr, "kabuki_bench: %s\n", live.error().message.c_str());
    return 1;
  }
  auto host = runtime::make_live_host(named(kServer, options.incarnation), (*live)->services());
  host->set_peer(kClient, 1, options.client, "");
  runtime::SupervisorSpec root;
  root.children.push_back(shard(options.directory + "/objects"));
  if (auto started = host->start(std::move(root)); !started) {
    std::fprintf(stderr, "kabuki_bench: %s\n", started.error().message.c_str());
    return 1;
  }
  std::printf("%s\n", (*live)->network().endpoint().c_str());
  std::fflush(stdout);
  while (true) ::pause();
}

Result<double> deliveries_in_process(const std::string& directory, size_t watchers, size_t events) {
  std::vector<runtime::ChildSpec> children;
  children.push_back(shard(directory + "/objects"));
  auto host = AskingHost::make("alone", directory, watchers, std::move(children));
  if (!host) return host.error();
  (*host)->host().set_role(kShardRole, {"alone/shard"});
  return (*host)->deliver(runtime::role(kShardRole), watchers, events, "d", 2048);
}

}  // namespace kabuki::bench
