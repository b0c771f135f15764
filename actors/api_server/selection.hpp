#pragma once

#include <span>

#include "actors/api_server/parameters.hpp"
#include "actors/api_server/render.hpp"
#include "actors/api_server/request_info.hpp"
#include "messages/bus/objects.pb.h"
#include "messages/bus/types.pb.h"

namespace kabuki::api_server {

/// Writes what a path and its query select in the form that shards and views understand.
void write_selection(const RequestInfo& info, const ListParameters& parameters, bus::Selection* out);

/// Writes all that a list asks for: also page, revision and where to go on. Error: 400 for a bad continue token.
Result<> write_list(const RequestInfo& info, const ListParameters& parameters, bus::ListObjects* out);

/// What a page that a shard answered says of itself, with the token of the next one.
ListFacts list_facts(const RequestInfo& info, const bus::ListObjectsReply& page, std::span<const ObjectPtr> items);

}  // namespace kabuki::api_server
