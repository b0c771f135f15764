#include "actors/api_server/body.hpp"

#include <absl/strings/escaping.h>
#include <google/protobuf/descriptor.h>

#include "messages/envelope.hpp"
#include "messages/json.hpp"
#include "messages/status.hpp"
#include "messages/yaml.hpp"

namespace kabuki::api_server {
namespace {

std::shared_ptr<google::protobuf::Message> empty_message(const google::protobuf::Descriptor* descriptor) {
  auto* factory = google::protobuf::MessageFactory::generated_factory();
  return std::shared_ptr<google::protobuf::Message>(factory->GetPrototype(descriptor)->New());
}

/// The version without its group, and the kind with its package: how a kube-apiserver speaks of a Go type.
std::string go_type(std::string_view api_version, std::string_view kind) {
  size_t slash = api_version.find('/');
  std::string_view version = slash == std::string_view::npos ? api_version : api_version.substr(slash + 1);
  return std::string(version) + "." + std::string(kind);
}

Error wrong_kind(std::string_view api_version, std::string_view kind, const ExpectedType& expected) {
  size_t slash = expected.api_version.find('/');
  std::string group = slash == std::string::npos ? "core" : expected.api_version.substr(0, slash);
  return bad_request(std::string(kind) + " in version \"" + std::string(api_version) + "\" cannot be handled as a " +
                     expected.kind + ": converting (" + go_type(api_version, kind) + ") to (" + group + "." +
                     expected.kind + "): unknown conversion");
}

Result<> check_type(std::string_view api_version, std::string_view kind, const ExpectedType& expected) {
  // What is not said follows from the path; clients of typed languages leave both out.
  if (kind.empty()) kind = expected.kind;
  if (api_version.empty() || api_version == expected.older_version) api_version = expected.api_version;
  if (kind != expected.kind || api_version != expected.api_version) {
    if (expected.any_version && kind == expected.kind) return {};
    return wrong_kind(api_version, kind, expected);
  }
  return {};
}

/// What Kubernetes shows of a body that it could not read.
std::string summary(std::string_view body) {
  constexpr size_t kShown = 30;
  if (body.empty()) return "<empty>";
  std::string shown(body.substr(0, kShown));
  if (body.front() != '{') shown = absl::BytesToHexString(shown);
  return body.size() > kShown ? shown + " ..." : shown;
}

Result<DecodedBody> decode_protobuf(std::string_view body, const ExpectedType& expected) {
  auto envelope = open_envelope(body);
  if (!envelope) return envelope.error();
  if (auto typed = check_type(envelope->api_version, envelope->kind, expected); !typed) return typed.error();
  DecodedBody out{.message = empty_message(expected.descriptor)};
  if (auto decoded = decode_envelope(body, out.message.get()); !decoded) return decoded.error();
  return out;
}

}  // namespace

Error strict_decoding_error(const ExpectedType& expected, const std::vector<std::string>& notes) {
  std::string list;
  for (const std::string& note : notes) list += (list.empty() ? "" : ", ") + note;
  size_t slash = expected.api_version.find('/');
  std::string version = slash == std::string::npos ? expected.api_version : expected.api_version.substr(slash + 1);
  return bad_request(expected.kind + " in version \"" + version + "\" cannot be handled as a " + expected.kind +
                     ": strict decoding error: " + list);
}

Result<DecodedBody> decode_body(std::string_view body, Encoding encoding, const ExpectedType& expected,
                                FieldValidation validation) {
  if (encoding == Encoding::protobuf) return decode_protobuf(body, expected);
  std::string json;
  if (encoding == Encoding::yaml) {
    auto converted = yaml_to_json(body);
    if (!converted) return converted.error();
    json = std::move(*converted);
    body = json;
  }
  auto type = peek_type_meta(body);
  if (!type) {
    Error error = type.error();
    error.message = "the object provided is unrecognized (must be of type " + expected.kind + "): " + error.message +
                    " (" + summary(body) + ")";
    return error;
  }
  if (auto typed = check_type(type->api_version, type->kind, expected); !typed) return typed.error();
  DecodedBody out{.message = empty_message(expected.descriptor)};
  JsonNotes notes;
  auto decoded = decode_json(body, out.message.get(), validation == FieldValidation::ignore ? nullptr : &notes);
  if (!decoded) {
    Error error = decoded.error();
    size_t slash = expected.api_version.find('/');
    std::string version = slash == std::string::npos ? expected.api_version : expected.api_version.substr(slash + 1);
    error.message = expected.kind + " in version \"" + version + "\" cannot be handled as a " + expected.kind + ": " +
                    error.message;
    return error;
  }
  if (validation == FieldValidation::strict && !notes.notes.empty()) {
    return strict_decoding_error(expected, notes.notes);
  }
  out.warnings = std::move(notes.notes);
  return out;
}

}  // namespace kabuki::api_server
