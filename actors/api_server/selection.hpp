#pragma once

#include "actors/api_server/parameters.hpp"
#include "actors/api_server/request_info.hpp"
#include "messages/bus/types.pb.h"

namespace kabuki::api_server {

/// Writes what a path and its query select in the form that shards and views understand.
void write_selection(const RequestInfo& info, const ListParameters& parameters, bus::Selection* out);

}  // namespace kabuki::api_server
