#include "messages/patch/list_order.hpp"

#include <algorithm>
#include <limits>

namespace kabuki::patch {
namespace {

void sort_by(const Json& order, const std::string& merge_key, Json* list) {
  auto rank = [&](const Json& element) {
    int index = index_in(order, element, merge_key);
    return index < 0 ? std::numeric_limits<int>::max() : index;
  };
  std::stable_sort(list->begin(), list->end(), [&](const Json& a, const Json& b) { return rank(a) < rank(b); });
}

}  // namespace

int index_in(const Json& list, const Json& element, const std::string& merge_key) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (merge_key.empty()) {
      if (list[i] == element) return static_cast<int>(i);
      continue;
    }
    if (!list[i].is_object() || !element.is_object()) continue;
    auto have = list[i].find(merge_key);
    auto want = element.find(merge_key);
    if (have != list[i].end() && want != element.end() && *have == *want) return static_cast<int>(i);
  }
  return -1;
}

Json order_merged(const Json& merged, const Json& patch_order, const Json& server_order,
                  const std::string& merge_key) {
  Json patched = Json::array();
  Json servers = Json::array();
  for (const Json& element : merged) {
    (index_in(patch_order, element, merge_key) >= 0 ? patched : servers).push_back(element);
  }
  sort_by(patch_order, merge_key, &patched);
  sort_by(server_order, merge_key, &servers);

  Json ordered = Json::array();
  size_t from_server = 0;
  size_t from_patch = 0;
  while (from_server < servers.size() || from_patch < patched.size()) {
    bool take_server = from_patch == patched.size();
    if (!take_server && from_server < servers.size()) {
      int left = index_in(server_order, servers[from_server], merge_key);
      int right = index_in(server_order, patched[from_patch], merge_key);
      take_server = left >= 0 && right >= 0 && left < right;
    }
    ordered.push_back(take_server ? servers[from_server++] : patched[from_patch++]);
  }
  return ordered;
}

}  // namespace kabuki::patch
