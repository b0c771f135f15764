#include "tools/sim/observed.hpp"

#include <memory>
#include <utility>

#include "actors/node_host.hpp"
#include "runtime/view_actor.hpp"

namespace kabuki::tools {
namespace {

constexpr std::chrono::seconds kAskTimeout{10};

}  // namespace

void observe(SimCluster& cluster, Observed* observed) {
  auto waiting = std::make_shared<int>(0);
  auto seen = std::make_shared<Observed>();
  for (const Kind& kind : all_kinds()) {
    bus::ListObjects request;
    request.mutable_selection()->set_kind(kind.id);
    ++*waiting;
    cluster.ask(cluster.serving(), runtime::role(runtime::roles::kApiServer),
                runtime::make_message(std::move(request)), kAskTimeout,
                [waiting, seen](Result<runtime::MessagePtr> answer) {
                  --*waiting;
                  if (!answer) return;
                  for (const ObjectPtr& object : (*answer)->objects) seen->served[object->key()] = object;
                });
  }
  auto ask_view = [&](const std::string& host, bus::ListObjects request) {
    ++*waiting;
    cluster.ask(host, runtime::views_of(host), runtime::make_message(std::move(request)), kAskTimeout,
                [waiting, seen, host](Result<runtime::MessagePtr> answer) {
                  --*waiting;
                  if (!answer) return;
                  for (const ObjectPtr& object : (*answer)->objects) seen->views[host][object->key()] = object;
                });
  };
  for (const std::string& host : cluster.hosts()) {
    seen->views[host];
    seen->specified[host] = specified_tree(host, cluster.specification(host));
    bus::ListObjects request;
    if (cluster.is_master(host)) {
      seen->masters.insert(host);
      for (const Kind& kind : all_kinds()) {
        request.mutable_selection()->set_kind(kind.id);
        ask_view(host, request);
      }
    } else {
      request.mutable_selection()->set_kind(kinds::kPod);
      auto* field = request.mutable_selection()->add_fields();
      field->set_field("spec.nodeName");
      for (int i = 1; i <= cluster.options().nodes; ++i) {
        field->add_values(actors::node_name(host, static_cast<size_t>(i)));
      }
      ask_view(host, request);
    }
    ++*waiting;
    cluster.ask(host, {host}, runtime::make_message(bus::Inspect()), kAskTimeout,
                [waiting, seen, host](Result<runtime::MessagePtr> answer) {
                  --*waiting;
                  const auto* reply = answer ? (*answer)->as<bus::InspectReply>() : nullptr;
                  if (reply) seen->trees[host] = reply->actor();
                });
  }
  cluster.run_until([&] { return *waiting == 0; }, 3 * kAskTimeout, std::chrono::milliseconds(10));
  observed->served = std::move(seen->served);
  observed->views = std::move(seen->views);
  observed->trees = std::move(seen->trees);
  observed->specified = std::move(seen->specified);
  observed->masters = std::move(seen->masters);
  if (cluster.shared()) observed->under_past_terms = cluster.shared()->stale_changes();
  observed->nodes = cluster.node_names();
}

}  // namespace kabuki::tools
