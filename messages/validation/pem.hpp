#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kabuki::validation {

struct PemBlock {
  std::string type;  // what stands after BEGIN
  bool has_headers = false;
  std::string bytes;
};

/// The blocks of a PEM text, in order. What is no whole block is passed by, as Go's encoding/pem does.
std::vector<PemBlock> pem_blocks(std::string_view text);

}  // namespace kabuki::validation
