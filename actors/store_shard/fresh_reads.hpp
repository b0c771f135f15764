#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "messages/result.hpp"
#include "runtime/actor.hpp"

namespace kabuki::store {

/// Reads that wait until the shard has seen enough: all that was acknowledged before they came, or a revision. One
/// barrier serves all that came before it was asked for. Pure: the actor asks the engine, and watches the time.
class FreshReads {
 public:
  struct Late {
    runtime::Inbound read;
    Error why;
  };

  /// `revision`: what it needs, where that is known; else a barrier has to tell. `ahead`: it asked for that revision
  /// itself. `asked`: the barrier under way, or one that was answered at once, is for it already.
  void add(runtime::Inbound read, io::MonoTime deadline, std::optional<uint64_t> revision, bool ahead, bool asked);

  /// Whether a barrier is to be asked for now: somebody waits that the one before was not for, and none is under way.
  /// Who waits now is who it is for.
  bool ask();
  /// A barrier was asked for, by ask() or not.
  void asked() { under_way_ = true; }
  bool under_way() const { return under_way_; }
  /// Whether somebody waits that no barrier was asked for yet.
  bool unasked() const;
  /// It told that those it was for need `revision`; or it failed, and they wait for the next.
  void answered(const Result<uint64_t>& revision);

  /// Takes out what can be served at this revision, in the order in which it came.
  std::vector<runtime::Inbound> take(uint64_t revision);
  /// Takes out those whose time is over, with what to tell them: ResourceVersionTooLarge where they asked for a
  /// revision, else what kept the barrier from being answered, or Timeout.
  std::vector<Late> take_late(io::MonoTime now, uint64_t revision);
  /// Drops those of which `gone` is true.
  void drop(const std::function<bool(const runtime::Inbound&)>& gone);
  /// When the next is late; none when nobody waits.
  std::optional<io::MonoTime> next_deadline() const;
  size_t size() const { return reads_.size(); }

 private:
  struct Read {
    runtime::Inbound in;
    io::MonoTime deadline;
    std::optional<uint64_t> revision;
    bool ahead = false;
    bool asked = false;
  };
  /// Takes those out, in order.
  std::vector<Read> take_if(const std::function<bool(const Read&)>& wanted);

  std::vector<Read> reads_;  // in the order in which they came
  std::optional<Error> trouble_;
  bool under_way_ = false;
};

}  // namespace kabuki::store
