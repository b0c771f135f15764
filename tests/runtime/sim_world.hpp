#pragma once

#include "tests/runtime/sim_test.hpp"

namespace kabuki::runtime::sim {

struct SimWorld : SimTest {
  void pair() {
    add("a", tree({child("echo", echo)}));
    add("b", tree({child("echo", echo)}));
    world->connect_all();
  }
};

}  // namespace kabuki::runtime::sim
