#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "runtime/io/live_clock.hpp"
#include "store/engines/rocksdb.hpp"
#include "store/watch_hub.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

/// Not a test: prints what store/README.md says of speed and memory. Run by name, in a release build:
/// test_store --gtest_also_run_disabled_tests --gtest_filter='StoreMeasure.*'
class StoreMeasure : public testing::Test {
 protected:
  static constexpr size_t kPods = 300'000;
  static constexpr size_t kWatchers = 1'000;

  StoreMeasure() {
    char name[] = "/var/tmp/kabuki-store-XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~StoreMeasure() override { std::filesystem::remove_all(directory_); }

  double seconds() const { return static_cast<double>(clock_.mono().ns) / 1e9; }
  static double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto of = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
  }
  static double resident_mb() {
    malloc_trim(0);
    size_t size = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> size >> resident;
    return static_cast<double>(resident) * 4096 / 1e6;
  }
  std::unique_ptr<Engine> engine() {
    return make_rocksdb_engine({.directory = directory_, .identity = ShardMap::standard().identity("pods")});
  }
  /// About 880 bytes, as a typical pod has.
  static ObjectPtr typical(size_t i) {
    k8s::io::api::core::v1::Pod pod;
    auto* meta = pod.mutable_metadata();
    meta->set_name("web-" + std::to_string(i * 7919 % kPods));
    meta->set_namespace_("ns-" + std::to_string(i % 100));
    (*meta->mutable_labels())["app"] = "web";
    std::string& padding = (*meta->mutable_annotations())["padding"];
    for (size_t at = 0; at < 780; ++at) padding += static_cast<char>('a' + (at * 7 + at / 13 + i) % 16);
    pod.mutable_spec()->set_nodename("node-" + std::to_string(i % (kPods / 10)));
    return Object::encode(kinds::kPod, pod);
  }

  io::LiveClock clock_;
  std::string directory_;
};

TEST_F(StoreMeasure, DISABLED_CommitsPerSecondAndBytesPerObject) {
  for (const size_t batch : {1, 64, 512}) {
    const auto engine = this->engine();
    ShardState state;
    WatchHub hub(&state);
    const size_t from = [&] {
      state.loaded(*engine->load([&](ObjectPtr object) { state.load(object); }));
      return state.size();
    }();
    for (size_t i = 0; i < kWatchers; ++i) {
      const WatchRequest request{
          .selection = on_nodes({"node-" + std::to_string(i)}), .from_revision = state.revision(), .credit = kPods};
      ASSERT_TRUE(hub.open({"w", i}, request).ok());
    }
    const size_t count = batch == 512 ? kPods - from : batch * 1000;
    std::vector<ObjectPtr> objects;
    for (size_t i = from; i < from + count; ++i) objects.push_back(typical(i));
    std::mutex mutex;
    std::condition_variable changed;
    size_t in_flight = 0;
    engine->start(
        [&](uint64_t, std::vector<Change> changes) {
          state.apply(&changes);
          hub.apply(changes);
          hub.take();
        },
        [](Error error) { FAIL() << error.message; });
    const double start = seconds(), cpu = cpu_seconds();
    for (size_t i = 0; i < count; i += batch) {
      std::vector<Mutation> mutations;
      for (size_t k = i; k < std::min(count, i + batch); ++k) mutations.push_back(put(objects[k]));
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return in_flight < limits::kSubmissions; });
      ++in_flight;
      lock.unlock();
      engine->submit(std::move(mutations), [&](std::vector<MutationResult>) {
        const std::lock_guard guard(mutex);
        --in_flight;
        changed.notify_all();
      });
    }
    engine->stop();
    printf("batches of %zu, %zu in flight: %.0f creates/s, %.1f us CPU each\n", batch, limits::kSubmissions,
           static_cast<double>(count) / (seconds() - start),
           (cpu_seconds() - cpu) / static_cast<double>(count) * 1e6);
  }

  const double before_mb = resident_mb();
  double start = seconds();
  const auto engine = this->engine();
  ShardState state;
  state.loaded(*engine->load([&](ObjectPtr object) { state.load(object); }));
  const double load_s = seconds() - start;
  start = seconds();
  const auto page = state.page(*state.snapshot(), select(kinds::kPod), std::nullopt, 0);
  const double list_ms = (seconds() - start) * 1e3;
  start = seconds();
  state.page(*state.snapshot(), labelled("app=none"), std::nullopt, 0);
  const double label_ms = (seconds() - start) * 1e3;
  size_t bytes = 0;
  for (const auto& object : page.objects) bytes += object->size();
  const auto pods = static_cast<double>(page.objects.size());
  printf("%.0f pods: load %.2f s, list %.0f ms, list by label %.0f ms, %.0f bytes a pod, %.0f of them the object\n",
         pods, load_s, list_ms, label_ms, (resident_mb() - before_mb) * 1e6 / pods,
         static_cast<double>(bytes) / pods);
}

}  // namespace
}  // namespace kabuki::store::test
