#pragma once

#include <google/protobuf/message.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/negotiation.hpp"
#include "messages/kinds.hpp"
#include "messages/object.hpp"
#include "messages/result.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::api_server {

/// A response ready to be sent.
struct Response {
  int status = 200;
  http::Headers headers;
  std::string body;
};

/// A Status of failure as JSON (or Protobuf where asked), with Retry-After where the error carries it.
Response render_error(const Error& error, Format format);

/// The same with a token to go on with, where there is one.
Response render_expired(const Error& error, std::string_view continue_token, Format format);

/// A Status of success, as deletions answer it.
Response render_deleted(const Kind& kind, std::string_view name, std::string_view uid, Format format);
/// A Status of success without details but `code` 201, as pods/binding answers it.
Response render_created_status(Format format);

/// One message of whatever type, as JSON, YAML or Protobuf: objects, Scales, documents.
Response render_message(int status, const google::protobuf::Message& message, std::string_view kind,
                        std::string_view api_version, Format format);

/// Adds a Warning header for each.
void add_warnings(const std::vector<std::string>& warnings, Response* response);

// Below, `kind` is the kind as the client knows it. What is rendered is what is stored: where the two differ
// (messages/versions.hpp) it is converted here. Only what is computed comes in its own form.

/// One object of a kind, also as Table or PartialObjectMetadata.
Response render_object(int status, const Kind& kind, const google::protobuf::Message& message, Format format,
                       std::string_view include_object, io::WallTime now);

/// What a list answers beside its items.
struct ListFacts {
  uint64_t revision = 0;
  std::string continue_token;
  bool remaining_known = false;
  uint64_t remaining = 0;
};
/// `include_object` is a Table's: "Metadata" ("" too), "Object" or "None".
Response render_list(const Kind& kind, std::span<const ObjectPtr> items, const ListFacts& facts, Format format,
                     std::string_view include_object, io::WallTime now);

/// One watch event, framed as the format frames it (a line of JSON, a length and a Protobuf WatchEvent). `type` is
/// ADDED, MODIFIED or DELETED. `first` of a Table carries the columns.
std::string render_event(const Kind& kind, std::string_view type, const ObjectPtr& object, Format format,
                         std::string_view include_object, bool first, io::WallTime now);
std::string render_bookmark(const Kind& kind, uint64_t revision, bool initial_end, Format format);
std::string render_error_event(const Error& error, Format format);

}  // namespace kabuki::api_server
