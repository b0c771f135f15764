#include "store/engines/etcd_format.hpp"

#include <charconv>

namespace kabuki::store::etcd {

namespace {

constexpr size_t kKindDigits = 4;

std::string with_slash(std::string prefix) {
  if (!prefix.ends_with('/')) prefix += '/';
  return prefix;
}

/// What the shards of a cluster have in common: "/kabuki/" of "/kabuki/pods/".
std::string parent_of(const std::string& prefix) {
  return prefix.substr(0, prefix.rfind('/', prefix.size() - 2) + 1);
}

}  // namespace

std::string encode_term(const Term& term) { return std::to_string(term.number) + ' ' + term.holder; }

std::string encode_commit_id(const CommitId& id) {
  return std::to_string(id.instance) + '.' + std::to_string(id.number);
}

std::optional<CommitId> decode_commit_id(std::string_view bytes) {
  const size_t dot = bytes.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto instance = decode_number(bytes.substr(0, dot));
  const auto number = decode_number(bytes.substr(dot + 1));
  if (!instance || !number) return std::nullopt;
  return CommitId{*instance, *number};
}

Keys::Keys(std::string shard_prefix)
    : prefix(with_slash(std::move(shard_prefix))),
      identity(prefix + "identity"),
      base(prefix + "base"),
      head(prefix + "head"),
      instance(prefix + "instance"),
      mark(prefix + "mark"),
      objects(prefix + "o/"),
      terms(parent_of(prefix) + ".terms/") {}

std::string Keys::term(const std::string& lease) const { return terms + lease; }

std::string Keys::fence(uint64_t instance_number) const {
  return prefix + "engines/" + std::to_string(instance_number);
}

std::string Keys::object(const KeyView& key) const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(objects.size() + kKindDigits + 2 + key.ns.size() + key.name.size());
  out = objects;
  for (size_t i = kKindDigits; i-- > 0;) out += kDigits[key.kind >> (4 * i) & 15];
  out += '/';
  out += key.ns;
  out += '\0';
  out += key.name;
  return out;
}

std::optional<KeyView> Keys::parse_object(std::string_view bytes) const {
  if (!bytes.starts_with(objects)) return std::nullopt;
  bytes.remove_prefix(objects.size());
  uint16_t kind = 0;
  const size_t slash = bytes.find('/');
  if (slash != kKindDigits) return std::nullopt;
  const char* end = bytes.data() + kKindDigits;
  if (std::from_chars(bytes.data(), end, kind, 16).ptr != end) return std::nullopt;
  bytes.remove_prefix(kKindDigits + 1);
  const size_t nul = bytes.find('\0');
  if (kind == 0 || nul == std::string_view::npos) return std::nullopt;
  return KeyView(kind, bytes.substr(0, nul), bytes.substr(nul + 1));
}

std::string range_end(std::string_view prefix) {
  std::string out(prefix);
  ++out.back();
  return out;
}

std::string encode_value(std::string_view body, size_t place) {
  std::string out;
  out.reserve(2 + body.size());
  out += static_cast<char>(kFormatVersion);
  out += static_cast<char>(place);
  out += body;
  return out;
}

std::optional<Value> decode_value(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] != kFormatVersion) return std::nullopt;
  const auto place = static_cast<unsigned char>(bytes[1]);
  if (place >= kPlaces) return std::nullopt;
  return Value{bytes.substr(2), place};
}

std::string encode_number(uint64_t number) { return std::to_string(number); }

std::optional<uint64_t> decode_number(std::string_view bytes) {
  uint64_t number = 0;
  const char* end = bytes.data() + bytes.size();
  const auto [parsed, error] = std::from_chars(bytes.data(), end, number);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return number;
}

}  // namespace kabuki::store::etcd
