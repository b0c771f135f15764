#include "messages/status.hpp"

#include <algorithm>

#include "messages/api/meta/v1/status.pb.h"
#include "messages/go_quote.hpp"

namespace kabuki {
namespace {

/// What already is JSON of a string, a list or an object stays as it is.
std::string printed(std::string_view value) {
  if (!value.empty() && (value.front() == '"' || value.front() == '{' || value.front() == '[')) {
    return std::string(value);
  }
  return go_quoted(value);
}

Error plain(int code, std::string reason, std::string message) {
  Error error;
  error.code = code;
  error.reason = std::move(reason);
  error.message = std::move(message);
  return error;
}

Error about_resource(int code, std::string reason, std::string message, const Kind& kind, std::string_view name) {
  Error error = plain(code, std::move(reason), std::move(message));
  error.name = name;
  error.group = kind.group;
  error.kind = kind.plural;
  error.has_details = true;
  return error;
}

std::string after_colon(std::string_view head, std::string_view why) {
  std::string out(head);
  if (!why.empty()) (out += ": ") += why;
  return out;
}

}  // namespace

Error not_found(const Kind& kind, std::string_view name) {
  return about_resource(404, "NotFound", kind.resource() + " " + go_quoted(name) + " not found", kind, name);
}

Error path_not_found() {
  Error error = plain(404, "NotFound", "the server could not find the requested resource");
  error.has_details = true;
  return error;
}

Error method_not_allowed() {
  Error error = plain(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
  error.has_details = true;
  return error;
}

Error already_exists(const Kind& kind, std::string_view name) {
  return about_resource(409, "AlreadyExists", kind.resource() + " " + go_quoted(name) + " already exists", kind,
                        name);
}

Error stale_write(const Kind& kind, std::string_view name) {
  return conflict(kind, name,
                  "the object has been modified; please apply your changes to the latest version and try again");
}

Error conflict(const Kind& kind, std::string_view name, std::string_view why) {
  return about_resource(
      409, "Conflict",
      after_colon("Operation cannot be fulfilled on " + kind.resource() + " " + go_quoted(name), why), kind, name);
}

Error bad_request(std::string_view message) { return plain(400, "BadRequest", std::string(message)); }

Error unauthorized() { return plain(401, "Unauthorized", "Unauthorized"); }

Error unsupported_media_type(std::string_view message) {
  return plain(415, "UnsupportedMediaType", std::string(message));
}

Error not_acceptable(std::string_view message) {
  Error error = plain(406, "NotAcceptable", std::string(message));
  error.has_details = true;
  return error;
}

Error request_too_large(std::string_view message) {
  return plain(413, "RequestEntityTooLarge", std::string(message));
}

Error invalid(const Kind& kind, std::string_view name, std::vector<Cause> causes) {
  return invalid(kind.group, kind.kind, name, std::move(causes));
}

Error invalid(std::string_view group, std::string_view kind, std::string_view name, std::vector<Cause> causes) {
  std::vector<std::string> lines;
  for (const Cause& cause : causes) {
    std::string line = cause.field.empty() ? cause.message : cause.field + ": " + cause.message;
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(std::move(line));
  }
  std::string why;
  for (const std::string& line : lines) why += (why.empty() ? "" : ", ") + line;
  if (lines.size() > 1) why = "[" + why + "]";

  std::string what(kind);
  if (!group.empty()) (what += ".") += group;
  Error error = plain(422, "Invalid", after_colon(what + " " + go_quoted(name) + " is invalid", why));
  error.name = name;
  error.group = group;
  error.kind = kind;
  error.causes = std::move(causes);
  error.has_details = true;
  return error;
}

Error forbidden(const Kind& kind, std::string_view name, std::string_view why) {
  std::string what = kind.resource();
  if (!name.empty()) what += " " + go_quoted(name);
  return about_resource(403, "Forbidden", after_colon(what + " is forbidden", why), kind, name);
}

Error expired(std::string_view message) { return plain(410, "Expired", std::string(message)); }

Error too_large_resource_version(uint64_t asked, uint64_t current) {
  Error error =
      timed_out("Too large resource version: " + std::to_string(asked) + ", current: " + std::to_string(current));
  error.causes = {{"ResourceVersionTooLarge", "Too large resource version", ""}};
  error.retry_after_seconds = 1;
  return error;
}

Error too_many_requests(std::string_view message, int retry_after_seconds) {
  Error error = plain(429, "TooManyRequests", std::string(message));
  error.retry_after_seconds = retry_after_seconds;
  error.has_details = true;
  return error;
}

Error unavailable(std::string_view message) { return plain(503, "ServiceUnavailable", std::string(message)); }

Error timed_out(std::string_view message) {
  Error error = plain(504, "Timeout", after_colon("Timeout", message));
  error.has_details = true;
  return error;
}

Error internal_error(std::string_view message) {
  Error error = plain(500, "InternalError", after_colon("Internal error occurred", message));
  error.causes = {{"", std::string(message), ""}};
  error.has_details = true;
  return error;
}

Cause required_value(std::string field, std::string_view why) {
  return {"FieldValueRequired", after_colon("Required value", why), std::move(field)};
}

Cause invalid_value(std::string field, std::string_view printed_value, std::string_view why) {
  return {"FieldValueInvalid", after_colon("Invalid value: " + std::string(printed_value), why), std::move(field)};
}

Cause unsupported_value(std::string field, std::string_view value, const std::vector<std::string>& supported) {
  std::string message = "Unsupported value: " + printed(value);
  for (size_t i = 0; i < supported.size(); ++i) {
    message += (i == 0 ? ": supported values: " : ", ") + go_quoted(supported[i]);
  }
  return {"FieldValueNotSupported", std::move(message), std::move(field)};
}

Cause duplicate_value(std::string field, std::string_view value) {
  return {"FieldValueDuplicate", "Duplicate value: " + printed(value), std::move(field)};
}

Cause forbidden_value(std::string field, std::string_view why) {
  return {"FieldValueForbidden", after_colon("Forbidden", why), std::move(field)};
}

Cause too_long(std::string field, int max_bytes) {
  return {"FieldValueTooLong", "Too long: may not be more than " + std::to_string(max_bytes) + " bytes",
          std::move(field)};
}

void to_status(const Error& error, StatusMessage* out) {
  out->Clear();
  out->set_status("Failure");
  out->set_message(error.message);
  out->set_reason(error.reason);
  out->set_code(error.code);
  const bool any = !error.name.empty() || !error.group.empty() || !error.kind.empty() || !error.uid.empty() ||
                   !error.causes.empty() || error.retry_after_seconds != 0;
  if (!error.has_details && !any) return;
  auto* details = out->mutable_details();
  details->set_name(error.name);
  details->set_group(error.group);
  details->set_kind(error.kind);
  details->set_uid(error.uid);
  details->set_retryafterseconds(error.retry_after_seconds);
  for (const Cause& cause : error.causes) {
    auto* written = details->add_causes();
    written->set_reason(cause.reason);
    written->set_message(cause.message);
    written->set_field(cause.field);
  }
}

Error from_status(const StatusMessage& status) {
  Error error = plain(status.code(), status.reason(), status.message());
  error.has_details = status.has_details();
  const auto& details = status.details();
  error.name = details.name();
  error.group = details.group();
  error.kind = details.kind();
  error.uid = details.uid();
  error.retry_after_seconds = details.retryafterseconds();
  for (const auto& cause : details.causes()) error.causes.push_back({cause.reason(), cause.message(), cause.field()});
  return error;
}

}  // namespace kabuki
