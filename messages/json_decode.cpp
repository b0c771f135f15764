#include "messages/json_decode.hpp"

#include <algorithm>
#include <google/protobuf/message.h>
#include <set>

#include "messages/json_document.hpp"
#include "messages/status.hpp"
#include "messages/wire.hpp"

namespace kabuki::json {

namespace {

/// Strict errors that one request hears of, as in Kubernetes' decoder.
constexpr size_t kNotesMax = 100;

/// Whether `field`, a whole field on the wire, says no more than its absence would.
bool is_empty_field(Form form, std::string_view field) {
  wire::Reader reader(field);
  if (!reader.next() || reader.bytes().empty()) return true;
  return form == Form::quantity && reader.bytes() == std::string_view(
                                                         "\x0a\x01"
                                                         "0",
                                                         3);
}

}  // namespace

Result<> Decoder::decode(const Plan& plan, const Element& root) {
  root_ = &plan;
  const auto top = root.get_object();
  if (top.error()) {
    expected("an object", root);
  } else {
    object(plan, top.value_unsafe(), true);
  }
  if (error_.empty()) return {};
  return bad_request(error_);
}

bool Decoder::object(const Plan& plan, const simdjson::dom::object& object, bool top) {
  const size_t first = entries_.size();
  size_t unknown = 0;
  for (const auto& field : object) {
    const Plan::Name* where = plan.find_name(field.key);
    if (!where) {
      const bool type_meta = (top || plan.has_type_meta) && (field.key == "kind" || field.key == "apiVersion");
      if (!type_meta && notes_ && unknown++ < kNotesMax) entries_.push_back({field.key, field.value, nullptr, true});
      continue;
    }
    const auto same = std::find_if(entries_.begin() + static_cast<ptrdiff_t>(first), entries_.end(),
                                   [&](const Entry& entry) { return entry.where == where; });
    if (same == entries_.end()) {
      entries_.push_back({field.key, field.value, where, false});
    } else {
      same->value = field.value;
      same->noted = true;
    }
  }
  const bool fine = members(first, entries_.size());
  entries_.resize(first);
  return fine;
}

bool Decoder::members(size_t first, size_t end) {
  for (size_t i = first; i < end; ++i) {
    const Entry entry = entries_[i];
    if (entry.noted) note(entry.where ? "duplicate field" : "unknown field", entry.name);
    if (!entry.where) continue;
    const Member& found = *entry.where->member;
    if (found.inlined) {
      if (!inlined_members(found, i, end)) return false;
      continue;
    }
    path_.push_back({entry.name, -1});
    if (!member(found, entry.value)) return false;
    path_.pop_back();
  }
  return true;
}

/// Gathers what belongs to one inlined message: its members may stand anywhere among the parent's.
bool Decoder::inlined_members(const Member& member, size_t first, size_t end) {
  const size_t inner = entries_.size();
  for (size_t i = first; i < end; ++i) {
    if (!entries_[i].where || entries_[i].where->member != &member) continue;
    Entry inner_entry = entries_[i];
    inner_entry.where = member.message->find_name(inner_entry.name);
    entries_.push_back(inner_entry);
    entries_[i] = {};
  }
  const size_t before = out_->size();
  const size_t begin = begin_message(member.number);
  const bool fine = members(inner, entries_.size());
  entries_.resize(inner);
  if (out_->size() == begin + 1) {
    out_->resize(before);
  } else {
    end_message(begin);
  }
  return fine;
}

bool Decoder::member(const Member& member, const Element& value) {
  if (value.is_null()) return true;
  switch (member.shape) {
    case Shape::list:
      return list(member, value);
    case Shape::map:
      return map(member, value);
    case Shape::single:
      break;
  }
  return this->value(member, member.number, member.pointer, value);
}

bool Decoder::list(const Member& member, const Element& value) {
  const auto array = value.get_array();
  if (array.error()) return expected("an array", value);
  path_.push_back({{}, -1});
  int index = 0;
  for (const Element item : array.value_unsafe()) {
    path_.back().index = index++;
    if (!this->value(member, member.number, true, item)) return false;
  }
  path_.pop_back();
  return true;
}

bool Decoder::map(const Member& member, const Element& value) {
  const auto object = value.get_object();
  if (object.error()) return expected("an object", value);
  if (notes_) note_repeated_keys(object.value_unsafe());
  for (const auto& field : object.value_unsafe()) {
    path_.push_back({field.key, -1});
    const size_t begin = begin_message(member.number);
    wire::append_bytes_field(1, field.key, out_);
    if (!this->value(member, 2, true, field.value)) return false;
    end_message(begin);
    path_.pop_back();
  }
  return true;
}

/// `keep_zero`: an empty value is written too. Kubernetes' structs are not: there, empty and absent are one.
bool Decoder::value(const Member& member, int number, bool keep_zero, const Element& value) {
  if (member.form != Form::message) {
    if (!value.is_null()) {
      if (member.form <= Form::number) return scalar(member.form, number, keep_zero, value);
      if (member.form == Form::schema_or) return schema_or(*member.message, number, value);
      const size_t before = out_->size();
      if (!special(member.form, number, value)) return false;
      if (!keep_zero && is_empty_field(member.form, std::string_view(*out_).substr(before))) out_->resize(before);
      return true;
    }
    // In a list, and as a map's value, null is Go's zero value.
    switch (member.form) {
      case Form::boolean:
      case Form::int32:
      case Form::int64:
        wire::append_varint_field(number, 0, out_);
        return true;
      case Form::number:
        return fail("expected a number, got null");
      case Form::quantity:
        return text_form(member.form, number, "0", value);
      default:
        wire::append_bytes_field(number, {}, out_);
        return true;
    }
  }
  const size_t before = out_->size();
  const size_t begin = begin_message(number);
  if (!value.is_null()) {
    const auto found = value.get_object();
    if (found.error()) return expected("an object", value);
    if (!object(*member.message, found.value_unsafe(), false)) return false;
  }
  if (!keep_zero && out_->size() == begin + 1) {
    out_->resize(before);
  } else {
    end_message(begin);
  }
  return true;
}

size_t Decoder::begin_message(int number) {
  wire::append_tag(number, wire::Type::bytes, out_);
  out_->push_back(0);  // the size of most messages
  return out_->size() - 1;
}

void Decoder::end_message(size_t begin) {
  const size_t size = out_->size() - begin - 1;
  if (size < 0x80) {
    (*out_)[begin] = static_cast<char>(size);
    return;
  }
  std::string prefix;
  wire::append_varint(size, &prefix);
  out_->replace(begin, 1, prefix);
}

bool Decoder::expected(std::string_view what, const Element& got) {
  const Problem problem = wrong_type(root_->descriptor, path_, got);
  if (!problem.decoding.empty()) {
    error_ = problem.decoding;
    conversion_error_ = problem.converting;
    return false;
  }
  return fail("expected " + std::string(what) + ", got " + describe(got));
}

bool Decoder::fail(std::string why) {
  const std::string where = path();
  error_ = where.empty() ? std::move(why) : where + ": " + why;
  conversion_error_ = error_;
  return false;
}

void Decoder::note(std::string_view what, std::string_view name) {
  if (!notes_) return;
  path_.push_back({name, -1});
  std::string text = std::string(what) + " \"" + path() + "\"";
  path_.pop_back();
  std::vector<std::string>& notes = notes_->notes;
  if (notes.size() < kNotesMax && std::find(notes.begin(), notes.end(), text) == notes.end()) {
    notes.push_back(std::move(text));
  }
}

void Decoder::note_repeated_keys(const simdjson::dom::object& object) {
  std::set<std::string_view> seen;
  for (const auto& field : object) {
    if (!seen.insert(field.key).second) note("duplicate field", field.key);
  }
}

std::string Decoder::path() const {
  std::string text;
  for (const Step& step : path_) {
    if (step.index >= 0) {
      text += "[" + std::to_string(step.index) + "]";
    } else {
      if (!text.empty()) text += '.';
      text += step.name;
    }
  }
  return text;
}

}  // namespace kabuki::json

