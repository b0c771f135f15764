#pragma once

#include <string>

#include "messages/patch/document.hpp"

namespace kabuki::patch {

/// Where in `list` stands an element equal to `element`: with a merge key, one with the same value of it. -1:
/// nowhere.
int index_in(const Json& list, const Json& element, const std::string& merge_key);

/// Orders a merged list as a strategic merge patch asks: elements named by `patch_order` come in that order, the
/// server's own in the order of `server_order`; where both orders know two elements, the server's decides, else the
/// patch's come first.
Json order_merged(const Json& merged, const Json& patch_order, const Json& server_order,
                  const std::string& merge_key);

}  // namespace kabuki::patch
