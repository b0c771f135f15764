#include "tools/snapshot/save.hpp"

#include <ctime>

#include "store/snapshot_writer.hpp"
#include "tools/snapshot/directory.hpp"
#include "tools/snapshot/saver.hpp"
#include "tools/snapshot/snapshot_file.hpp"
#include "tools/store/store_source.hpp"

namespace kabuki::tools {
namespace {

constexpr int kTries = 5;
constexpr int kAsks = 30;
constexpr std::chrono::seconds kPageTimeout{30};

void wait_a_second() {
  const timespec pause{1, 0};
  ::nanosleep(&pause, nullptr);
}

/// A page can be asked for again as it is: of a shard that has too much to do, or is being started.
Result<runtime::MessagePtr> ask_patiently(const ControlClient& client, const SnapshotSaver::Question& question) {
  for (int asks = 1;; ++asks) {
    auto answer = client.ask(question.to, question.message, kPageTimeout);
    const bool busy = !answer && (answer.error().code == 429 || answer.error().code == 503);
    if (!busy || asks == kAsks) return answer;
    wait_a_second();
  }
}

/// A shard that was started anew no longer knows the revision.
bool worth_another_try(const Error& error) { return error.code == 410 || error.code == 504; }

Result<> write_snapshot(const ControlClient& client, const io::Clock& clock, io::AppendFile& file) {
  const auto mapping = mapping_of(client.host());
  if (!mapping) return mapping.error();
  store::SnapshotWriter writer(file);
  if (auto begun = writer.begin(client.host().cluster, *mapping, clock.wall().ns); !begun) return begun;
  auto files = files_to_keep(client.files());
  if (!files) return files.error();
  for (const auto& [path, content] : *files) {
    if (auto added = writer.add_file(path, content); !added) return added;
  }
  SnapshotSaver saver(writer, *mapping);
  while (const auto question = saver.next()) {
    if (auto taken = saver.take(ask_patiently(client, *question)); !taken) return taken;
  }
  return {};
}

}  // namespace

Result<store::SnapshotSummary> save_snapshot(const ControlClient& client, const io::Clock& clock,
                                             const std::string& file) {
  auto partial = PartialFile::make(file);
  if (!partial) return partial.error();
  for (int tries = 1;; ++tries) {
    auto written = write_snapshot(client, clock, **partial);
    if (written) break;
    if (tries == kTries || !worth_another_try(written.error())) return written.error();
    if (auto emptied = (*partial)->truncate(0); !emptied) return emptied.error();
    wait_a_second();
  }
  auto source = FileSource::open(file + ".partial");
  if (!source) return source.error();
  const auto mapping = mapping_of(client.host());
  if (!mapping) return mapping.error();
  auto summary = store::read_snapshot(file, **source, *mapping);
  if (!summary) return summary;
  if (auto named = (*partial)->become(); !named) return named.error();
  return summary;
}

}  // namespace kabuki::tools
