#include "actors/api_server/delete_options.hpp"

#include <charconv>

#include "actors/api_server/body.hpp"
#include "messages/api/meta/v1/options.pb.h"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

using DeleteOptions = ::k8s::io::apimachinery::pkg::apis::meta::v1::DeleteOptions;

Error options_invalid(Cause cause) { return invalid("meta.k8s.io", "DeleteOptions", "", {std::move(cause)}); }

Result<DeleteOptions> from_body(const http::Request& request) {
  auto encoding = body_encoding(request.header("content-type"));
  if (!encoding) return encoding.error();
  ExpectedType expected{"v1", "DeleteOptions", DeleteOptions::descriptor(), true};
  auto body = decode_body(request.body, *encoding, expected, FieldValidation::ignore);
  if (!body) return body.error();
  return static_cast<const DeleteOptions&>(*body->message);
}

Result<DeleteOptions> from_query(const http::Request& request) {
  DeleteOptions options;
  if (std::string_view text = request.parameter("gracePeriodSeconds"); !text.empty()) {
    int64_t seconds = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (failure != std::errc() || end != text.data() + text.size()) {
      const bool range = failure == std::errc::result_out_of_range;
      return bad_request("strconv.ParseInt: parsing \"" + std::string(text) +
                         "\": " + (range ? "value out of range" : "invalid syntax"));
    }
    options.set_graceperiodseconds(seconds);
  }
  if (std::string_view policy = request.parameter("propagationPolicy"); !policy.empty()) {
    options.set_propagationpolicy(std::string(policy));
  }
  if (request.has("orphanDependents")) options.set_orphandependents(query_flag(request, "orphanDependents"));
  return options;
}

}  // namespace

Result<> read_delete_options(const http::Request& request, Write* write) {
  auto parameters = write_parameters(request);
  if (!parameters) return parameters.error();
  auto options = request.body.empty() ? from_query(request) : from_body(request);
  if (!options) return options.error();

  if (options->has_orphandependents() && options->has_propagationpolicy()) {
    return options_invalid(invalid_value("propagationPolicy", "\"" + options->propagationpolicy() + "\"",
                                         "orphanDependents and deletionPropagation cannot be both set"));
  }
  const std::string& policy = options->propagationpolicy();
  if (options->has_propagationpolicy() && policy != "Foreground" && policy != "Background" && policy != "Orphan") {
    return options_invalid(
        unsupported_value("propagationPolicy", policy, {"Foreground", "Background", "Orphan", "nil"}));
  }
  for (const std::string& stage : options->dryrun()) {
    if (stage != "All") return options_invalid(unsupported_value("dryRun", stage, {"All"}));
  }
  if (options->has_graceperiodseconds()) write->grace_seconds = options->graceperiodseconds();
  if (options->has_propagationpolicy()) write->propagation = options->propagationpolicy();
  if (options->has_orphandependents()) write->propagation = options->orphandependents() ? "Orphan" : "Background";
  if (options->preconditions().has_uid()) write->expected_uid = options->preconditions().uid();
  if (options->preconditions().has_resourceversion()) {
    write->expected_version = options->preconditions().resourceversion();
  }
  write->dry_run = parameters->dry_run || options->dryrun_size() > 0;
  return {};
}

}  // namespace kabuki::api_server
