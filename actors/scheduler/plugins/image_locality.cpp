#include <algorithm>

#include "actors/scheduler/plugins/plugin.hpp"

namespace kabuki::scheduler {
namespace {

constexpr int64_t kMebibyte = 1024 * 1024;
constexpr int64_t kMinBytes = 23 * kMebibyte;                // counts for nothing
constexpr int64_t kMaxBytesPerContainer = 1000 * kMebibyte;  // counts in full

/// Prefers nodes that have the pod's images, each by its size and by how many nodes have it, so that pods do not all
/// go where one rare image is.
class ImageLocality final : public Scorer {
 public:
  ImageLocality(const Cluster& cluster, const Candidate& pod) : nodes_(cluster.nodes), images_(pod.demand.images) {
    for (std::string& image : images_) {
      if (image.find(':', image.rfind('/') + 1) == std::string::npos && image.find('@') == std::string::npos)
        image += ":latest";
    }
  }
  int64_t score(NodeSlot node) const override {
    int64_t sum = 0;
    for (const std::string& image : images_) {
      const int64_t bytes = nodes_.image_bytes(node, image);
      if (bytes == 0) continue;
      sum += bytes * static_cast<int64_t>(nodes_.nodes_with_image(image)) / static_cast<int64_t>(nodes_.size());
    }
    const int64_t most = kMaxBytesPerContainer * static_cast<int64_t>(images_.size());
    const int64_t counted = std::clamp(sum, kMinBytes, most) - kMinBytes;
    return static_cast<int64_t>(static_cast<double>(counted) * kMax / static_cast<double>(most - kMinBytes));
  }

 private:
  const NodeTable& nodes_;
  std::vector<std::string> images_;
};

std::unique_ptr<Scorer> scorer(const Cluster& cluster, const Candidate& pod, const Profile&,
                               const std::vector<NodeSlot>&) {
  auto out = std::make_unique<ImageLocality>(cluster, pod);
  const auto& images = pod.demand.images;
  const bool known = std::any_of(images.begin(), images.end(), [&](const std::string& image) {
    return cluster.nodes.nodes_with_image(image) + cluster.nodes.nodes_with_image(image + ":latest") > 0;
  });
  return known ? std::move(out) : nullptr;
}

}  // namespace

const Plugin kImageLocality{.name = "ImageLocality", .scorer = scorer, .weight = 1};

}  // namespace kabuki::scheduler
