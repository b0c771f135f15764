#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "messages/kinds.hpp"
#include "messages/object.hpp"

namespace kabuki {

/// Appends the object's message with metadata.resourceVersion set to its revision; of revision 0 as it is.
void append_body(const Object& object, std::string* out);

/// Appends an object as JSON or as an enveloped Protobuf message, resourceVersion included. Without `type_meta` the
/// JSON carries no kind and apiVersion, as the items of a list do not.
void append_object_json(const Object& object, std::string* out, bool type_meta = true);
void append_object_protobuf(const Object& object, std::string* out);

/// What a list's metadata says.
struct ListPage {
  uint64_t revision = 0;
  std::string_view continue_token;         // "" on the last page
  std::optional<int64_t> remaining_items;  // unknown where absent
};

/// Appends a list of one kind ("PodList") from its encoded items, in the order given; no item is parsed.
void append_list_json(const Kind& kind, std::span<const ObjectPtr> items, const ListPage& page, std::string* out);
void append_list_protobuf(const Kind& kind, std::span<const ObjectPtr> items, const ListPage& page, std::string* out);

/// The body of an object that has only metadata: what a bookmark carries. `initial_end` annotates it as the end of
/// the initial events.
std::string bookmark_body(uint64_t revision, bool initial_end);

/// Appends one event of a watch: of JSON a line with its newline, of Protobuf a frame. `type` is ADDED, MODIFIED or
/// DELETED; a deleted object's own revision is that of its deletion.
void append_event_json(std::string_view type, const Object& object, std::string* out);
void append_event_protobuf(std::string_view type, const Object& object, std::string* out);
void append_bookmark_json(const Kind& kind, uint64_t revision, bool initial_end, std::string* out);
void append_bookmark_protobuf(const Kind& kind, uint64_t revision, bool initial_end, std::string* out);

}  // namespace kabuki
