#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "messages/kinds.hpp"
#include "messages/result.hpp"

namespace k8s::io::apimachinery::pkg::apis::meta::v1 {
class Status;
}

namespace kabuki {

using StatusMessage = k8s::io::apimachinery::pkg::apis::meta::v1::Status;

/// The standard failures, worded as a kube-apiserver words them (tests/messages/data/observed_*.json).
Error not_found(const Kind& kind, std::string_view name);
Error path_not_found();
Error method_not_allowed();
Error already_exists(const Kind& kind, std::string_view name);
/// The object has been modified since the writer read it.
Error stale_write(const Kind& kind, std::string_view name);
/// "Operation cannot be fulfilled on <resource> "<name>": <why>".
Error conflict(const Kind& kind, std::string_view name, std::string_view why);
Error bad_request(std::string_view message);
Error unauthorized();
Error unsupported_media_type(std::string_view message);
Error not_acceptable(std::string_view message);
Error request_too_large(std::string_view message);
Error invalid(const Kind& kind, std::string_view name, std::vector<Cause> causes);
/// Of what is no stored kind: `invalid("meta.k8s.io", "ListOptions", "", ...)`.
Error invalid(std::string_view group, std::string_view kind, std::string_view name, std::vector<Cause> causes);
Error forbidden(const Kind& kind, std::string_view name, std::string_view why);
Error expired(std::string_view message);
Error too_large_resource_version(uint64_t asked, uint64_t current);
Error too_many_requests(std::string_view message, int retry_after_seconds);
Error unavailable(std::string_view message);
Error timed_out(std::string_view message);
Error internal_error(std::string_view message);

/// Field errors of `invalid`, in Kubernetes' wording: `Required value`, `Invalid value: "x": why`, ...
/// `value` is printed as Go's %v/JSON would print it; pass strings already quoted.
Cause required_value(std::string field, std::string_view why = {});
Cause invalid_value(std::string field, std::string_view printed_value, std::string_view why);
Cause unsupported_value(std::string field, std::string_view value, const std::vector<std::string>& supported);
Cause duplicate_value(std::string field, std::string_view value);
Cause forbidden_value(std::string field, std::string_view why);
Cause too_long(std::string field, int max_bytes);

/// Writes `error` as a Status of failure.
void to_status(const Error& error, StatusMessage* out);
/// Reads a Status of failure back; what `to_status` wrote comes back equal.
Error from_status(const StatusMessage& status);

}  // namespace kabuki
