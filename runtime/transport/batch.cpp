#include "runtime/transport/batch.hpp"

#include "messages/status.hpp"

namespace kabuki::runtime {
namespace {

constexpr uint8_t kVersion = 1;

void append_u32(std::string* out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out->push_back(static_cast<char>(value >> shift));
}

bool take_string(std::string_view* bytes, std::string_view* out) {
  if (bytes->size() < 4) return false;
  uint32_t size = 0;
  for (int i = 3; i >= 0; --i) size = size << 8 | static_cast<uint8_t>((*bytes)[i]);
  bytes->remove_prefix(4);
  if (bytes->size() < size) return false;
  *out = bytes->substr(0, size);
  bytes->remove_prefix(size);
  return true;
}

}  // namespace

std::string begin_batch(BatchKind kind, std::string_view sender) {
  std::string batch;
  batch.push_back(static_cast<char>(kVersion));
  batch.push_back(static_cast<char>(kind));
  append_frame(&batch, sender);
  return batch;
}

void append_frame(std::string* batch, std::string_view frame) {
  append_u32(batch, static_cast<uint32_t>(frame.size()));
  batch->append(frame);
}

size_t framed_size(std::string_view frame) { return 4 + frame.size(); }

Result<Batch> parse_batch(std::string_view bytes) {
  if (bytes.size() < 2 || static_cast<uint8_t>(bytes[0]) != kVersion) return bad_request("batch of another version");
  auto kind = static_cast<uint8_t>(bytes[1]);
  if (kind < 1 || kind > 4) return bad_request("batch of an unknown kind");
  bytes.remove_prefix(2);
  Batch batch;
  batch.kind = static_cast<BatchKind>(kind);
  std::string_view part;
  if (!take_string(&bytes, &part)) return bad_request("batch is cut short");
  batch.sender = part;
  while (!bytes.empty()) {
    if (!take_string(&bytes, &part)) return bad_request("batch is cut short");
    batch.frames.emplace_back(part);
  }
  return batch;
}

}  // namespace kabuki::runtime
