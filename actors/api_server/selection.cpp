#include "actors/api_server/selection.hpp"

namespace kabuki::api_server {

void write_selection(const RequestInfo& info, const ListParameters& parameters, bus::Selection* out) {
  out->set_kind(info.kind->id);
  out->set_namespace_(info.ns);
  out->set_name(info.name);
  out->set_label_selector(parameters.label_text);
  for (const auto& requirement : parameters.fields.requirements()) {
    auto* field = out->add_fields();
    field->set_field(info.version ? info.version->stored_label(requirement.field) : requirement.field);
    field->set_negated(requirement.negated);
    for (const std::string& value : requirement.values) field->add_values(value);
  }
}

}  // namespace kabuki::api_server
