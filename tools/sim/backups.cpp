#include "tools/sim/backups.hpp"

#include <optional>
#include <utility>

#include "actors/node_host.hpp"
#include "store/restore.hpp"
#include "tools/snapshot/saver.hpp"

namespace kabuki::tools {
namespace {

constexpr std::chrono::seconds kPageTimeout{5};
constexpr std::chrono::seconds kPause{1};
constexpr const char* kName = "simulated.snap";

class FileInMemory final : public io::AppendFile {
 public:
  Result<> append(std::string_view more) override {
    bytes += more;
    return {};
  }
  Result<> sync() override { return {}; }
  Result<> truncate(uint64_t size) override {
    bytes.resize(size);
    return {};
  }
  std::string bytes;
};

}  // namespace

class Backups::Backup {
 public:
  void begin(SimCluster& cluster) {
    file = FileInMemory();
    writer.emplace(file);
    // Only a full disk makes these fail, and this one is none.
    (void)writer->begin("sim", cluster.shards(), cluster.world().clock().wall().ns);
    saver.emplace(*writer, cluster.shards());
  }

  io::MonoTime restore_at;
  FileInMemory file;
  std::optional<store::SnapshotWriter> writer;
  std::optional<SnapshotSaver> saver;
  uint64_t attempt = 0;
  size_t record = 0;
};

Backups::Backups(SimCluster& cluster, History& history, Workloads& workloads, BackupOptions options)
    : cluster_(cluster),
      history_(history),
      workloads_(workloads),
      options_(options),
      random_(cluster.world().random("backups")) {}

Backups::~Backups() = default;

void Backups::start() {
  for (int i = 0; i < options_.restores; ++i) {
    io::Random random = random_.split(std::to_string(i));
    const auto length = static_cast<uint64_t>(options_.duration.count());
    const uint64_t when = random.below(length);
    const uint64_t later = when + random.below(length - when);
    auto backup = std::make_shared<Backup>();
    backup->restore_at = cluster_.now() + io::Duration(static_cast<int64_t>(later));
    ++open_;
    cluster_.at(io::Duration(static_cast<int64_t>(when)), [this, backup] { save(backup); });
  }
}

void Backups::save(const std::shared_ptr<Backup>& backup) {
  backup->begin(cluster_);
  ++backup->attempt;
  ask_next(backup);
}

void Backups::ask_next(const std::shared_ptr<Backup>& backup) {
  const auto question = backup->saver->next();
  if (!question) {
    records_.push_back({"restore", "", "of " + std::to_string(backup->writer->objects()) + " objects", -1, -1});
    backup->record = records_.size() - 1;
    records_[backup->record].fired_ns = cluster_.now().ns;
    const io::Duration left = std::max<io::Duration>(backup->restore_at - cluster_.now(), io::Duration::zero());
    return cluster_.at(left, [this, backup] { restore(backup); });
  }
  cluster_.ask(actors::kFirstHost, question->to, question->message, kPageTimeout,
               [this, backup](Result<runtime::MessagePtr> answer) {
                 cluster_.at(io::Duration::zero(),
                             [this, backup, answer = std::move(answer)] { saved(backup, answer); });
               });
}

void Backups::saved(const std::shared_ptr<Backup>& backup, const Result<runtime::MessagePtr>& answer) {
  if (backup->saver->take(answer)) return ask_next(backup);
  // The shard was killed, its host crashed, or another restore came between.
  cluster_.at(kPause, [this, backup] { save(backup); });
}

void Backups::restore(const std::shared_ptr<Backup>& backup) {
  cluster_.crash_host(actors::kFirstHost);
  std::map<std::string, std::shared_ptr<store::MemoryMedium>> media;
  std::map<Key, ObjectPtr> objects;
  store::SnapshotSink collect;
  collect.object = [&](const ObjectPtr& object) -> Result<> {
    objects[object->key()] = object;
    return {};
  };
  store::StringSource first(backup->file.bytes);
  auto whole = store::read_snapshot(kName, first, cluster_.shards(), collect);
  store::RestoreTarget target;
  target.open = [&](const std::string& shard, uint64_t revision) -> Result<std::unique_ptr<store::Engine>> {
    media[shard] = std::make_shared<store::MemoryMedium>();
    return store::make_memory_engine(media[shard],
                                     {.identity = cluster_.shards().identity(shard), .first_revision = revision});
  };
  store::StringSource second(backup->file.bytes);
  auto restored = store::restore_snapshot(kName, second, cluster_.shards(), target,
                                          {.now_ns = cluster_.world().clock().wall().ns});
  FaultRecord& record = records_[backup->record];
  if (!whole || !restored) {
    const std::string& why = whole ? restored.error().message : whole.error().message;
    record.detail = why;
    history_.snapshot_failed(why);
  } else {
    cluster_.replace_store(std::move(media));
    history_.restored();
    workloads_.restored(objects);
  }
  record.reverted_ns = cluster_.now().ns;
  cluster_.restart_host(actors::kFirstHost);
  --open_;
}

}  // namespace kabuki::tools
