// metrics.k8s.io: what is used now, asked of the kubelets when a client or an autoscaler wants to know it.
#include <map>
#include <set>
#include <utility>

#include "actors/api_server/api_server.hpp"
#include "actors/api_server/limits.hpp"
#include "actors/api_server/metrics/metrics_objects.hpp"
#include "actors/api_server/selection.hpp"
#include "messages/field_scan.hpp"
#include "messages/meta.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

constexpr int kNodeName[] = {2, 10};

std::string node_of(const Object& pod) { return std::string(scan_bytes(pod.body(), kNodeName)); }

/// The pods of some samples, by namespace and name.
class PodUses {
 public:
  explicit PodUses(const UseReader::Samples& samples) {
    for (const auto& [node, sample] : samples) {
      for (const auto& use : sample->pods()) uses_[{use.namespace_(), use.name()}] = {&use, sample->at_ns()};
    }
  }
  struct Use {
    const bus::PodUse* use = nullptr;
    int64_t at_ns = 0;
  };
  /// Of this very pod; without `use` where there is none.
  Use of(const Object& pod) const {
    const auto found = uses_.find({pod.ns(), pod.name()});
    return found != uses_.end() && found->second.use->uid() == pod.uid() ? found->second : Use{};
  }

 private:
  std::map<std::pair<std::string_view, std::string_view>, Use> uses_;
};

/// As Kubernetes' metrics server calls what it has no sample of: `podmetrics.metrics.k8s.io "default/web" not found`.
Error no_metrics(const RequestInfo& info) {
  Kind called = *info.kind;
  called.plural = called.singular;
  return not_found(called, info.ns.empty() ? info.name : info.ns + "/" + info.name);
}

}  // namespace

/// `objects` are nodes, or pods, which name theirs.
void ApiServer::read_use(const std::vector<ObjectPtr>& objects, UseReader::Done done) {
  std::set<std::string> names;
  for (const ObjectPtr& object : objects) {
    names.insert(object->kind() == kinds::kNode ? std::string(object->name()) : node_of(*object));
  }
  names.erase("");
  watch_nodes();
  node_watch_->when_reached(0, [this, names = std::move(names), done = std::move(done)]() mutable {
    std::vector<UseReader::Node> nodes;
    for (const std::string& name : names) nodes.push_back({name, node_hosts_.host_of(name).value_or("")});
    use_.read(nodes, std::move(done));
  });
}

std::vector<ObjectPtr> ApiServer::metrics_of(const std::vector<ObjectPtr>& objects,
                                             const UseReader::Samples& samples) {
  const PodUses pods(samples);
  std::vector<ObjectPtr> out;
  for (const ObjectPtr& object : objects) {
    if (object->kind() == kinds::kNode) {
      const auto found = samples.find(std::string(object->name()));
      if (found != samples.end()) out.push_back(node_metrics(*object, *found->second, use_.resolution(), now()));
    } else if (const auto found = pods.of(*object); found.use) {
      out.push_back(pod_metrics(*object, *found.use, found.at_ns, use_.resolution(), now()));
    }
  }
  return out;
}

void ApiServer::serve_metrics(const HttpCallPtr& call) {
  const KindId about = call->info.kind->id == kinds::kNodeMetrics ? kinds::kNode : kinds::kPod;
  if (call->verb == "get") {
    return shards_.get({about, call->info.ns, call->info.name}, [this, call](Result<ObjectPtr> object) {
      if (!object) return refuse(call, object.error());
      if (!*object) return refuse(call, no_metrics(call->info));
      const std::vector<ObjectPtr> objects{*object};
      read_use(objects, [this, call, objects](const UseReader::Samples& samples) {
        const auto metrics = metrics_of(objects, samples);
        if (metrics.empty()) return refuse(call, no_metrics(call->info));
        auto message = parse_current(*call->info.kind, metrics.front());
        if (!message) return refuse(call, message.error());
        mutable_meta(message->get())->clear_resourceversion();
        answer(call, render_object(200, *call->info.kind, **message, call->format,
                                   call->request.parameter("includeObject"), now()));
      });
    });
  }
  auto parameters = list_parameters(*call->info.kind, call->request);
  if (!parameters) return refuse(call, parameters.error());
  bus::ListObjects verb;
  write_selection(call->info, *parameters, verb.mutable_selection());
  verb.mutable_selection()->set_kind(about);
  ask(shards_.shard_of(about), runtime::make_message(std::move(verb)), kShardTimeout,
      [this, call](Result<runtime::MessagePtr> reply) {
        if (!reply) return refuse(call, reply.error());
        const auto& objects = (*reply)->objects;
        read_use(objects, [this, call, objects](const UseReader::Samples& samples) {
          answer(call, render_list(*call->info.kind, metrics_of(objects, samples), {}, call->format,
                                   call->request.parameter("includeObject"), now()));
        });
      });
}

void ApiServer::bus_pod_uses(runtime::Inbound& in) {
  const auto* request = in.as<bus::ReadPodUses>();
  bus::ListObjects verb;
  verb.mutable_selection()->set_kind(kinds::kPod);
  verb.mutable_selection()->set_namespace_(request->namespace_());
  verb.mutable_selection()->set_label_selector(request->label_selector());
  auto asker = std::make_shared<runtime::Reply>(std::move(in.reply));
  ask(shards_.shard_of(kinds::kPod), runtime::make_message(std::move(verb)), kShardTimeout,
      [this, asker](Result<runtime::MessagePtr> reply) {
        if (!reply) return asker->fail(reply.error());
        const auto& objects = (*reply)->objects;
        read_use(objects, [this, asker, objects](const UseReader::Samples& samples) {
          const PodUses pods(samples);
          bus::PodUses out;
          out.set_window_ns(use_.resolution().count());
          for (const ObjectPtr& object : objects) {
            const auto found = pods.of(*object);
            if (!found.use) continue;
            auto* item = out.add_items();
            *item->mutable_use() = *found.use;
            item->set_at_ns(found.at_ns);
          }
          // The pods, too: who reads what they use wants to know what they ask for.
          asker->send(runtime::make_message(std::move(out), objects));
        });
      });
}

}  // namespace kabuki::api_server
