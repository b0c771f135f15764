#pragma once

#include <simdjson.h>
#include <string>
#include <string_view>
#include <vector>

#include "messages/json.hpp"
#include "messages/json_plan.hpp"
#include "messages/json_problem.hpp"
#include "messages/result.hpp"

namespace kabuki::json {

/// Turns one JSON document into a message's bytes. Fields stand in document order, which Protobuf allows; of a field
/// that comes twice the last value counts.
class Decoder {
 public:
  Decoder(JsonNotes* notes, std::string* out) : notes_(notes), out_(out) {}

  /// Error: BadRequest, in the words of Go's decoder.
  Result<> decode(const Plan& plan, const simdjson::dom::element& root);

  /// The same error in the words of apimachinery's converter.
  const std::string& conversion_error() const { return conversion_error_; }

 private:
  using Element = simdjson::dom::element;
  struct Entry {
    std::string_view name;
    Element value;
    const Plan::Name* where = nullptr;  // null: unknown, or taken by an inlined message
    bool noted = false;                 // unknown, or came twice
  };
  // Each returns false once `error_` says why.
  bool object(const Plan& plan, const simdjson::dom::object& object, bool top);
  bool members(size_t first, size_t end);
  bool inlined_members(const Member& member, size_t first, size_t end);
  bool member(const Member& member, const Element& value);
  bool list(const Member& member, const Element& value);
  bool map(const Member& member, const Element& value);
  bool value(const Member& member, int number, bool keep_zero, const Element& value);
  bool scalar(Form form, int number, bool keep_zero, const Element& value);
  bool special(Form form, int number, const Element& value);
  bool text_form(Form form, int number, std::string_view text, const Element& value);
  bool string_list(int number, const Element& value);
  bool schema_or(const Plan& plan, int number, const Element& value);

  size_t begin_message(int number);
  void end_message(size_t begin);

  bool expected(std::string_view what, const Element& got);
  bool fail(std::string why);
  void note(std::string_view what, std::string_view name);
  void note_repeated_keys(const simdjson::dom::object& object);
  std::string path() const;

  JsonNotes* notes_;
  std::string* out_;
  std::vector<Entry> entries_;  // a stack: each object pushes its own and pops them
  std::vector<Step> path_;
  const Plan* root_ = nullptr;
  std::string error_, conversion_error_;
};

/// As decode_json, but an error is in the words in which a strategic merge patch is refused.
Result<> convert_json(std::string_view text, google::protobuf::Message* out, JsonNotes* notes);

}  // namespace kabuki::json
