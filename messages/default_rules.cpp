#include "messages/default_rules.hpp"

#include <cassert>
#include <charconv>
#include <string>
#include <vector>

#include "messages/api/core/v1/pod_template.pb.h"
#include "messages/api/options.pb.h"
#include "messages/api/util/intstr.pb.h"
#include "messages/defaults.hpp"
#include "messages/field_route.hpp"
#include "messages/int_or_string.hpp"

namespace kabuki {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::string_view kPods = "pods";

int64_t to_number(std::string_view text) {
  int64_t number = 0;
  [[maybe_unused]] const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  assert(end.ptr == text.data() + text.size());
  return number;
}

void set_message(std::string_view value, Message* message) {
  if (message->GetDescriptor() == IntOrStringMessage::descriptor()) {
    *static_cast<IntOrStringMessage*>(message) =
        value.ends_with('%') ? string_value(std::string(value)) : int_value(static_cast<int32_t>(to_number(value)));
    return;
  }
  assert(value == "{}" && "a message's default is an empty one");
}

void set_field(std::string_view value, const FieldDescriptor* field, Message* message) {
  const auto* reflection = message->GetReflection();
  if (field->is_repeated()) {
    assert(value.starts_with('[') && value.ends_with(']'));
    return reflection->AddString(message, field, std::string(value.substr(1, value.size() - 2)));
  }
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection->SetString(message, field, std::string(value));
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection->SetInt32(message, field, static_cast<int32_t>(to_number(value)));
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection->SetInt64(message, field, to_number(value));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->SetBool(message, field, value == "true");
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return set_message(value, reflection->MutableMessage(message, field));
    default:
      assert(false && "a default of a type that none has");
  }
}

class Application {
 public:
  Application(const DefaultRule& rule, const Route& route) : rule_(rule), route_(route) {}

  void go(Message* message, size_t at, bool judged) {
    const RouteStep& step = route_[at];
    const bool last = at + 1 == route_.size();
    if (!judged && (last || step.create)) {
      if (!holds(rule_.when, *message)) return;
      judged = true;
    }
    if (last) return finish(step, message);
    const auto* reflection = message->GetReflection();
    if (step.each) {
      for (int i = 0; i < reflection->FieldSize(*message, step.field); ++i) {
        go(reflection->MutableRepeatedMessage(message, step.field, i), at + 1, judged);
      }
      return;
    }
    const bool was_there = reflection->HasField(*message, step.field);
    const bool go_pointer = step.field->options().GetExtension(pointer);
    if (!was_there && go_pointer && !step.create) return;
    Message* child = reflection->MutableMessage(message, step.field);
    go(child, at + 1, judged);
    // A struct that stays empty is not there in canonical form.
    if (!was_there && !go_pointer && child->ByteSizeLong() == 0) reflection->ClearField(message, step.field);
  }

 private:
  void finish(const RouteStep& step, Message* message) {
    if (rule_.value == kPods) {
      using Template = k8s::io::api::core::v1::PodTemplateSpec;
      auto* pods = static_cast<Template*>(message->GetReflection()->MutableMessage(message, step.field));
      return apply_pod_spec_defaults(pods->mutable_spec());
    }
    if (!is_set(*message, step.field)) set_field(rule_.value, step.field, message);
  }

  const DefaultRule& rule_;
  const Route& route_;
};

struct Prepared {
  const DefaultRule* rule;
  Route route;
};

std::vector<std::vector<Prepared>> prepare() {
  std::vector<std::vector<Prepared>> out(all_kinds().size() + 1);
  for (const DefaultRule& rule : default_rules()) {
    out[rule.kind].push_back({&rule, make_route(kind_of(rule.kind).descriptor, rule.path)});
  }
  return out;
}

}  // namespace

void apply_default_rules(const Kind& kind, Message* object) {
  static const auto prepared = prepare();
  for (const Prepared& each : prepared[kind.id]) Application(*each.rule, each.route).go(object, 0, false);
}

}  // namespace kabuki
