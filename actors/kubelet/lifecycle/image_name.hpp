#pragma once

#include <string>
#include <string_view>

namespace kabuki::kubelet {

/// Why `image` cannot be the name of an image, in the words of the library that Kubernetes reads such names with; ""
/// when it can: `[HOST[:PORT]/]PATH[:TAG][@ALGORITHM:DIGEST]`.
std::string why_no_image_name(std::string_view image);

}  // namespace kabuki::kubelet
