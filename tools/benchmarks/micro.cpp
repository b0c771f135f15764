#include "tools/benchmarks/micro.hpp"

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "messages/api/core/v1/pod.pb.h"
#include "messages/defaults.hpp"
#include "messages/json.hpp"
#include "runtime/io/live_clock.hpp"
#include "store/engines/rocksdb.hpp"

namespace kabuki::bench {
namespace {

constexpr std::string_view kPod = R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-6c8b6bd6b8-x2v9q",
"generateName":"web-6c8b6bd6b8-","namespace":"default","uid":"0b8b4c7e-6a6c-4a38-8a3e-6b8f6b5d2f11",
"creationTimestamp":"2026-11-23T09:00:00Z","labels":{"app":"web","pod-template-hash":"6c8b6bd6b8"},
"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-6c8b6bd6b8",
"uid":"7d1a3f60-4c4c-4e6c-9f0e-2f4f7a0b6d10","controller":true,"blockOwnerDeletion":true}]},
"spec":{"containers":[{"name":"main","image":"registry.example/web:1.27","ports":[{"containerPort":8080,
"protocol":"TCP"}],"env":[{"name":"LEVEL","value":"info"},{"name":"REGION","value":"north"}],
"resources":{"limits":{"cpu":"500m","memory":"256Mi"},"requests":{"cpu":"100m","memory":"128Mi"}},
"readinessProbe":{"httpGet":{"path":"/ready","port":8080,"scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,
"successThreshold":1,"failureThreshold":3},"terminationMessagePath":"/dev/termination-log",
"terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"}],"restartPolicy":"Always",
"terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default","nodeName":"node-17",
"securityContext":{},"schedulerName":"default-scheduler","tolerations":[{"key":"node.kubernetes.io/not-ready",
"operator":"Exists","effect":"NoExecute","tolerationSeconds":300},{"key":"node.kubernetes.io/unreachable",
"operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],"priority":0,"enableServiceLinks":true,
"preemptionPolicy":"PreemptLowerPriority"},"status":{"phase":"Running","conditions":[{"type":"Initialized",
"status":"True","lastTransitionTime":"2026-11-23T09:00:01Z"},{"type":"Ready","status":"True",
"lastTransitionTime":"2026-11-23T09:00:03Z"},{"type":"ContainersReady","status":"True",
"lastTransitionTime":"2026-11-23T09:00:03Z"},{"type":"PodScheduled","status":"True",
"lastTransitionTime":"2026-11-23T09:00:00Z"}],"hostIP":"10.0.0.17","podIP":"10.244.17.9",
"podIPs":[{"ip":"10.244.17.9"}],"startTime":"2026-11-23T09:00:01Z","containerStatuses":[{"name":"main",
"state":{"running":{"startedAt":"2026-11-23T09:00:03Z"}},"lastState":{},"ready":true,"restartCount":0,
"image":"registry.example/web:1.27","imageID":"registry.example/web@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f0",
"containerID":"simulated://3a1f","started":true}],"qosClass":"Burstable"}})";

using Pod = ::k8s::io::api::core::v1::Pod;

Pod parsed_pod() {
  Pod pod;
  auto read = decode_json(kPod, &pod);
  assert(read.ok());
  return pod;
}

/// Runs `piece` for at least so long; how often it ran in a second.
template <class Piece>
double rate(double seconds, Piece piece) {
  const io::LiveClock clock;
  const int64_t began = clock.mono().ns;
  size_t runs = 0;
  int64_t passed = 0;
  for (; passed < seconds * 1e9; passed = clock.mono().ns - began) {
    for (int i = 0; i < 100; ++i) piece();
    runs += 100;
  }
  return static_cast<double>(runs) / (static_cast<double>(passed) * 1e-9);
}

}  // namespace

ObjectPtr typical_pod(size_t number) {
  static const Pod kTypical = parsed_pod();
  Pod pod = kTypical;
  pod.mutable_metadata()->set_name("web-6c8b6bd6b8-" + std::to_string(number));
  return Object::encode(kinds::kPod, pod);
}

JsonRates measure_json(double seconds) {
  const Pod pod = parsed_pod();
  std::string json;
  encode_json(pod, &json, "Pod", "v1");
  JsonRates rates{.json_bytes = json.size(), .body_bytes = typical_pod(0)->body().size()};
  const double mb = static_cast<double>(json.size()) * 1e-6;
  rates.encode_mb_per_s = mb * rate(seconds, [&] {
                            std::string out;
                            encode_json(pod, &out, "Pod", "v1");
                          });
  rates.decode_mb_per_s = mb * rate(seconds, [&] {
                            Pod out;
                            (void)decode_json(json, &out).ok();
                          });
  return rates;
}

Result<std::vector<CommitRate>> measure_commits(const std::string& directory, double seconds_each) {
  std::vector<CommitRate> rates;
  size_t number = 0;
  for (const size_t batch : {1, 8, 64, 512, 4096}) {
    auto engine = store::make_rocksdb_engine({.directory = directory + "/batch-" + std::to_string(batch),
                                              .identity = store::ShardMap::standard().identity("pods")});
    if (auto loaded = engine->load([](ObjectPtr) {}); !loaded) return loaded.error();
    engine->start([](uint64_t, std::vector<store::Change>) {}, [](Error) {});
    std::mutex mutex;
    std::condition_variable changed;
    const io::LiveClock clock;
    int64_t spent = 0;
    size_t committed = 0;
    while (spent < seconds_each * 1e9) {
      std::vector<store::Mutation> mutations;
      for (size_t i = 0; i < batch; ++i) {
        ObjectPtr pod = typical_pod(number++);
        mutations.push_back({pod->key(), 0, pod});
      }
      bool done = false;
      const int64_t began = clock.mono().ns;
      engine->submit(std::move(mutations), [&](const std::vector<store::MutationResult>&) {
        const std::lock_guard lock(mutex);
        done = true;
        changed.notify_one();
      });
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return done; });
      spent += clock.mono().ns - began;
      committed += batch;
    }
    engine->stop();
    rates.push_back({batch, static_cast<double>(committed) / (static_cast<double>(spent) * 1e-9)});
  }
  return rates;
}

}  // namespace kabuki::bench
