#include "tools/snapshot/directory.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <unistd.h>

#include "messages/status.hpp"
#include "runtime/io/live_disk.hpp"
#include "store/engines/rocksdb.hpp"
#include "tools/snapshot/snapshot_file.hpp"
#include "tools/store/shard_layout.hpp"

namespace kabuki::tools {
namespace {

namespace fs = std::filesystem;

constexpr uintmax_t kFileBytesMax = 1u << 20;
constexpr const char* kIncarnation = "incarnation";
constexpr uint64_t kIncarnationBump = 1'000'000;

bool is_kept(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name == "lock" || name == "format" || name == "kubeconfig") return false;
  const std::string extension = path.extension().string();
  return extension != ".log" && extension != ".new" && name.find(".log.") == std::string::npos;
}

bool stays_inside(const fs::path& path) {
  if (path.empty() || path.is_absolute()) return false;
  for (const auto& part : path) {
    if (part == ".." || part == "." || part.empty()) return false;
  }
  return path.begin()->string() != "store";
}

Result<> collect(const std::string& root, const fs::path& below, std::map<std::string, std::string>* out) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(fs::path(root) / below, failure)) {
    if (!entry.is_regular_file() || entry.is_symlink() || !is_kept(entry.path())) continue;
    if (entry.file_size(failure) > kFileBytesMax) continue;
    auto text = read_text(entry.path().string());
    if (!text) return text.error();
    (*out)[(below / entry.path().filename()).string()] = std::move(*text);
  }
  return {};
}

Result<std::string> later_incarnation(const std::string& content) {
  uint64_t last = 0;
  const auto [end, failure] = std::from_chars(content.data(), content.data() + content.size(), last);
  if (failure != std::errc()) return bad_request("the snapshot's incarnation is no number");
  return std::to_string(last + kIncarnationBump) + "\n";
}

Result<> sync_tree(const std::string& root) {
  std::error_code failure;
  for (const auto& entry : fs::recursive_directory_iterator(root, failure)) {
    if (!entry.is_directory()) continue;
    if (auto synced = sync_folder(entry.path().string()); !synced) return synced;
  }
  return sync_folder(root);
}

Result<> check_target(const std::string& directory) {
  std::error_code failure;
  if (!fs::exists(directory, failure)) return {};
  if (fs::is_directory(directory, failure) && fs::is_empty(directory, failure)) return {};
  return Error{.code = 409,
               .reason = "Conflict",
               .message = directory + " is not empty: restore into a new directory, with --data"};
}

OpenNewEngine new_databases(const std::string& directory, const store::ShardMap& mapping) {
  return [directory, mapping](const std::string& shard, uint64_t first) -> Result<std::unique_ptr<store::Engine>> {
    return store::make_rocksdb_engine(
        {.directory = directory + "/" + shard, .identity = mapping.identity(shard), .first_revision = first});
  };
}

/// Reads the file twice: nothing is written of one that is damaged.
Result<store::SnapshotSummary> restore_to(const std::string& snapshot, const store::RestoreTarget& target,
                                          const store::RestoreOptions& options) {
  const auto mapping = mapping_of_snapshot(snapshot);
  if (!mapping) return mapping.error();
  auto source = FileSource::open(snapshot);
  if (!source) return source.error();
  if (auto whole = store::read_snapshot(snapshot, **source, *mapping); !whole) return whole.error();
  source = FileSource::open(snapshot);
  if (!source) return source.error();
  return store::restore_snapshot(snapshot, **source, *mapping, target, options);
}

std::string without_slash(std::string directory) {
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  return directory;
}

/// The shard that is there, as long as nobody has it open.
Result<std::unique_ptr<io::FileLock>> lock_shard(io::Disk& disk, const std::string& directory) {
  if (!disk.exists(directory)) return std::unique_ptr<io::FileLock>();
  auto lock = disk.lock(directory + "/LOCK");
  if (lock) return lock;
  return unavailable("the shard in " + directory + " is in use, so it is not lost: " + lock.error().message);
}

}  // namespace

