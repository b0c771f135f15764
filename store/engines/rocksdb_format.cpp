#include "store/engines/rocksdb_format.hpp"

#include <charconv>

namespace kabuki::store::format {

namespace {

constexpr size_t kRevisionBytes = 8;
constexpr std::string_view kMagic = "kabuki shard, format ";

void append_big_endian(uint64_t value, size_t bytes, std::string* out) {
  for (size_t i = bytes; i-- > 0;) out->push_back(static_cast<char>(value >> (8 * i)));
}

uint64_t read_big_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

/// Cuts the part before the next newline off `text`.
std::string_view next_line(std::string_view* text) {
  const size_t end = text->find('\n');
  const auto line = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return line;
}

}  // namespace

std::string encode_key(const KeyView& key) {
  std::string out;
  out.reserve(3 + key.ns.size() + key.name.size());
  append_big_endian(key.kind, 2, &out);
  out += key.ns;
  out += '\0';
  out += key.name;
  return out;
}

std::optional<KeyView> decode_key(std::string_view bytes) {
  if (bytes.size() < 3) return std::nullopt;
  const auto kind = static_cast<KindId>(read_big_endian(bytes.substr(0, 2)));
  bytes.remove_prefix(2);
  const size_t nul = bytes.find('\0');
  if (kind == 0 || nul == std::string_view::npos) return std::nullopt;
  return KeyView(kind, bytes.substr(0, nul), bytes.substr(nul + 1));
}

std::string encode_value(const Object& object) {
  std::string out;
  out.reserve(1 + kRevisionBytes + object.body().size());
  out.push_back(static_cast<char>(kVersion));
  append_big_endian(object.revision(), kRevisionBytes, &out);
  out += object.body();
  return out;
}

ObjectPtr decode_value(const KeyView& key, std::string_view bytes) {
  if (bytes.size() < 1 + kRevisionBytes || bytes[0] != kVersion) return nullptr;
  return Object::make(key.kind, key.ns, key.name, read_big_endian(bytes.substr(1, kRevisionBytes)),
                      bytes.substr(1 + kRevisionBytes));
}

std::string encode_revision(uint64_t revision) {
  std::string out;
  append_big_endian(revision, kRevisionBytes, &out);
  return out;
}

std::optional<uint64_t> decode_revision(std::string_view bytes) {
  if (bytes.size() != kRevisionBytes) return std::nullopt;
  return read_big_endian(bytes);
}

std::string encode_meta(const Meta& meta) {
  return std::string(kMagic) + std::to_string(meta.version) + '\n' + meta.identity.shard + '\n' +
         meta.identity.mapping + '\n';
}

std::optional<Meta> decode_meta(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return std::nullopt;
  bytes.remove_prefix(kMagic.size());
  const auto number = next_line(&bytes);
  Meta meta;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), meta.version);
  if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  if (meta.version != kVersion) return meta;
  meta.identity.shard = std::string(next_line(&bytes));
  meta.identity.mapping = std::string(next_line(&bytes));
  return meta;
}

}  // namespace kabuki::store::format
