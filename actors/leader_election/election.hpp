#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/result.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::leader_election {

/// Kubernetes' three times and their usual values. A leader that has not renewed for `renew_deadline` stops by
/// itself; others take over a Lease that they have not seen change for `lease_duration`.
struct ElectionOptions {
  io::Duration lease_duration = std::chrono::seconds(15);
  io::Duration renew_deadline = std::chrono::seconds(10);
  io::Duration retry_period = std::chrono::seconds(2);
  bool operator==(const ElectionOptions&) const = default;
};

/// Whether each is enough shorter than the one before. Error: BadRequest that names the two that are not.
Result<> check(const ElectionOptions& options);

/// A Lease's spec as election uses it.
struct LeaseRecord {
  std::string holder;  // "" was given up
  io::Duration duration{0};
  io::WallTime acquired;
  io::WallTime renewed;
  uint32_t term = 0;  // spec.leaseTransitions
  bool operator==(const LeaseRecord&) const = default;
};
LeaseRecord record_of(const ::k8s::io::api::coordination::v1::Lease& lease);
/// Leaves what is not election's as it is.
void put_record(const LeaseRecord& record, ::k8s::io::api::coordination::v1::Lease* lease);

/// One candidate's side of one election. Pure: reads, answers and times come in, the next write comes out. Who leads
/// is judged as Kubernetes' client-go does: a Lease counts as held for lease_duration after *this* candidate saw it
/// change, whatever times are written in it, so no clock but its own matters. Other than there, every taking over,
/// also from a former life of its own, makes a new term; so a term never has two leaders, nor two lives of one.
class Election {
 public:
  /// `identity` is a host's name: that a host has one life at a time is what lets it take its own Lease back at once.
  Election(std::string identity, ElectionOptions options) : identity_(std::move(identity)), options_(options) {}

  /// What a linearizable read has shown: the Lease at `revision`, or none.
  void seen(const std::optional<LeaseRecord>& record, uint64_t revision, io::MonoTime now);
  /// A write was refused, or nobody knows what became of it: the Lease must be read before the next.
  void unclear() { known_ = false; }

  struct Write {
    LeaseRecord record;
    uint64_t expected_revision = 0;  // 0: create
    bool operator==(const Write&) const = default;
  };
  /// What to write now: a renewal, or the taking over of a Lease that is free. None while another holds it or while
  /// it must be read first.
  std::optional<Write> due(io::MonoTime now, io::WallTime wall) const;
  /// `write` was done; it had been sent at `sent`, from when its effect is counted.
  void written(const Write& write, uint64_t revision, io::MonoTime sent);
  /// What to write to let others take over at once; none unless it leads.
  std::optional<Write> release(io::MonoTime now, io::WallTime wall) const;

  bool must_read() const { return !known_; }
  /// Whether it may act now. Becomes false by time alone.
  bool leads(io::MonoTime now) const { return leading_ && now < deadline(); }
  /// When it stops leading unless it renews.
  io::MonoTime deadline() const { return renewed_at_ + options_.renew_deadline; }
  uint32_t term() const { return term_; }
  /// The revision of the write by which it took over.
  uint64_t began() const { return began_; }
  /// Who held the Lease when it was last seen; "" for nobody.
  const std::string& holder() const { return record_.holder; }
  /// When to renew or to look again. `jitter` in 0..1 sets candidates apart.
  io::MonoTime next(io::MonoTime now, double jitter) const;

 private:
  bool is_free(io::MonoTime now) const;

  const std::string identity_;
  const ElectionOptions options_;
  LeaseRecord record_;
  uint64_t revision_ = 0;  // of record_; 0: there is no Lease
  bool known_ = false;     // the two above are what the store had last, as far as can be known
  bool seen_ = false;      // some Lease
  io::MonoTime changed_at_;
  bool leading_ = false;
  io::MonoTime renewed_at_;
  uint32_t term_ = 0;
  uint64_t began_ = 0;
  uint32_t last_term_ = 0;  // of all that were seen
};

}  // namespace kabuki::leader_election
