#pragma once

#include "messages/bus/types.pb.h"
#include "messages/result.hpp"

namespace kabuki {

/// An Error on the bus and back; what goes in comes out equal.
void error_to_failure(const Error& error, bus::Failure* out);
Error failure_to_error(const bus::Failure& failure);

}  // namespace kabuki
