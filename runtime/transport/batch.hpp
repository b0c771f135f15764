#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace kabuki::runtime {

/// What one ZeroMQ message between hosts is.
enum class BatchKind : uint8_t { frames = 1, heartbeat = 2, request = 3, answer = 4 };

/// One ZeroMQ message, taken apart.
struct Batch {
  BatchKind kind = BatchKind::heartbeat;
  std::string sender;  // only believed where there are no keys
  std::vector<std::string> frames;
};

/// Starts a batch: version, kind, sender. Frames are appended to it.
std::string begin_batch(BatchKind kind, std::string_view sender);
void append_frame(std::string* batch, std::string_view frame);
/// Bytes that a frame takes in a batch.
size_t framed_size(std::string_view frame);
/// Error: BadRequest on anything that begin_batch and append_frame do not write.
Result<Batch> parse_batch(std::string_view bytes);

}  // namespace kabuki::runtime
