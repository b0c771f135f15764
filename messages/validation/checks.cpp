#include "messages/validation/checks.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/api/core/v1/pod_template.pb.h"
#include "messages/api/meta/v1/selector.pb.h"
#include "messages/api/options.pb.h"
#include "messages/api/util/intstr.pb.h"
#include "messages/field_route.hpp"
#include "messages/int_or_string.hpp"
#include "messages/quantity.hpp"
#include "messages/selectors.hpp"
#include "messages/validation/formats.hpp"
#include "messages/validation/rules.hpp"

namespace kabuki::validation {
namespace {

namespace apps = k8s::io::api::apps::v1;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::string_view kPercent =
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')";

int64_t to_number(std::string_view text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// The parts of an arg, at `;`.
std::string_view part(const Rule& rule, size_t index) {
  const auto parts = split_words(rule.arg, ';');
  return index < parts.size() ? parts[index] : std::string_view();
}

std::string or_else(std::string_view text, std::string_view fallback) {
  return std::string(text.empty() ? fallback : text);
}

void check_one_of(const Rule& rule, const Place& place, const FieldPath& path, Findings* findings) {
  const std::string value = place.text();
  if (value.empty() && !place.field->has_presence()) return findings->required(path);
  std::vector<std::string_view> words = split_words(rule.arg, '|');
  if (std::find(words.begin(), words.end(), value) == words.end()) findings->unsupported(path, value, words);
}

void check_quantity(const Place& place, const FieldPath& path, bool may_be_zero, Findings* findings) {
  const std::string text = place.text();
  const auto quantity = Quantity::parse(text.empty() ? "0" : text);
  if (!quantity) {
    findings->invalid(path, text, quantity.error().message);
  } else if (quantity->sign() < 0) {
    findings->invalid(path, quantity->text(), may_be_zero ? kNegative : "must be greater than zero");
  } else if (quantity->sign() == 0 && !may_be_zero) {
    findings->invalid(path, quantity->text(), "must be greater than zero");
  }
}

void check_share(const Place& place, const FieldPath& path, Findings* findings) {
  const auto& value = static_cast<const IntOrString&>(place.message());
  if (value.type() == 0) {
    findings->check_not_negative(path, value.intval());
    return;
  }
  const auto scaled = scaled_value(value, 100, Rounding::down);
  if (!scaled || value.strval().starts_with('-')) {
    findings->invalid(path, value.strval(), kPercent);
  } else if (*scaled > 100) {
    findings->invalid(path, value.strval(), "must not be greater than 100%");
  }
}

void check_unique(const Rule& rule, const Place& place, const FieldPath& path, Findings* findings) {
  std::set<std::string> seen;
  const auto names = split_words(rule.arg, ',');
  const int size = place.parent->GetReflection()->FieldSize(*place.parent, place.field);
  for (int i = 0; i < size; ++i) {
    Place element = place;
    element.index = i;
    if (names.empty()) {
      const std::string value = element.json();
      if (!seen.insert(value).second) findings->duplicate_json(path.index(static_cast<size_t>(i)), value);
      continue;
    }
    const Message& item = element.message();
    std::string identity, last;
    for (std::string_view name : names) {
      std::vector<const FieldDescriptor*> inlined_in;
      const FieldDescriptor* field = find_json_field(item.GetDescriptor(), name, &inlined_in);
      assert(field && inlined_in.empty());
      last = field_text(item, field);
      identity += last + '\n';
    }
    if (seen.insert(identity).second) continue;
    const FieldPath at = path.index(static_cast<size_t>(i));
    if (names.size() == 1) {
      findings->duplicate(at.child(names[0]), last);
    } else {
      findings->duplicate_json(at, element.json());
    }
  }
}

void check_choice_of_fields(const Rule& rule, const Place& place, const FieldPath& path, bool needs_one,
                            Findings* findings) {
  const Message& message = place.message();
  std::vector<std::string> found;
  for (std::string_view name : split_words(part(rule, 0), '|')) {
    if (holds(name, message)) found.emplace_back(name);
  }
  if (found.empty() && needs_one) findings->required(path, part(rule, 1));
  if (found.size() < 2 || rule.check == Check::any_of) return;
  const std::string_view why = part(rule, needs_one ? 2 : 1);
  if (why.starts_with("forbidden:")) {
    findings->forbidden(path.child(found[1]), why.substr(10));
  } else {
    findings->invalid_json(path, place.json(), why);
  }
}

/// Clears what may change, then compares.
void check_only_changes(const Rule& rule, const Place& place, const FieldPath& path, Findings* findings) {
  if (!place.was_set()) return;
  std::unique_ptr<Message> before(place.message().New()), after(place.message().New());
  before->CopyFrom(place.old_parent->GetReflection()->GetMessage(*place.old_parent, place.field));
  after->CopyFrom(place.message());
  for (std::string_view name : split_words(part(rule, 0), ',')) {
    std::vector<const FieldDescriptor*> inlined_in;
    const FieldDescriptor* field = find_json_field(before->GetDescriptor(), name, &inlined_in);
    assert(field && inlined_in.empty());
    before->GetReflection()->ClearField(before.get(), field);
    after->GetReflection()->ClearField(after.get(), field);
  }
  if (!same(*before, *after)) findings->forbidden(path, part(rule, 1));
}

/// A stateful set's pods may mount what its claims will be.
core::PodTemplateSpec with_claims(core::PodTemplateSpec pods, const apps::StatefulSetSpec& spec) {
  for (const auto& claim : spec.volumeclaimtemplates()) {
    auto* volumes = pods.mutable_spec()->mutable_volumes();
    const auto same = [&](const core::Volume& volume) { return volume.name() == claim.metadata().name(); };
    if (std::any_of(volumes->begin(), volumes->end(), same)) continue;
    auto* volume = volumes->Add();
    volume->set_name(claim.metadata().name());
    volume->mutable_volumesource()->mutable_emptydir();
  }
  return pods;
}

void check_template(const Rule& rule, const Place& place, const FieldPath& path, Findings* findings) {
  const auto& pods = static_cast<const core::PodTemplateSpec&>(place.message());
  if (place.parent->GetDescriptor() == apps::StatefulSetSpec::descriptor()) {
    const auto& spec = static_cast<const apps::StatefulSetSpec&>(*place.parent);
    check_pod_template(with_claims(pods, spec), path, findings);
  } else {
    check_pod_template(pods, path, findings);
  }
  const auto words = split_words(rule.arg, '|');
  const std::string& policy = pods.spec().restartpolicy();
  if (words.empty() || std::find(words.begin(), words.end(), policy) != words.end()) return;
  const FieldPath spec = path.child("spec");
  if (policy.empty()) {
    findings->required(spec.child("restartPolicy"), "valid values: \"OnFailure\", \"Never\"");
  } else {
    findings->unsupported(spec.child("restartPolicy"), policy, words);
  }
}

void check_change(const Rule& rule, const Place& place, const FieldPath& path, Findings* findings) {
  if (!place.old_parent || !place.changed()) return;
  if (rule.check == Check::set_once && !place.was_set()) return;
  if (rule.check == Check::no_change) return findings->forbidden(path, rule.arg);
  findings->invalid_json(path, place.json(), or_else(rule.arg, kImmutable));
}

/// not_above, not_below, not_equal: what it says of the field beside it.
void check_beside(const Rule& rule, const Place& place, const FieldPath& path, Findings* findings) {
  std::vector<const FieldDescriptor*> inlined_in;
  const FieldDescriptor* other = find_json_field(place.parent->GetDescriptor(), part(rule, 0), &inlined_in);
  assert(other && inlined_in.empty());
  if (!is_set(*place.parent, other)) return;
  const std::string beside = field_text(*place.parent, other);
  if (rule.check == Check::not_equal) {
    if (place.text() == beside) findings->invalid(path, place.text(), part(rule, 1));
    return;
  }
  const int64_t limit = to_number(beside);
  const bool wrong = rule.check == Check::not_above ? place.number() > limit : place.number() < limit;
  if (wrong) findings->invalid(path, place.number(), part(rule, 1));
}

/// A map of strings, as maps of labels and selectors are everywhere.
StringMap string_map(const Message& message, const FieldDescriptor* field) {
  StringMap out;
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
    const Message& entry = reflection->GetRepeatedMessage(message, field, i);
    out[entry.GetReflection()->GetString(entry, entry.GetDescriptor()->map_key())] =
        entry.GetReflection()->GetString(entry, entry.GetDescriptor()->map_value());
  }
  return out;
}

void check_selects(const Place& place, const FieldPath& path, Findings* findings) {
  const FieldDescriptor* field = place.parent->GetDescriptor()->FindFieldByName("selector");
  assert(field);
  if (!is_set(*place.parent, field)) return;
  meta::LabelSelector message;
  if (field->is_map()) {
    *message.mutable_matchlabels() = string_map(*place.parent, field);
  } else {
    message.CopyFrom(place.parent->GetReflection()->GetMessage(*place.parent, field));
  }
  const auto selector = LabelSelector::from_message(message);
  if (!selector) return;
  const auto& labels = static_cast<const core::PodTemplateSpec&>(place.message()).metadata().labels();
  if (selector->matches_map(labels)) return;
  const FieldPath metadata = path.child("metadata");
  findings->invalid_json(metadata.child("labels"), map_json(labels), "`selector` does not match template `labels`");
}

void check_between(const Rule& rule, const Place& place, const FieldPath& path, Findings* findings) {
  const auto ends = split_words(rule.arg, '|');
  const int64_t number = place.number();
  if (number >= to_number(ends[0]) && number <= to_number(ends[1])) return;
  findings->invalid(path, number,
                    "must be between " + std::string(ends[0]) + " and " + std::string(ends[1]) + ", inclusive");
}

NameProblems problems_of(Check check, std::string_view value) {
  switch (check) {
    case Check::dns_label:
      return check_dns1123_label(value);
    case Check::dns_subdomain:
      return check_dns1123_subdomain(value);
    case Check::dns1035_label:
      return check_dns1035_label(value);
    case Check::qualified_name:
      return check_qualified_name(value);
    case Check::domain_path:
      return check_domain_path(value);
    case Check::absolute_path:
      return check_absolute_path(value);
    case Check::host_name:
      return check_host_name(value);
    case Check::full_domain:
      return check_full_domain(value);
    case Check::path_segment:
      return check_path_segment(value);
    case Check::ip_address:
      return check_ip_address(value);
    case Check::cidr:
      return check_cidr(value);
    case Check::https_url:
      return check_https_url(value);
    case Check::schedule:
      return check_schedule(value);
    case Check::time_zone:
      return check_time_zone(value);
    default:
      assert(false && "no check of a string");
      return {};
  }
}

/// Where Go knows no absence, the zero value is judged too; and a message can lack what it must have.
bool looks_at_absent(Check check, const FieldDescriptor* field) {
  switch (check) {
    case Check::exactly_one:
    case Check::any_of:
      return !is_go_pointer(field);
    case Check::pod_template:
    case Check::selects_template:
    case Check::not_empty_selector:
      return true;
    case Check::one_of:
    case Check::positive:
    case Check::between:
    case Check::port:
      return !field->has_presence();
    default:
      return false;
  }
}

}  // namespace

bool is_go_pointer(const FieldDescriptor* field) { return field->options().GetExtension(pointer); }

void apply_check(const Rule& rule, const Place& place, const FieldPath& path, Findings* findings) {
  if (rule.check == Check::required) {
    if (!place.set()) findings->required(path, rule.arg);
    return;
  }
  if (rule.check == Check::immutable || rule.check == Check::set_once || rule.check == Check::no_change) {
    return check_change(rule, place, path, findings);
  }
  if (!place.set() && !looks_at_absent(rule.check, place.field)) return;
  // A zone that was good once must not stand in the way of other changes.
  if (rule.check == Check::time_zone && place.old_parent && !place.changed()) return;
  switch (rule.check) {
    case Check::only_changes:
      return check_only_changes(rule, place, path, findings);
    case Check::forbidden:
      return findings->forbidden(path, rule.arg);
    case Check::refused:
      return findings->invalid_json(path, place.json(), rule.arg);
    case Check::maximum:
      if (place.number() > to_number(part(rule, 0))) findings->forbidden(path, part(rule, 1));
      return;
    case Check::one_of:
      return check_one_of(rule, place, path, findings);
    case Check::minimum:
      if (place.number() >= to_number(rule.arg)) return;
      return findings->invalid(path, place.number(), "must be greater than or equal to " + std::string(rule.arg));
    case Check::positive:
      if (place.number() > 0) return;
      return findings->invalid(path, place.number(), or_else(rule.arg, "must be greater than 0"));
    case Check::between:
      return check_between(rule, place, path, findings);
    case Check::port:
      return findings->check_port(path, place.number());
    case Check::port_reference:
      return check_port_reference(static_cast<const IntOrString&>(place.message()), path, findings);
    case Check::share:
      return check_share(place, path, findings);
    case Check::quantity:
    case Check::positive_quantity:
      return check_quantity(place, path, rule.check == Check::quantity, findings);
    case Check::labels:
      return check_labels(string_map(*place.parent, place.field), path, findings);
    case Check::selector:
      return check_label_selector(static_cast<const meta::LabelSelector&>(place.message()), path, findings);
    case Check::not_empty_selector: {
      if (!place.parent->GetReflection()->HasField(*place.parent, place.field)) return findings->required(path);
      const auto& selector = static_cast<const meta::LabelSelector&>(place.message());
      check_label_selector(selector, path, findings);
      if (selector.ByteSizeLong() == 0) findings->invalid_json(path, "{}", rule.arg);
      return;
    }
    case Check::pod_template:
      return check_template(rule, place, path, findings);
    case Check::selects_template:
      return check_selects(place, path, findings);
    case Check::unique:
      return check_unique(rule, place, path, findings);
    case Check::max_items: {
      const int size = place.parent->GetReflection()->FieldSize(*place.parent, place.field);
      if (size > to_number(rule.arg)) findings->too_many(path, size, static_cast<int>(to_number(rule.arg)));
      return;
    }
    case Check::max_length:
      if (static_cast<int64_t>(place.text().size()) > to_number(rule.arg)) {
        findings->too_long(path, static_cast<int>(to_number(rule.arg)));
      }
      return;
    case Check::any_of:
    case Check::exactly_one:
    case Check::at_most_one:
      return check_choice_of_fields(rule, place, path, rule.check != Check::at_most_one, findings);
    case Check::not_above:
    case Check::not_below:
    case Check::not_equal:
      return check_beside(rule, place, path, findings);
    default:
      return findings->invalid(path, place.text(), problems_of(rule.check, place.text()));
  }
}

}  // namespace kabuki::validation
