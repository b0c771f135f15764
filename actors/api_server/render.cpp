#include "actors/api_server/render.hpp"

#include <memory>

#include "actors/api_server/table/table.hpp"
#include "messages/api/meta/v1/partial.pb.h"
#include "messages/api/meta/v1/status.pb.h"
#include "messages/encode.hpp"
#include "messages/envelope.hpp"
#include "messages/json.hpp"
#include "messages/list_encode.hpp"
#include "messages/meta.hpp"
#include "messages/status.hpp"
#include "messages/versions.hpp"
#include "messages/yaml.hpp"

namespace kabuki::api_server {
namespace {

using google::protobuf::Message;
using PartialObjectMetadata = ::k8s::io::apimachinery::pkg::apis::meta::v1::PartialObjectMetadata;

constexpr const char* kMetaVersion = "meta.k8s.io/v1";

PartialObjectMetadata partial_of(const Message& message) {
  PartialObjectMetadata partial;
  *partial.mutable_metadata() = meta_of(message);
  return partial;
}

bool is_partial(Format format) {
  return format.as == Format::As::partial_metadata || format.as == Format::As::partial_metadata_list;
}

/// Of JSON that was written here, so that it is sound.
std::string as_yaml(std::string_view json) {
  auto yaml = json_to_yaml(json);
  assert(yaml.ok());
  return std::move(*yaml);
}

Response with_body(int status, Format format, std::string body) {
  return {status, {{"content-type", content_type(format)}}, std::move(body)};
}

std::string in_encoding(const Message& message, std::string_view kind, std::string_view api_version,
                        Encoding encoding) {
  if (encoding == Encoding::protobuf) {
    std::string body;
    append_envelope(api_version, kind, serialize(message), &body);
    return body;
  }
  std::string json;
  encode_json(message, &json, kind, api_version);
  return encoding == Encoding::yaml ? as_yaml(json) : json;
}

std::unique_ptr<Message> parsed(const Object& object) {
  std::unique_ptr<Message> message(kind_of(object.kind()).make());
  auto sound = object.parse(message.get());
  assert(sound.ok());
  return message;
}

/// Null where the kind is stored as the client knows it, or not stored.
const Version* version_of(const Kind& kind) {
  const Version* version = find_version(kind.id);
  return version && version->stored ? version : nullptr;
}

TableOptions table_options(const Kind& kind, std::string_view include_object, io::WallTime now) {
  TableOptions options;
  options.version = version_of(kind);
  options.now = now;
  options.include = include_object == "None"     ? TableOptions::Include::none
                    : include_object == "Object" ? TableOptions::Include::object
                                                 : TableOptions::Include::metadata;
  return options;
}

std::string table_of_one(const ObjectPtr& object, TableOptions options) {
  options.revision = object->revision();
  std::string json;
  encode_table_json(kind_of(object->kind()), std::vector<ObjectPtr>{object}, options, &json);
  return json;
}

std::string json_event(std::string_view type, std::string_view object) {
  std::string line = "{\"type\":\"";
  line.append(type).append("\",\"object\":").append(object).append("}\n");
  return line;
}

/// Unlike those of other lists, these items carry their kind: their list does not tell it.
void append_partial_list_json(std::span<const ObjectPtr> items, const ListPage& page, std::string* out) {
  *out += R"({"kind":"PartialObjectMetadataList","apiVersion":")" + std::string(kMetaVersion) + R"(","metadata":)";
  ::k8s::io::apimachinery::pkg::apis::meta::v1::ListMeta meta;
  meta.set_resourceversion(std::to_string(page.revision));
  meta.set_continue_(std::string(page.continue_token));
  if (page.remaining_items) meta.set_remainingitemcount(*page.remaining_items);
  encode_json(meta, out);
  *out += R"(,"items":[)";
  const char* between = "";
  for (const ObjectPtr& item : items) {
    *out += between;
    encode_json(partial_of(*parsed(*item)), out, "PartialObjectMetadata", kMetaVersion);
    between = ",";
  }
  *out += "]}";
}

}  // namespace

Response render_message(int status, const Message& message, std::string_view kind, std::string_view api_version,
                        Format format) {
  return with_body(status, format, in_encoding(message, kind, api_version, format.encoding));
}

void add_warnings(const std::vector<std::string>& warnings, Response* response) {
  for (const std::string& warning : warnings) {
    std::string text;
    for (char c : warning) {
      if (c == '"' || c == '\\') text.push_back('\\');
      text.push_back(c);
    }
    response->headers.emplace_back("warning", "299 - \"" + text + "\"");
  }
}

Response render_error(const Error& error, Format format) { return render_expired(error, {}, format); }

Response render_expired(const Error& error, std::string_view continue_token, Format format) {
  StatusMessage status;
  to_status(error, &status);
  if (!continue_token.empty()) status.mutable_metadata()->set_continue_(std::string(continue_token));
  Response response = render_message(error.code, status, "Status", "v1", {format.encoding, Format::As::object});
  if (error.retry_after_seconds > 0) {
    response.headers.emplace_back("retry-after", std::to_string(error.retry_after_seconds));
  }
  return response;
}

Response render_deleted(const Kind& kind, std::string_view name, std::string_view uid, Format format) {
  StatusMessage status;
  status.mutable_metadata();
  status.set_status("Success");
  status.mutable_details()->set_name(std::string(name));
  status.mutable_details()->set_group(kind.group);
  status.mutable_details()->set_kind(kind.plural);
  status.mutable_details()->set_uid(std::string(uid));
  return render_message(200, status, "Status", "v1", {format.encoding, Format::As::object});
}

Response render_created_status(Format format) {
  StatusMessage status;
  status.mutable_metadata();
  status.set_status("Success");
  status.set_code(201);
  return render_message(201, status, "Status", "v1", {format.encoding, Format::As::object});
}

Response render_object(int status, const Kind& kind, const Message& message, Format format,
                       std::string_view include_object, io::WallTime now) {
  const Version* version = version_of(kind);
  if (format.as == Format::As::table) {
    const Kind& stored = version ? kind_of(version->stored) : kind;
    TableOptions options = table_options(kind, include_object, now);
    const std::string& revision = meta_of(message).resourceversion();
    options.revision = revision.empty() ? 0 : std::stoull(revision);
    std::string json;
    encode_table_json(stored, std::vector<ObjectPtr>{Object::encode(stored.id, message, options.revision)}, options,
                      &json);
    return with_body(status, {format.encoding, Format::As::object},
                     format.encoding == Encoding::yaml ? as_yaml(json) : json);
  }
  std::unique_ptr<Message> converted;
  if (version) converted = from_stored(*version, message);
  const Message& shown = converted ? *converted : message;
  if (is_partial(format)) {
    return render_message(status, partial_of(shown), "PartialObjectMetadata", kMetaVersion, format);
  }
  return render_message(status, shown, kind.kind, kind.api_version(), format);
}

Response render_list(const Kind& kind, std::span<const ObjectPtr> items, const ListFacts& facts, Format format,
                     std::string_view include_object, io::WallTime now) {
  const Version* version = version_of(kind);
  std::vector<ObjectPtr> converted;
  if (version && format.as != Format::As::table) {
    converted.reserve(items.size());
    for (const ObjectPtr& item : items) converted.push_back(as_version(*version, *item));
    items = converted;
  }
  ListPage page{.revision = facts.revision, .continue_token = facts.continue_token};
  if (facts.remaining_known) page.remaining_items = static_cast<int64_t>(facts.remaining);
  std::string body;
  if (format.as == Format::As::table) {
    TableOptions options = table_options(kind, include_object, now);
    options.revision = facts.revision;
    options.continue_token = facts.continue_token;
    options.remaining = page.remaining_items;
    encode_table_json(version ? kind_of(version->stored) : kind, items, options, &body);
  } else if (is_partial(format) && format.encoding != Encoding::protobuf) {
    append_partial_list_json(items, page, &body);
  } else if (is_partial(format)) {
    ::k8s::io::apimachinery::pkg::apis::meta::v1::PartialObjectMetadataList list;
    list.mutable_metadata()->set_resourceversion(std::to_string(facts.revision));
    list.mutable_metadata()->set_continue_(facts.continue_token);
    if (page.remaining_items) list.mutable_metadata()->set_remainingitemcount(*page.remaining_items);
    for (const ObjectPtr& item : items) *list.add_items() = partial_of(*parsed(*item));
    return render_message(200, list, "PartialObjectMetadataList", kMetaVersion, format);
  } else if (format.encoding == Encoding::protobuf) {
    append_list_protobuf(kind, items, page, &body);
  } else {
    append_list_json(kind, items, page, &body);
  }
  if (format.encoding == Encoding::yaml) body = as_yaml(body);
  return with_body(200, {format.encoding, Format::As::object}, std::move(body));
}

std::string render_event(const Kind& kind, std::string_view type, const ObjectPtr& stored, Format format,
                         std::string_view include_object, bool first, io::WallTime now) {
  std::string out;
  if (format.as == Format::As::table) {
    TableOptions options = table_options(kind, include_object, now);
    options.columns = first;
    return json_event(type, table_of_one(stored, std::move(options)));
  }
  const Version* version = version_of(kind);
  const ObjectPtr object = version ? as_version(*version, *stored) : stored;
  if (is_partial(format)) {
    PartialObjectMetadata partial = partial_of(*parsed(*object));
    if (format.encoding == Encoding::protobuf) {
      append_watch_frame(type, kMetaVersion, "PartialObjectMetadata", serialize(partial), &out);
      return out;
    }
    encode_json(partial, &out, "PartialObjectMetadata", kMetaVersion);
    return json_event(type, out);
  }
  if (format.encoding == Encoding::protobuf) {
    append_event_protobuf(type, *object, &out);
  } else {
    append_event_json(type, *object, &out);
  }
  return out;
}

std::string render_bookmark(const Kind& kind, uint64_t revision, bool initial_end, Format format) {
  std::string out;
  if (format.as == Format::As::table) {
    TableOptions options;
    options.revision = revision;
    options.columns = false;
    encode_table_json(kind, {}, options, &out);
    return json_event("BOOKMARK", out);
  }
  if (is_partial(format)) {
    PartialObjectMetadata bookmark;
    bookmark.ParseFromString(bookmark_body(revision, initial_end));
    if (format.encoding == Encoding::protobuf) {
      append_watch_frame("BOOKMARK", kMetaVersion, "PartialObjectMetadata", serialize(bookmark), &out);
      return out;
    }
    encode_json(bookmark, &out, "PartialObjectMetadata", kMetaVersion);
    return json_event("BOOKMARK", out);
  }
  if (format.encoding == Encoding::protobuf) {
    append_bookmark_protobuf(kind, revision, initial_end, &out);
  } else {
    append_bookmark_json(kind, revision, initial_end, &out);
  }
  return out;
}

std::string render_error_event(const Error& error, Format format) {
  StatusMessage status;
  to_status(error, &status);
  std::string json;
  if (format.encoding == Encoding::protobuf) {
    append_watch_frame("ERROR", "v1", "Status", serialize(status), &json);
    return json;
  }
  encode_json(status, &json, "Status", "v1");
  return json_event("ERROR", json);
}

}  // namespace kabuki::api_server
