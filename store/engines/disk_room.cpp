#include "store/engines/disk_room.hpp"

namespace kabuki::store {

Admit DiskRoom::look() {
  const auto free = disk_->free_bytes(directory_);
  if (!free) return Admit::everything;  // a disk that is gone says so when it is written
  if (!known_) reserved_ = disk_->exists(reserve_path());
  known_ = true;
  // Some more must be free than before it was low, so that it does not change to and fro.
  low_room_ = *free < (low_room_ ? low_ + low_ / 4 : low_);
  if (!low_room_) {
    if (!reserved_ && *free >= low_ + reserve_) reserved_ = disk_->allocate(reserve_path(), reserve_).ok();
    return Admit::everything;
  }
  if (*free >= low_ / 8) return *free >= low_ / 2 ? Admit::what_does_not_grow : Admit::deletes;
  if (reserved_) reserved_ = !disk_->remove(reserve_path()).ok();
  return Admit::deletes;
}

}  // namespace kabuki::store
