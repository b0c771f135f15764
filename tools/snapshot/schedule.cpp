#include "tools/snapshot/schedule.hpp"

#include <algorithm>
#include <filesystem>

#include "messages/time_format.hpp"

namespace kabuki::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStamp = "00000000T000000Z";

bool is_stamp(std::string_view text) {
  return std::ranges::equal(text, kStamp,
                            [](char c, char form) { return form == '0' ? c >= '0' && c <= '9' : c == form; });
}

}  // namespace

std::string dated_name(const std::string& file, int64_t unix_seconds) {
  std::string stamp = format_time(unix_seconds);
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  const fs::path path(file);
  return (path.parent_path() / (path.stem().string() + "-" + stamp + path.extension().string())).string();
}

std::vector<std::string> superseded(const std::string& file, const std::vector<std::string>& names, size_t keep) {
  const fs::path path(file);
  const std::string before = path.stem().string() + "-", after = path.extension().string();
  std::vector<std::string> series;
  for (const std::string& name : names) {
    if (name.size() != before.size() + kStamp.size() + after.size()) continue;
    if (!name.starts_with(before) || !name.ends_with(after)) continue;
    if (is_stamp(std::string_view(name).substr(before.size(), kStamp.size()))) series.push_back(name);
  }
  std::ranges::sort(series);
  series.resize(series.size() - std::min(series.size(), keep));
  return series;
}

}  // namespace kabuki::tools
