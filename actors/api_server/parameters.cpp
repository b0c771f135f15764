#include "actors/api_server/parameters.hpp"

#include <absl/strings/escaping.h>
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <strings.h>

#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

Result<uint64_t> number(std::string_view name, std::string_view text) {
  uint64_t value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc() && end == text.data() + text.size()) return value;
  return bad_request("invalid query parameter " + std::string(name) + "=\"" + std::string(text) +
                     "\": expected a number that is not negative");
}

Error list_options_invalid(std::vector<Cause> causes) {
  static const Kind list_options{.group = "meta.k8s.io", .kind = "ListOptions"};
  return invalid(list_options, "", std::move(causes));
}

Result<> check_version_match(const http::Request& request, ListParameters* out) {
  std::string_view match = request.parameter("resourceVersionMatch");
  if (match.empty()) return {};
  if (match == "Exact") {
    out->match = ListParameters::Match::exact;
  } else if (match == "NotOlderThan") {
    out->match = ListParameters::Match::not_older_than;
  } else {
    return list_options_invalid({unsupported_value("resourceVersionMatch", match, {"Exact", "NotOlderThan", ""})});
  }
  if (out->watch && !out->send_initial_events) {
    return list_options_invalid({forbidden_value("resourceVersionMatch",
                                                 "resourceVersionMatch is forbidden for watch unless "
                                                 "sendInitialEvents is provided")});
  }
  if (!out->watch && !out->has_version) {
    return list_options_invalid({forbidden_value(
        "resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided")});
  }
  if (out->match == ListParameters::Match::exact && out->version == 0) {
    return list_options_invalid({forbidden_value(
        "resourceVersionMatch", "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"")});
  }
  return {};
}

}  // namespace

bool query_flag(const http::Request& request, std::string_view name) {
  if (!request.has(name)) return false;
  std::string value(request.parameter(name));
  return value != "0" && strcasecmp(value.c_str(), "false") != 0;
}

Result<ListParameters> list_parameters(const Kind& kind, const http::Request& request) {
  ListParameters out;
  out.label_text = request.parameter("labelSelector");
  auto labels = LabelSelector::parse(out.label_text);
  if (!labels) return labels.error();
  out.labels = std::move(*labels);
  auto fields = FieldSelector::parse(kind, request.parameter("fieldSelector"));
  if (!fields) return fields.error();
  out.fields = std::move(*fields);
  out.watch = query_flag(request, "watch");
  out.bookmarks = query_flag(request, "allowWatchBookmarks");
  if (request.has("sendInitialEvents")) out.send_initial_events = query_flag(request, "sendInitialEvents");
  out.continue_token = request.parameter("continue");

  if (std::string_view version = request.parameter("resourceVersion"); !version.empty()) {
    auto parsed = number("resourceVersion", version);
    if (!parsed) {
      return list_options_invalid({invalid_value("resourceVersion", "\"" + std::string(version) + "\"",
                                                 "resourceVersion must be a decimal number")});
    }
    out.has_version = true;
    out.version = *parsed;
  }
  for (auto [name, target] : {std::pair{"limit", &out.limit}}) {
    if (std::string_view text = request.parameter(name); !text.empty()) {
      auto parsed = number(name, text);
      if (!parsed) return parsed.error();
      *target = *parsed;
    }
  }
  if (std::string_view text = request.parameter("timeoutSeconds"); !text.empty()) {
    auto parsed = number("timeoutSeconds", text);
    if (!parsed) return parsed.error();
    constexpr uint64_t kMost = 1'000'000'000;
    out.timeout_seconds = static_cast<int64_t>(std::min(*parsed, kMost));
  }
  if (out.send_initial_events && *out.send_initial_events && !out.watch) {
    return list_options_invalid({forbidden_value("sendInitialEvents", "sendInitialEvents is forbidden for list")});
  }
  if (auto checked = check_version_match(request, &out); !checked) return checked.error();
  return out;
}

Result<WriteParameters> write_parameters(const http::Request& request) {
  WriteParameters out;
  for (const auto& [name, value] : request.query) {
    if (name != "dryRun") continue;
    if (value != "All") {
      return bad_request("invalid query parameter dryRun=\"" + value + "\": the only supported value is All");
    }
    out.dry_run = true;
  }
  std::string_view validation = request.parameter("fieldValidation");
  if (validation == "Strict") {
    out.validation = FieldValidation::strict;
  } else if (validation == "Ignore") {
    out.validation = FieldValidation::ignore;
  } else if (!validation.empty() && validation != "Warn") {
    return bad_request("invalid query parameter fieldValidation=\"" + std::string(validation) +
                       "\": supported values are Ignore, Warn, Strict");
  }
  out.field_manager = request.parameter("fieldManager");
  return out;
}

std::string write_continue_token(const Kind& kind, const ContinueToken& token) {
  std::string start = (kind.namespaced ? token.ns + "/" : std::string()) + token.name;
  start.push_back('\0');
  nlohmann::ordered_json json{{"v", "meta.k8s.io/v1"}, {"rv", token.revision}, {"start", start}};
  std::string text = absl::WebSafeBase64Escape(json.dump());
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

Result<ContinueToken> read_continue_token(const Kind& kind, std::string_view text) {
  auto refuse = [](std::string_view why) {
    return bad_request("invalid continue token: continue key is not valid: " + std::string(why));
  };
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(absl::string_view(text.data(), text.size()), &bytes))
    return refuse("not base64url");
  auto json = nlohmann::json::parse(bytes, nullptr, false);
  if (!json.is_object()) return refuse("not a JSON object");
  if (json.value("v", nlohmann::json()) != "meta.k8s.io/v1") return refuse("unknown version");
  const auto& revision = json.value("rv", nlohmann::json());
  const auto& start = json.value("start", nlohmann::json());
  if (!revision.is_number_unsigned() || revision.get<uint64_t>() == 0) return refuse("no revision");
  if (!start.is_string()) return refuse("no start");
  ContinueToken token{.revision = revision.get<uint64_t>()};
  std::string key = start.get<std::string>();
  if (!key.empty() && key.back() == '\0') key.pop_back();
  if (!key.empty() && key.front() == '/') key.erase(0, 1);
  size_t slash = key.find('/');
  if (kind.namespaced && slash != std::string::npos) {
    token.ns = key.substr(0, slash);
    key.erase(0, slash + 1);
  }
  if (key.find('/') != std::string::npos || key.empty()) return refuse("start is not a key");
  token.name = key;
  return token;
}

}  // namespace kabuki::api_server
