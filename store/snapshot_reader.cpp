#include "store/snapshot_reader.hpp"

#include <algorithm>
#include <utility>

#include "messages/kinds.hpp"
#include "messages/status.hpp"
#include "store/key_order.hpp"

namespace kabuki::store {

using snapshot::Block;

Result<> StringSource::read(size_t size, std::string* out) {
  size = std::min(size, left_.size());
  out->append(left_.substr(0, size));
  left_.remove_prefix(size);
  return {};
}

uint64_t SnapshotSummary::objects() const {
  uint64_t sum = 0;
  for (const Shard& shard : shards) sum += shard.objects;
  return sum;
}

namespace {

template <class Function, class... Arguments>
Result<> call(const Function& function, const Arguments&... arguments) {
  return function ? function(arguments...) : Result<>();
}

class Reader {
 public:
  Reader(const std::string& name, ByteSource& source, const ShardMap& mapping, const SnapshotSink& sink)
      : name_(name), source_(source), mapping_(mapping), sink_(sink) {}

  Result<ShardMap> mapping() {
    if (auto read = read_preamble(); !read) return read.error();
    if (auto read = read_block(); !read) return read.error();
    snapshot::Header header;
    if (type_ != Block::header) return unexpected().error();
    if (auto parsed = parse(&header); !parsed) return parsed.error();
    auto map = ShardMap::parse(header.mapping());
    if (!map || map->text() != header.mapping()) {
      return refuse("the snapshot was taken under the resource mapping \"" + header.mapping() +
                    "\", which this program does not know: use the program that wrote it")
          .error();
    }
    return map;
  }

  Result<SnapshotSummary> run() {
    if (auto read = read_preamble(); !read) return read.error();
    while (!footer_seen_) {
      if (auto read = read_block(); !read) return read.error();
      if (auto taken = take(); !taken) return taken.error();
    }
    std::string more;
    if (auto read = source_.read(1, &more); !read) return read.error();
    if (!more.empty()) return damaged("it goes on after its end").error();
    summary_.bytes = offset_;
    return std::move(summary_);
  }

 private:
  Result<> refuse(const std::string& what) const { return bad_request(name_ + ": " + what); }
  Result<> damaged(const std::string& what) const {
    return refuse(section_ + ", offset " + std::to_string(block_offset_) + ": " + what);
  }
  Result<> unexpected() const { return damaged("a block that does not belong here: the file is damaged"); }

  Result<> read_preamble() {
    std::string preamble;
    if (auto read = source_.read(snapshot::kPreambleBytes, &preamble); !read) return read;
    if (!preamble.starts_with(snapshot::kMagic)) return refuse("this is no snapshot of Kabuki's");
    if (preamble.size() < snapshot::kPreambleBytes) return refuse("it ends within its first bytes: it is cut short");
    const uint32_t version = snapshot::read_little_endian(std::string_view(preamble).substr(snapshot::kMagic.size()));
    if (version != snapshot::kVersion) {
      return refuse("the snapshot has format version " + std::to_string(version) + "; this program reads version " +
                    std::to_string(snapshot::kVersion) + ": use the program that wrote it");
    }
    offset_ = preamble.size();
    return {};
  }

  /// Reads the next block into type_ and payload_ and proves its checksum.
  Result<> read_block() {
    block_offset_ = offset_;
    bytes_.clear();
    if (auto read = source_.read(snapshot::kBlockHeadBytes, &bytes_); !read) return read;
    if (bytes_.empty()) return damaged("the file ends here without its footer: it is cut short");
    if (bytes_.size() < snapshot::kBlockHeadBytes) return damaged("the file ends within a block: it is cut short");
    const size_t size = snapshot::read_little_endian(std::string_view(bytes_).substr(1));
    if (size > snapshot::kPayloadBytesMax) return damaged("a block's size cannot be: the file is damaged");
    if (auto read = source_.read(size + snapshot::kChecksumBytes, &bytes_); !read) return read;
    if (bytes_.size() < snapshot::kBlockHeadBytes + size + snapshot::kChecksumBytes) {
      return damaged("the file ends within a block: it is cut short");
    }
    const std::string_view all(bytes_);
    const auto checksum = all.substr(all.size() - snapshot::kChecksumBytes);
    const auto covered = all.substr(0, all.size() - snapshot::kChecksumBytes);
    if (snapshot::checksum_of(covered) != snapshot::read_little_endian(checksum)) {
      return damaged("a checksum does not match: the file is damaged");
    }
    type_ = static_cast<Block>(all[0]);
    payload_ = covered.substr(snapshot::kBlockHeadBytes);
    offset_ += bytes_.size();
    // The ends of sections tell the checksum of what came before them.
    section_before_ = section_checksum_;
    file_before_ = file_checksum_;
    section_checksum_ = snapshot::checksum_of(checksum, section_checksum_);
    file_checksum_ = snapshot::checksum_of(checksum, file_checksum_);
    return {};
  }

  template <class T>
  Result<> parse(T* out) const {
    if (out->ParseFromArray(payload_.data(), static_cast<int>(payload_.size()))) return {};
    return damaged("a block is malformed");
  }

  Result<> take() {
    if (!header_seen_ && type_ != Block::header) return unexpected();
    switch (type_) {
      case Block::header:
        return take_header();
      case Block::file:
        return take_file();
      case Block::shard:
        return take_shard();
      case Block::objects:
        return take_objects();
      case Block::shard_end:
        return take_shard_end();
      case Block::footer:
        return take_footer();
    }
    return unexpected();
  }

