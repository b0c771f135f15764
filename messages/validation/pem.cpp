#include "messages/validation/pem.hpp"

#include <optional>

#include "messages/base64.hpp"

namespace kabuki::validation {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";

std::string_view without_trailing_blanks(std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
  return line;
}

/// Takes one line off the text.
std::string_view take_line(std::string_view* text) {
  const size_t end = text->find('\n');
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return without_trailing_blanks(line);
}

/// The TYPE of `-----BEGIN TYPE-----`, or of END.
std::optional<std::string_view> boundary(std::string_view line, std::string_view begins) {
  if (!line.starts_with(begins) || !line.ends_with(kDashes)) return std::nullopt;
  line.remove_prefix(begins.size());
  if (line.size() < kDashes.size()) return std::nullopt;
  line.remove_suffix(kDashes.size());
  return line;
}

/// What follows a BEGIN line, up to its END. None when there is no such, or between them stands no base64.
std::optional<PemBlock> read_block(std::string_view type, std::string_view* text) {
  PemBlock block{.type = std::string(type)};
  std::string base64;
  while (!text->empty()) {
    const std::string_view before = *text;
    const std::string_view line = take_line(text);
    if (const auto end = boundary(line, kEnd)) {
      auto bytes = decode_base64(base64);
      if (*end != type || !bytes) return std::nullopt;
      block.bytes = std::move(*bytes);
      return block;
    }
    if (boundary(line, kBegin)) {
      *text = before;
      return std::nullopt;
    }
    if (base64.empty() && line.find(':') != std::string_view::npos) {
      block.has_headers = true;
      continue;
    }
    for (const char c : line) {
      if (c != ' ' && c != '\t') base64 += c;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<PemBlock> pem_blocks(std::string_view text) {
  std::vector<PemBlock> blocks;
  while (!text.empty()) {
    const auto type = boundary(take_line(&text), kBegin);
    if (!type) continue;
    if (auto block = read_block(*type, &text)) blocks.push_back(std::move(*block));
  }
  return blocks;
}

}  // namespace kabuki::validation
