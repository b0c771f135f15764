#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "messages/object.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::tools {

/// Something that must hold at every change that becomes durable.
class Invariant {
 public:
  /// One change: `before` null, it came; `after` null, it went.
  struct Seen {
    ObjectPtr before;
    ObjectPtr after;
    const std::map<Key, ObjectPtr>& objects;  // all there are, after it
    io::MonoTime now;
    bool restoring = false;  // it came with a snapshot that the store was put back to
    const Object& object() const { return after ? *after : *before; }
  };
  using Breach = std::function<void(std::string)>;

  explicit Invariant(std::string name) : name_(std::move(name)) {}
  virtual ~Invariant() = default;

  /// As in tools/sim/README.md.
  const std::string& name() const { return name_; }
  virtual void changed(const Seen& seen, const Breach& breach) = 0;
  /// The store is put back: what was seen has not happened.
  virtual void forget() {}

 private:
  const std::string name_;
};

/// All of tools/sim/invariants.
std::vector<std::unique_ptr<Invariant>> all_invariants();

}  // namespace kabuki::tools
