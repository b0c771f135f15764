#include "actors/api_server/parameters.hpp"

#include <absl/strings/escaping.h>
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <strings.h>

#include "messages/json_syntax.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

/// The most bytes of a field manager's name.
constexpr int kManagerMost = 128;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Less than nothing is no limit at all.
Result<uint64_t> number(std::string_view text) {
  int64_t value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc() && end == text.data() + text.size())
    return static_cast<uint64_t>(std::max<int64_t>(0, value));
  return bad_request("strconv.ParseInt: parsing \"" + std::string(text) +
                     "\": " + (failure == std::errc::result_out_of_range ? "value out of range" : "invalid syntax"));
}

Error list_options_invalid(std::vector<Cause> causes) {
  static const Kind list_options{.group = "meta.k8s.io", .kind = "ListOptions"};
  return invalid(list_options, "", std::move(causes));
}

/// What may not stand together. Source: Kubernetes, apimachinery's ValidateListOptions.
std::vector<Cause> check_list(const http::Request& request, ListParameters* out) {
  const std::string_view match = request.parameter("resourceVersionMatch");
  std::vector<Cause> causes;
  auto forbid = [&](const char* field, const char* why) { causes.push_back(forbidden_value(field, why)); };
  if (out->watch && out->send_initial_events && match != "NotOlderThan") {
    forbid("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  if (!match.empty()) {
    if (out->watch && !out->send_initial_events) {
      forbid("resourceVersionMatch",
             "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    }
    if (!out->watch && !out->has_version) {
      forbid("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
    }
    if (!out->continue_token.empty()) {
      forbid("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
    }
    if (match == "Exact") {
      out->match = ListParameters::Match::exact;
      if (!out->watch && out->has_version && out->version == 0) {
        forbid("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
      }
    } else if (match == "NotOlderThan") {
      out->match = ListParameters::Match::not_older_than;
    } else {
      causes.push_back(unsupported_value("resourceVersionMatch", match, {"Exact", "NotOlderThan", ""}));
    }
  }
  if (!out->watch && out->send_initial_events) forbid("sendInitialEvents", "sendInitialEvents is forbidden for list");
  return causes;
}

constexpr const char* kTokenVersion = "meta.k8s.io/v1";

/// Where `text` stops being unpadded base64url; npos when it does not. As Go's decoder counts.
size_t first_not_base64url(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool good =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!good) return i;
  }
  return text.size() % 4 == 1 ? text.size() - 1 : std::string_view::npos;
}

std::string go_type_of(const nlohmann::json& json) {
  if (json.is_array()) return "array";
  if (json.is_boolean()) return "bool";
  return json.is_string() ? "string" : "number";
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
    const char* last = version.data() + version.size();
    const auto [end, failure] = std::from_chars(version.data(), last, out.version);
    if (failure != std::errc() || end != last) {
      return list_options_invalid({invalid_value("resourceVersion", "\"" + std::string(version) + "\"",
                                                 "resourceVersion must be a decimal number")});
    }
    out.has_version = true;
  }
  if (std::string_view text = request.parameter("limit"); !text.empty()) {
    auto parsed = number(text);
    if (!parsed) return parsed.error();
    out.limit = *parsed;
  }
  if (std::string_view text = request.parameter("timeoutSeconds"); !text.empty()) {
    auto parsed = number(text);
    if (!parsed) return parsed.error();
    constexpr uint64_t kMost = 1'000'000'000;
    out.timeout_seconds = static_cast<int64_t>(std::min(*parsed, kMost));
  }
  if (auto causes = check_list(request, &out); !causes.empty()) return list_options_invalid(std::move(causes));
  return out;
}

Result<WriteParameters> write_parameters(const http::Request& request) {
  WriteParameters out;
  std::vector<Cause> causes;
  std::string stages;
  bool only_all = true;
  for (const auto& [name, value] : request.query) {
    if (name != "dryRun") continue;
    stages += (stages.empty() ? "\"" : ",\"") + value + "\"";
    only_all &= value == "All";
    out.dry_run = true;
  }
  if (!only_all) {
    causes.push_back({.reason = "FieldValueNotSupported",
                      .message = "Unsupported value: [" + stages + "]: supported values: \"All\"",
                      .field = "dryRun"});
  }
  out.field_manager = request.parameter("fieldManager");
  if (out.field_manager.size() > kManagerMost) causes.push_back(too_long("fieldManager", kManagerMost));
  if (std::any_of(out.field_manager.begin(), out.field_manager.end(), is_control)) {
    causes.push_back(invalid_value("fieldManager", nlohmann::json(out.field_manager).dump(),
                                   "should only contain printable characters"));
  }
  const bool applies = request.header("content-type").starts_with("application/apply-patch+yaml");
  if (request.method == "PATCH" && !applies && request.has("force")) {
    causes.push_back(forbidden_value("force", "may not be specified for non-apply patch"));
  }
  const std::string validation(request.parameter("fieldValidation"));
  if (validation == "Strict") {
    out.validation = FieldValidation::strict;
  } else if (validation == "Ignore") {
    out.validation = FieldValidation::ignore;
  } else if (!validation.empty() && validation != "Warn") {
    causes.push_back(unsupported_value("fieldValidation", validation, {"", "Ignore", "Strict", "Warn"}));
  }
  if (causes.empty()) return out;
  const std::string& method = request.method;
  const char* options = method == "POST"    ? "CreateOptions"
                        : method == "PUT"   ? "UpdateOptions"
                        : method == "PATCH" ? "PatchOptions"
                                            : "DeleteOptions";
  return invalid("meta.k8s.io", options, "", std::move(causes));
}

std::string write_continue_token(const Kind& kind, std::string_view ns, const ContinueToken& token) {
  std::string start = "/" + (kind.namespaced && ns.empty() ? token.ns + "/" : std::string()) + token.name;
  start.push_back('\0');
  nlohmann::ordered_json json{{"v", kTokenVersion}, {"rv", -1}, {"start", start}};
  if (token.revision != 0) json["rv"] = token.revision;
  std::string text = absl::WebSafeBase64Escape(json.dump());
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

Result<ContinueToken> read_continue_token(const Kind& kind, std::string_view ns, std::string_view text) {
  auto refuse = [](std::string_view why) {
    return bad_request("invalid continue token: continue key is not valid: " + std::string(why));
  };
  if (const size_t bad = first_not_base64url(text); bad != std::string_view::npos) {
    return refuse("illegal base64 data at input byte " + std::to_string(bad));
  }
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(absl::string_view(text.data(), text.size()), &bytes)) {
    return refuse("illegal base64 data at input byte " + std::to_string(text.size()));
  }
  auto json = nlohmann::json::parse(bytes, nullptr, false);
  if (json.is_discarded()) return refuse(explain_json_error(bytes));
  if (!json.is_object()) {
    return refuse("json: cannot unmarshal " + go_type_of(json) + " into Go value of type storage.continueToken");
  }
  const auto version = json.value("v", nlohmann::json());
  if (version != kTokenVersion) {
    return refuse("server does not recognize this encoded version " +
                  (version.is_string() ? version.dump() : std::string("\"\"")));
  }
  const auto revision = json.value("rv", nlohmann::json());
  const bool latest = revision.is_number_integer() && !revision.is_number_unsigned() && revision == -1;
  if (!latest && (!revision.is_number_unsigned() || revision == 0)) {
    return refuse("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  }
  const auto start = json.value("start", nlohmann::json());
  std::string key = start.is_string() ? start.get<std::string>() : "";
  if (key.empty()) return refuse("encoded start key empty (version meta.k8s.io/v1)");
  ContinueToken token{.revision = latest ? 0 : revision.get<uint64_t>(), .ns = std::string(ns)};
  if (key.back() == '\0') key.pop_back();
  if (!key.empty() && key.front() == '/') key.erase(0, 1);
  if (const size_t slash = key.find('/'); kind.namespaced && ns.empty() && slash != std::string::npos) {
    token.ns = key.substr(0, slash);
    key.erase(0, slash + 1);
  }
  if (key.find('/') != std::string::npos || key.empty() || key == "." || key == "..") {
    return refuse(start.get<std::string>());
  }
  token.name = key;
  return token;
}

}  // namespace kabuki::api_server
