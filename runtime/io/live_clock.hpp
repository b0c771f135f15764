#pragma once

#include "runtime/io/clock.hpp"

namespace kabuki::io {

/// The system's clocks: the only place of the product that reads them.
class LiveClock final : public Clock {
 public:
  WallTime wall() const override;
  MonoTime mono() const override;
};

}  // namespace kabuki::io
