#include "store/engines/log_end.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "messages/status.hpp"

namespace kabuki::store {

namespace {

// RocksDB's log format: blocks of 32 KB, in them records of a masked CRC32C (4 bytes) of type and data, length (2),
// type (1), data.
constexpr uint64_t kBlock = 32768;
constexpr size_t kHeader = 7;

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
    table[i] = crc;
  }
  return table;
}
constexpr auto kCrc = make_crc_table();

uint32_t masked(uint32_t crc) {
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

class Block {
 public:
  explicit Block(std::string_view bytes) : bytes_(bytes) {}

  /// The place of a length that cannot be what was written.
  std::optional<size_t> rotten_length() const {
    for (size_t at = 0; at + kHeader <= bytes_.size(); at += kHeader + length(at)) {
      if (length(at) == 0 && byte(at + 6) == 0) return std::nullopt;  // room taken ahead
      if (at + kHeader + length(at) <= bytes_.size()) continue;       // RocksDB compares its sum
      return whole_with_another_length(at) ? std::optional(at + 4) : std::nullopt;
    }
    return std::nullopt;
  }

 private:
  uint32_t byte(size_t at) const { return static_cast<uint8_t>(bytes_[at]); }
  size_t length(size_t at) const { return byte(at + 4) | byte(at + 5) << 8; }
  uint32_t sum(size_t at) const { return byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24; }
  /// Whether the sum fits to what lies between `at` and the end or the next good record.
  bool whole_with_another_length(size_t at) const {
    uint32_t crc = ~0u;
    for (size_t end = at + 6; end < bytes_.size(); ++end) {
      crc = kCrc[(crc ^ byte(end)) & 0xff] ^ (crc >> 8);
      if (masked(crc) == sum(at) && (end + 1 == bytes_.size() || good(end + 1))) return true;
    }
    return false;
  }
  bool good(size_t at) const {
    if (at + kHeader > bytes_.size() || at + kHeader + length(at) > bytes_.size()) return false;
    uint32_t crc = ~0u;
    for (size_t i = at + 6; i < at + kHeader + length(at); ++i) crc = kCrc[(crc ^ byte(i)) & 0xff] ^ (crc >> 8);
    return masked(crc) == sum(at);
  }

  const std::string_view bytes_;
};

Error corrupt(const std::string& path, uint64_t offset, const std::string& why) {
  return internal_error(path + " is corrupt at offset " + std::to_string(offset) + ": " + why);
}

}  // namespace

Result<> check_log_end(io::Disk& disk, const std::string& path) {
  const auto size = disk.size(path);
  if (!size) return size.error();
  if (*size == 0) return {};
  const uint64_t begin = (*size - 1) / kBlock * kBlock;
  auto file = disk.open_read(path);
  if (!file) return file.error();
  std::string bytes(*size - begin, '\0');
  const auto read = (*file)->read(begin, bytes.data(), bytes.size());
  if (!read) return read.error();
  const auto rotten = Block(std::string_view(bytes).substr(0, *read)).rotten_length();
  if (!rotten) return {};
  return corrupt(path, begin + *rotten, "the length of a record is not what was written");
}

Result<> check_database_files(io::Disk& disk, const std::string& directory) {
  const auto names = disk.list(directory);
  if (!names) return names.error();
  const std::string current = directory + "/CURRENT";
  const bool has_current = std::find(names->begin(), names->end(), "CURRENT") != names->end();
  for (const auto& name : *names) {
    if (name.ends_with(".log")) {
      if (auto checked = check_log_end(disk, directory + "/" + name); !checked.ok()) return checked;
    }
    if (!has_current && (name.ends_with(".log") || name.ends_with(".sst"))) {
      return corrupt(current, 0, "it is not there, though " + name + " is");
    }
  }
  if (!has_current) return {};
  const auto manifest = disk.read(current);
  if (!manifest) return manifest.error();
  const std::string name = manifest->substr(0, manifest->find('\n'));
  if (!name.starts_with("MANIFEST-") || !manifest->ends_with("\n") || !disk.exists(directory + "/" + name)) {
    return corrupt(current, 0, "it does not name a manifest that is there");
  }
  return check_log_end(disk, directory + "/" + name);
}

}  // namespace kabuki::store
