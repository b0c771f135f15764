#pragma once

#include <google/protobuf/message.h>
#include <span>
#include <vector>

#include "actors/api_server/write/admission/plugin.hpp"

namespace kabuki::api_server {

/// All plugins, in the order in which they are asked.
std::span<const AdmissionPlugin* const> admission_plugins();

/// Relieves a new object of a status that only controllers write, and gives it the one with which a life begins.
void begin_status(const Kind& kind, google::protobuf::Message* object);

/// Lets every plugin change the object that is written, or refuse it: after defaults, before validation.
Result<> admit(const Admission& admission);
/// Lets every plugin look at the object that was found valid.
Result<> check_admitted(const Admission& admission);

/// What the admission of `write` refers to by name. Where the surroundings lack any, the store is to be asked, and
/// what it has goes into Write::looked_up.
std::vector<Key> referred_by(const Write& write);
/// Whether it is worth to wait a little for what is not there: a new namespace gets its default account soon.
bool comes_soon(const Key& key);

}  // namespace kabuki::api_server
