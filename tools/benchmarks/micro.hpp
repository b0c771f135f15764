#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "messages/object.hpp"
#include "messages/result.hpp"

namespace kabuki::bench {

/// A pod as a Deployment makes it and a kubelet reports it: about 2 KB as JSON.
ObjectPtr typical_pod(size_t number);

struct JsonRates {
  size_t json_bytes = 0, body_bytes = 0;            // of the pod
  double encode_mb_per_s = 0, decode_mb_per_s = 0;  // of JSON, between it and the parsed message
};
JsonRates measure_json(double seconds);

struct CommitRate {
  size_t batch = 0;
  double per_second = 0;
};
/// Synced commits of typical pods into an empty database below `directory`, one batch at a time.
Result<std::vector<CommitRate>> measure_commits(const std::string& directory, double seconds_each);

}  // namespace kabuki::bench
