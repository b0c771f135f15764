#include "actors/api_server/selection.hpp"

#include "messages/status.hpp"

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

Result<> write_list(const RequestInfo& info, const ListParameters& parameters, bus::ListObjects* out) {
  write_selection(info, parameters, out->mutable_selection());
  out->set_limit(parameters.limit);
  out->set_revision(parameters.version);
  if (parameters.match == ListParameters::Match::exact) out->set_match(bus::ListObjects::EXACT);
  if (parameters.match == ListParameters::Match::not_older_than) out->set_match(bus::ListObjects::NOT_OLDER_THAN);
  // "0": what the shard has seen is good enough, without asking the store what was acknowledged last.
  if (parameters.has_version && parameters.version == 0) out->set_match(bus::ListObjects::NOT_OLDER_THAN);
  if (parameters.continue_token.empty()) return {};
  auto token = read_continue_token(*info.kind, info.ns, parameters.continue_token);
  if (!token) return token.error();
  if (parameters.version != 0) {
    return bad_request("specifying resource version is not allowed when using continue");
  }
  out->set_continued(token->revision != 0);
  out->set_revision(token->revision);
  out->set_match(token->revision != 0 ? bus::ListObjects::EXACT : bus::ListObjects::UNSET);
  out->mutable_start_after()->set_kind(info.kind->id);
  out->mutable_start_after()->set_namespace_(token->ns);
  out->mutable_start_after()->set_name(token->name);
  return {};
}

ListFacts list_facts(const RequestInfo& info, const bus::ListObjectsReply& page, std::span<const ObjectPtr> items) {
  ListFacts facts{.revision = page.revision(),
                  .remaining_known = page.more() && page.remaining_known(),
                  .remaining = page.remaining()};
  if (page.more() && !items.empty()) {
    const Object& last = *items.back();
    facts.continue_token = write_continue_token(*info.kind, info.ns,
                                                {page.revision(), std::string(last.ns()), std::string(last.name())});
  }
  return facts;
}

}  // namespace kabuki::api_server
