#include "store/snapshot_writer.hpp"

#include "messages/encode.hpp"
#include "messages/kinds.hpp"
#include "messages/status.hpp"

namespace kabuki::store {

using snapshot::Block;

Result<> SnapshotWriter::put(std::string bytes) {
  bytes_ += bytes.size();
  return file_.append(bytes);
}

Result<> SnapshotWriter::put_block(Block type, const google::protobuf::Message& payload) {
  const std::string encoded = serialize(payload);
  if (encoded.size() > snapshot::kPayloadBytesMax) {
    return request_too_large("a block of " + std::to_string(encoded.size()) + " bytes is too large for a snapshot");
  }
  std::string block = snapshot::encode_block(type, encoded);
  const auto checksum = std::string_view(block).substr(block.size() - snapshot::kChecksumBytes);
  shard_checksum_ = snapshot::checksum_of(checksum, shard_checksum_);
  checksum_ = snapshot::checksum_of(checksum, checksum_);
  return put(std::move(block));
}

Result<> SnapshotWriter::begin(const std::string& cluster, const ShardMap& mapping, int64_t created_ns) {
  std::string preamble(snapshot::kMagic);
  snapshot::append_little_endian(snapshot::kVersion, &preamble);
  if (auto written = put(std::move(preamble)); !written) return written;
  snapshot::Header header;
  header.set_cluster(cluster);
  header.set_mapping(mapping.text());
  header.set_created_ns(created_ns);
  for (const Kind& kind : all_kinds()) {
    auto* out = header.add_kinds();
    out->set_id(kind.id);
    out->set_resource(kind.resource());
  }
  return put_block(Block::header, header);
}

Result<> SnapshotWriter::add_file(const std::string& path, const std::string& content) {
  snapshot::File file;
  file.set_path(path);
  file.set_content(content);
  footer_.set_files(footer_.files() + 1);
  return put_block(Block::file, file);
}

Result<> SnapshotWriter::begin_shard(const std::string& shard, uint64_t revision) {
  shard_.Clear();
  shard_checksum_ = 0;
  snapshot::Shard begin;
  begin.set_name(shard);
  begin.set_revision(revision);
  footer_.set_shards(footer_.shards() + 1);
  return put_block(Block::shard, begin);
}

Result<> SnapshotWriter::add(const Object& object) {
  auto* out = waiting_.add_objects();
  out->set_kind(object.kind());
  out->set_revision(object.revision());
  out->set_namespace_(std::string(object.ns()));
  out->set_name(std::string(object.name()));
  out->set_body(std::string(object.body()));
  waiting_bytes_ += object.size();
  shard_.set_objects(shard_.objects() + 1);
  shard_.set_bytes(shard_.bytes() + object.body().size());
  footer_.set_objects(footer_.objects() + 1);
  return waiting_bytes_ < snapshot::kObjectsBytes ? Result<>() : flush();
}

Result<> SnapshotWriter::flush() {
  if (waiting_.objects_size() == 0) return {};
  auto written = put_block(Block::objects, waiting_);
  waiting_.Clear();
  waiting_bytes_ = 0;
  return written;
}

Result<> SnapshotWriter::end_shard() {
  if (auto flushed = flush(); !flushed) return flushed;
  shard_.set_checksum(shard_checksum_);
  return put_block(Block::shard_end, shard_);
}

Result<> SnapshotWriter::finish() {
  footer_.set_checksum(checksum_);
  if (auto written = put_block(Block::footer, footer_); !written) return written;
  return file_.sync();
}

}  // namespace kabuki::store
