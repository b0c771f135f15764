#pragma once

#include <optional>

#include "actors/api_server/write/write.hpp"

namespace kabuki::api_server {

/// A status as an actor sends it (`Write::sent`), put into the bytes of the current object without parsing the rest
/// of either: what the kubelets of a million pods do all day. Gives what `finish_update` would; nullopt where there
/// is more to it (another name or uid, an object that is ending, corrupt bytes, a quota's reservations).
std::optional<Decision> splice_status(const Write& write, const ObjectPtr& current);

}  // namespace kabuki::api_server
