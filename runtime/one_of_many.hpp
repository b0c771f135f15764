#pragma once

namespace kabuki::runtime {

/// Base beside Actor of those of which a host has thousands. On a busy host they share half of the time, so that the
/// few that everybody waits for (shards, API servers, views, the scheduler) need not wait for a turn of each of them.
class OneOfMany {
 protected:
  OneOfMany() = default;
  virtual ~OneOfMany() = default;
};

}  // namespace kabuki::runtime
