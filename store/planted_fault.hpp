#pragma once

namespace kabuki::store {

/// A mistake that a store could make, built in where it would be made: what is to show that a check finds mistakes
/// switches one on. Only test programs compiled with KABUKI_PLANTED_FAULTS have them; everywhere else planted() is
/// false while compiling.
enum class PlantedFault {
  none,
  lost_update,            // a write happens though another came before it
  early_acknowledgement,  // a write is acknowledged before it is durable
  reused_revision,        // a restart goes back by one revision
  stale_read,             // a read misses the last write
  false_conflict,         // a write whose end is unknown is said to have been refused
  false_success,          // a write that was refused is said to have happened
  torn_list,              // the pages of a list are of different revisions
  watch_gap,              // an event is not told
  lost_deletion,          // a deletion is not told
  reordered_events,       // events of a batch come in the wrong order
  told_twice,             // a resumed watch begins one revision too early
  late_resume,            // ... or too late
  early_bookmark,         // a bookmark is ahead of what was told
  silent_compaction,      // a resumed watch is not told what was forgotten, nor that it was
  forgotten_index,        // watches by an indexed field miss updates
  unfenced_commit,        // a leader's write is not compared with its term where it is committed
};

#ifdef KABUKI_PLANTED_FAULTS
/// The one that is switched on.
inline PlantedFault planted_fault = PlantedFault::none;
inline bool planted(PlantedFault fault) { return planted_fault == fault; }
#else
constexpr bool planted(PlantedFault) { return false; }
#endif

}  // namespace kabuki::store
