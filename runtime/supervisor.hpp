#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/actor.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::runtime {

/// OTP's `supervisor`, exactly: https://www.erlang.org/doc/man/supervisor.html
enum class Strategy { one_for_one, one_for_all, rest_for_one };
enum class Restart { permanent, transient, temporary };

struct ChildSpec {
  std::string name;  // within its supervisor
  std::function<std::unique_ptr<Actor>()> make;
  Restart restart = Restart::permanent;
  io::Duration shutdown =
      std::chrono::seconds(5);  // then it is killed; ignored for supervisors, which are waited for
  bool supervisor = false;
};

struct SupervisorSpec {
  Strategy strategy = Strategy::one_for_one;
  int intensity = 1;  // restarts within `period`; one more ends the supervisor
  io::Duration period = std::chrono::seconds(5);
  std::vector<ChildSpec> children;  // started left to right, stopped right to left
};

/// An actor that starts, restarts and stops its children as `spec` says. It answers kabuki.bus.Inspect for the
/// subtree below it.
std::unique_ptr<Actor> make_supervisor(SupervisorSpec spec);

/// A child spec for a supervisor of its own: so that a whole tree reads as one expression.
ChildSpec supervisor_child(std::string name, SupervisorSpec spec, Restart restart = Restart::permanent);

}  // namespace kabuki::runtime
