#pragma once

#include <memory>
#include <string>
#include <vector>

namespace kabuki::runtime {

class Actor;

/// Base beside Actor of those that keep certain children standing, supervisors above all: so that a whole tree can be
/// compared with what it is to be.
class StandingChildren {
 public:
  struct Child {
    std::string name;  // within its parent
    std::unique_ptr<Actor> actor;
  };
  /// Every child that is there when nothing is being started or ended, newly made and not started. Any thread, before
  /// the actor itself is started; it does nothing but look.
  virtual std::vector<Child> standing_children() const = 0;

 protected:
  StandingChildren() = default;
  ~StandingChildren() = default;
};

}  // namespace kabuki::runtime