Result<store::SnapshotSummary> replace_shard(const ClusterFiles& files, const std::string& shard,
                                             const std::string& snapshot, const store::RestoreOptions& options) {
  auto layout = read_layout(files);
  if (!layout) return layout.error();
  if (!*layout || (*layout)->engine != "rocksdb") {
    return bad_request(files.root + " holds no shards: name the directory of the cluster's first host with --data");
  }
  const store::ShardMap& mapping = (*layout)->mapping;
  if (const auto names = mapping.names(); !std::ranges::binary_search(names, shard)) {
    return bad_request("the cluster has no shard \"" + shard + "\": its resources are kept as \"" + mapping.text() +
                       "\"");
  }
  io::LiveDisk disk("");
  const std::string place = files.store() + "/" + shard;
  // Held until the new one is there: who tries to open the old one again finds it in use.
  auto lock = lock_shard(disk, place);
  if (!lock) return lock.error();
  const std::string fresh = place + ".restoring";
  std::error_code failure;
  fs::remove_all(fresh, failure);
  const auto open = [&](const std::string&, uint64_t first) -> Result<std::unique_ptr<store::Engine>> {
    return store::make_rocksdb_engine(
        {.directory = fresh, .identity = mapping.identity(shard), .first_revision = first});
  };
  auto restored = [&]() -> Result<store::SnapshotSummary> {
    if (snapshot.empty()) {
      const uint64_t first = std::max(store::restored_revision(0, options.now_ns, options.now_ns), options.at_least);
      auto engine = open(shard, first);
      if (!engine) return engine.error();
      auto made = store::make_empty_shard(shard, std::move(*engine), first);
      if (!made) return made.error();
      return store::SnapshotSummary{.mapping = mapping.text(), .shards = {{.name = shard, .revision = *made}}};
    }
    auto taken = mapping_of_snapshot(snapshot);
    if (!taken) return taken.error();
    if (auto same = settle_replacement(mapping, *taken, snapshot); !same) return same.error();
    store::RestoreOptions one = options;
    one.only = shard;
    return restore_to(snapshot, {.open = open, .file = {}}, one);
  }();
  auto done = restored ? sync_folder(fresh) : Result<>(restored.error());
  if (!done) {
    fs::remove_all(fresh, failure);
    return done.error();
  }
  if (fs::exists(place, failure)) {
    fs::rename(place, place + ".lost-" + std::to_string(options.now_ns / 1'000'000'000), failure);
    if (failure) return internal_error("cannot move " + place + " out of the way: " + failure.message());
  }
  fs::rename(fresh, place, failure);
  if (failure) return internal_error("cannot rename " + fresh + " to " + place + ": " + failure.message());
  done = sync_folder(files.store());
  return done ? restored : Result<store::SnapshotSummary>(done.error());
}

Result<std::map<std::string, std::string>> files_to_keep(const ClusterFiles& files) {
  std::map<std::string, std::string> kept;
  if (auto collected = collect(files.root, "", &kept); !collected) return collected.error();
  if (auto collected = collect(files.root, "pki", &kept); !collected) return collected.error();
  return kept;
}

Result<> restore_file(const ClusterFiles& files, const std::string& path, const std::string& content) {
  if (!stays_inside(path)) return bad_request("the snapshot has a file \"" + path + "\", which cannot be restored");
  if (path != kIncarnation) return write_text(files.root + "/" + path, content);
  auto later = later_incarnation(content);
  return later ? write_text(files.root + "/" + path, *later) : Result<>(later.error());
}

Result<store::SnapshotSummary> restore_objects(const std::string& snapshot, const OpenNewEngine& open,
                                               const store::RestoreOptions& options) {
  return restore_to(snapshot, {.open = open, .file = {}}, options);
}

Result<store::SnapshotSummary> restore_directory(const std::string& snapshot, const std::string& directory,
                                                 const store::RestoreOptions& options, OpenNewEngine open) {
  if (auto free = check_target(directory); !free) return free.error();
  const std::string plain = without_slash(directory);
  const auto mapping = mapping_of_snapshot(snapshot);
  if (!mapping) return mapping.error();
  const ClusterFiles fresh{plain + ".restoring"};
  std::error_code failure;
  fs::remove_all(fresh.root, failure);
  if (auto prepared = prepare_data_dir(fresh); !prepared) return prepared.error();
  store::RestoreTarget target;
  target.file = [&](const std::string& path, const std::string& content) {
    return restore_file(fresh, path, content);
  };
  const bool below = !open;
  target.open = below ? new_databases(fresh.store(), *mapping) : std::move(open);
  auto restored = restore_to(snapshot, target, options);
  auto noted =
      restored && below ? write_layout(fresh, {.mapping = *mapping, .engine = "rocksdb", .made = true}) : Result<>();
  auto synced = !restored ? Result<>(restored.error()) : noted ? sync_tree(fresh.root) : noted;
  if (!synced) {
    fs::remove_all(fresh.root, failure);
    return synced.error();
  }
  fs::rename(fresh.root, plain, failure);
  if (failure) return internal_error("cannot rename " + fresh.root + " to " + plain + ": " + failure.message());
  synced = sync_folder(fs::absolute(plain).parent_path().string());
  return synced ? restored : Result<store::SnapshotSummary>(synced.error());
}

}  // namespace kabuki::tools
