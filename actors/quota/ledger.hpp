#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/quota/usage.hpp"
#include "messages/object.hpp"
#include "messages/result.hpp"

namespace kabuki::quota {

/// Where a quota keeps its reservations. Part of the status: only /status changes it.
inline constexpr const char* kReservedAnnotation = "quota.kabuki.io/reserved";

/// How long a write that was charged may be under way, in seconds: an API server gives up long before.
inline constexpr int64_t kReservedSeconds = 60;

/// What a write under way will take when it is done. It stands in the quota from before the write until somebody who
/// counts has seen the object; so nobody who counts meanwhile gives its place away.
struct Reservation {
  std::string id;
  Key key;
  std::string uid;
  uint64_t base_revision = 0;  // of the version that is changed; 0: the object is created
  int64_t until = 0;           // seconds since 1970
  Amounts amounts;
  bool operator==(const Reservation&) const = default;

  /// Whether `object` (null: there is none) is what this one stands for.
  bool is_done(const Object* object) const {
    return object && object->uid() == uid && object->revision() > base_revision;
  }
};

std::string write_reservations(const std::vector<Reservation>& reservations);
/// What cannot be read is left out.
std::vector<Reservation> read_reservations(std::string_view text, std::string_view ns);
/// Those that the quota keeps.
std::vector<Reservation> reservations_of(const ResourceQuota& quota);
void keep_reservations(const std::vector<Reservation>& reservations, ResourceQuota* quota);
/// Makes the reservations of `to` those of `from`.
void copy_reservations(const ResourceQuota& from, ResourceQuota* to);

/// One ResourceQuota, to be charged. A working copy: nothing is stored by it.
class Ledger {
 public:
  explicit Ledger(const ObjectPtr& quota);

  const ObjectPtr& base() const { return base_; }
  const std::string& name() const { return name_; }
  const Amounts& used() const { return used_; }
  const std::vector<Reservation>& reserved() const { return reserved_; }

  /// Whether objects such as this one are what this quota bounds.
  bool is_about(const Kind& kind, const google::protobuf::Message& object) const;
  /// What of `delta` counts here; empty when nothing does. Error: 403 of the object, as a kube-apiserver words it.
  Result<Amounts> check(const Kind& kind, const google::protobuf::Message& object, const Amounts& delta) const;
  void reserve(Reservation reservation);
  /// Takes the reservation and its amounts back; false when it is not there any more.
  bool release(std::string_view id);
  /// Those whose time is over are forgotten, but not what they took: that is for a count to tell.
  void forget_expired(int64_t now_seconds);

  bool changed() const { return changed_; }
  ObjectPtr encode() const;

 private:
  ObjectPtr base_;
  std::string name_;
  std::shared_ptr<ResourceQuota> quota_;
  Amounts hard_, used_;  // of the status: what is enforced, and what was counted or charged
  std::vector<Reservation> reserved_;
  bool changed_ = false;
};

}  // namespace kabuki::quota
