#include "actors/api_server/negotiation.hpp"

#include <map>
#include <optional>

#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

struct MediaType {
  std::string_view type;
  std::map<std::string_view, std::string_view> parameters;
};

/// Takes the first item up to `separator` off `text`.
std::string_view take(std::string_view* text, char separator) {
  size_t end = text->find(separator);
  std::string_view item = trimmed(text->substr(0, end));
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return item;
}

MediaType parse_media_type(std::string_view text) {
  MediaType media;
  media.type = take(&text, ';');
  while (!text.empty()) {
    std::string_view parameter = take(&text, ';');
    std::string_view name = take(&parameter, '=');
    media.parameters[name] = trimmed(parameter);
  }
  return media;
}

std::optional<Encoding> encoding_of(std::string_view type) {
  if (type == "application/json" || type == "*/*" || type == "application/*") return Encoding::json;
  if (type == "application/yaml") return Encoding::yaml;
  if (type == "application/vnd.kubernetes.protobuf") return Encoding::protobuf;
  return std::nullopt;
}

std::optional<Format> format_of(const MediaType& media, bool watch) {
  std::optional<Encoding> encoding = encoding_of(media.type);
  if (!encoding || (watch && *encoding == Encoding::yaml)) return std::nullopt;
  Format format{*encoding, Format::As::object};
  auto as = media.parameters.find("as");
  if (as == media.parameters.end()) return format;
  auto version = media.parameters.find("v");
  auto group = media.parameters.find("g");
  if (group == media.parameters.end() || group->second != "meta.k8s.io") return std::nullopt;
  if (version == media.parameters.end() || version->second != "v1") return std::nullopt;
  if (as->second == "Table" && *encoding != Encoding::protobuf) {
    format.as = Format::As::table;
  } else if (as->second == "PartialObjectMetadata") {
    format.as = Format::As::partial_metadata;
  } else if (as->second == "PartialObjectMetadataList") {
    format.as = Format::As::partial_metadata_list;
  } else {
    return std::nullopt;
  }
  return format;
}

Error not_acceptable() {
  Error error{.code = 406, .reason = "NotAcceptable"};
  error.message =
      "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
      "application/vnd.kubernetes.protobuf, application/json;stream=watch, "
      "application/vnd.kubernetes.protobuf;stream=watch";
  error.has_details = true;
  return error;
}

}  // namespace

Result<Format> negotiate(std::string_view accept, bool watch) {
  if (trimmed(accept).empty()) return Format{};
  while (!accept.empty()) {
    if (auto format = format_of(parse_media_type(take(&accept, ',')), watch)) return *format;
  }
  return not_acceptable();
}

Result<Encoding> body_encoding(std::string_view content_type) {
  MediaType media = parse_media_type(content_type);
  if (media.type.empty()) return Encoding::json;
  if (auto encoding = encoding_of(media.type)) return *encoding;
  Error error{.code = 415, .reason = "UnsupportedMediaType"};
  error.message =
      "the body of the request was in an unknown format - accepted media types include: application/json, "
      "application/yaml, application/vnd.kubernetes.protobuf";
  return error;
}

std::string content_type(Format format, bool watch) {
  switch (format.encoding) {
    case Encoding::yaml:
      return "application/yaml";
    case Encoding::protobuf:
      return watch ? "application/vnd.kubernetes.protobuf;stream=watch" : "application/vnd.kubernetes.protobuf";
    case Encoding::json:
      break;
  }
  return "application/json";
}

}  // namespace kabuki::api_server
