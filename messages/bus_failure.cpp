#include "messages/bus_failure.hpp"

namespace kabuki {

void error_to_failure(const Error& error, bus::Failure* out) {
  out->set_code(error.code);
  out->set_reason(error.reason);
  out->set_message(error.message);
  out->set_name(error.name);
  out->set_group(error.group);
  out->set_kind(error.kind);
  out->set_uid(error.uid);
  out->set_retry_after_seconds(error.retry_after_seconds);
  out->set_has_details(error.has_details);
  for (const Cause& cause : error.causes) {
    auto* to = out->add_causes();
    to->set_reason(cause.reason);
    to->set_message(cause.message);
    to->set_field(cause.field);
  }
}

Error failure_to_error(const bus::Failure& failure) {
  Error error{.code = failure.code(),
              .reason = failure.reason(),
              .message = failure.message(),
              .name = failure.name(),
              .group = failure.group(),
              .kind = failure.kind(),
              .uid = failure.uid(),
              .retry_after_seconds = failure.retry_after_seconds(),
              .has_details = failure.has_details()};
  for (const auto& cause : failure.causes()) error.causes.push_back({cause.reason(), cause.message(), cause.field()});
  return error;
}

}  // namespace kabuki