  Result<> take_header() {
    if (std::exchange(header_seen_, true)) return unexpected();
    snapshot::Header header;
    if (auto parsed = parse(&header); !parsed) return parsed;
    if (header.mapping() != mapping_.text()) {
      return refuse("the snapshot was taken under the resource mapping \"" + header.mapping() +
                    "\", but this program maps \"" + mapping_.text() + "\"");
    }
    for (const auto& kind : header.kinds()) {
      const Kind* known = find_kind(static_cast<KindId>(kind.id()));
      if (known && known->resource() != kind.resource()) {
        return refuse("in the snapshot, kind " + std::to_string(kind.id()) + " is " + kind.resource() +
                      "; in this program it is " + known->resource());
      }
    }
    summary_.cluster = header.cluster();
    summary_.mapping = header.mapping();
    summary_.created_ns = header.created_ns();
    section_ = "files";
    return call(sink_.header, header);
  }

  Result<> take_file() {
    if (in_shard_ || !summary_.shards.empty()) return unexpected();
    snapshot::File file;
    if (auto parsed = parse(&file); !parsed) return parsed;
    summary_.files.push_back(file.path());
    return call(sink_.file, file.path(), file.content());
  }

  Result<> take_shard() {
    if (std::exchange(in_shard_, true)) return unexpected();
    snapshot::Shard shard;
    if (auto parsed = parse(&shard); !parsed) return parsed;
    const auto names = mapping_.names();
    if (!std::ranges::binary_search(names, shard.name())) return damaged("no shard is called " + shard.name());
    if (!summary_.shards.empty() && shard.name() <= summary_.shards.back().name) return unexpected();
    summary_.shards.push_back({.name = shard.name(), .revision = shard.revision()});
    section_ = "shard \"" + shard.name() + "\"";
    section_checksum_ =
        snapshot::checksum_of(std::string_view(bytes_).substr(bytes_.size() - snapshot::kChecksumBytes), 0);
    last_.reset();
    return call(sink_.shard, shard.name(), shard.revision());
  }

  Result<> take_objects() {
    if (!in_shard_) return unexpected();
    snapshot::Objects objects;
    if (auto parsed = parse(&objects); !parsed) return parsed;
    auto& shard = summary_.shards.back();
    for (const auto& entry : objects.objects()) {
      const Key key{static_cast<KindId>(entry.kind()), entry.namespace_(), entry.name()};
      const Kind* kind = find_kind(key.kind);
      if (!kind) return damaged("an object has the kind " + std::to_string(entry.kind()) + ", which there is not");
      if (mapping_.shard_of(*kind) != shard.name) return damaged(key.text() + " does not belong to this shard");
      if (last_ && key <= *last_) return damaged(key.text() + " is out of order");
      if (entry.revision() > shard.revision) return damaged(key.text() + " is newer than its shard");
      if (key.name.size() > UINT16_MAX) return damaged("an object's name is too long");
      ++shard.objects;
      shard.bytes += entry.body().size();
      if (sink_.object) {
        auto taken = sink_.object(Object::make(key.kind, key.ns, key.name, entry.revision(), entry.body()));
        if (!taken) return taken;
      }
      last_ = key;
    }
    return {};
  }

  Result<> take_shard_end() {
    if (!std::exchange(in_shard_, false)) return unexpected();
    snapshot::ShardEnd end;
    if (auto parsed = parse(&end); !parsed) return parsed;
    const auto& shard = summary_.shards.back();
    if (end.objects() != shard.objects || end.bytes() != shard.bytes || end.checksum() != section_before_) {
      return damaged("the section should have " + std::to_string(end.objects()) + " objects and has " +
                     std::to_string(shard.objects) + ": the file is damaged");
    }
    section_ = "after shard \"" + shard.name + "\"";
    return call(sink_.shard_end);
  }

  Result<> take_footer() {
    if (in_shard_) return unexpected();
    snapshot::Footer footer;
    if (auto parsed = parse(&footer); !parsed) return parsed;
    const bool complete = summary_.shards.size() == mapping_.names().size();
    if (footer.shards() != summary_.shards.size() || footer.files() != summary_.files.size() ||
        footer.objects() != summary_.objects() || footer.checksum() != file_before_ || !complete) {
      return damaged("sections are missing: the file is damaged");
    }
    section_ = "end";
    block_offset_ = offset_;
    footer_seen_ = true;
    return {};
  }

  const std::string& name_;
  ByteSource& source_;
  const ShardMap& mapping_;
  const SnapshotSink& sink_;

  std::string section_ = "header";
  uint64_t offset_ = 0;
  uint64_t block_offset_ = 0;
  std::string bytes_;
  Block type_{};
  std::string_view payload_;
  uint32_t section_checksum_ = 0;
  uint32_t section_before_ = 0;
  uint32_t file_checksum_ = 0;
  uint32_t file_before_ = 0;
  bool header_seen_ = false;
  bool footer_seen_ = false;
  bool in_shard_ = false;
  std::optional<Key> last_;
  SnapshotSummary summary_;
};

}  // namespace

Result<ShardMap> mapping_of_snapshot(const std::string& name, ByteSource& source) {
  const ShardMap none = ShardMap::standard();
  const SnapshotSink sink;
  return Reader(name, source, none, sink).mapping();
}

Result<SnapshotSummary> read_snapshot(const std::string& name, ByteSource& source, const ShardMap& mapping,
                                      const SnapshotSink& sink) {
  return Reader(name, source, mapping, sink).run();
}

}  // namespace kabuki::store