namespace kabuki {

namespace {

enum class Words { decoder, converter };

Result<> decode(std::string_view text, google::protobuf::Message* out, JsonNotes* notes, Words words) {
  out->Clear();
  auto root = json::parse_document(text);
  if (!root) return root.error();
  std::string bytes;
  bytes.reserve(text.size());
  json::Decoder decoder(notes, &bytes);
  auto decoded = decoder.decode(json::plan_of(out->GetDescriptor()), *root);
  if (!decoded) return words == Words::converter ? bad_request(decoder.conversion_error()) : decoded.error();
  if (!out->ParseFromString(bytes)) {
    out->Clear();
    return bad_request("the object is nested too deeply");
  }
  return {};
}

}  // namespace

Result<> decode_json(std::string_view text, google::protobuf::Message* out, JsonNotes* notes) {
  return decode(text, out, notes, Words::decoder);
}

Result<> json::convert_json(std::string_view text, google::protobuf::Message* out, JsonNotes* notes) {
  return decode(text, out, notes, Words::converter);
}

Result<TypeMetaFields> peek_type_meta(std::string_view text) {
  const auto refuse = [](const std::string& why) { return bad_request("couldn't get version/kind; " + why); };
  auto root = json::parse_document(text);
  if (!root) return refuse(root.error().message);
  const auto object = root->get_object();
  if (object.error()) {
    return refuse("json parse error: json: cannot unmarshal " + json::describe(*root) + " into an object");
  }
  TypeMetaFields fields;
  for (const auto& field : object.value_unsafe()) {
    std::string* target = field.key == "kind"         ? &fields.kind
                          : field.key == "apiVersion" ? &fields.api_version
                                                      : nullptr;
    if (!target || field.value.is_null()) continue;
    const auto word = field.value.get_string();
    if (word.error()) {
      return refuse("json parse error: " + std::string(field.key) + ": expected a string, got " +
                    json::describe(field.value));
    }
    *target = word.value_unsafe();
  }
  return fields;
}

}  // namespace kabuki
