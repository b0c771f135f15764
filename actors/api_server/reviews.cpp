#include "actors/api_server/reviews.hpp"

#include <string>
#include <vector>

#include "actors/api_server/authorization.hpp"
#include "messages/api/authentication/v1/self_subject_review.pb.h"
#include "messages/api/authorization/v1/self_subject_rules_review.pb.h"
#include "messages/api/authorization/v1/subject_access_review.pb.h"
#include "messages/encode.hpp"
#include "messages/json.hpp"
#include "messages/meta.hpp"
#include "messages/status.hpp"
#include "messages/versions.hpp"

namespace kabuki::api_server {
namespace {

namespace authentication = ::k8s::io::api::authentication::v1;
namespace authorization = ::k8s::io::api::authorization::v1;
using google::protobuf::Message;

std::string printed(const Message& message) {
  std::string out;
  encode_json(message, &out);
  return out;
}

/// What both kinds of attributes have in common, in either spec.
template <class Spec>
void check_attributes(const Spec& spec, std::vector<Cause>* causes) {
  if (spec.has_resourceattributes() && spec.has_nonresourceattributes()) {
    causes->push_back(invalid_value("spec.nonResourceAttributes", printed(spec.nonresourceattributes()),
                                    "cannot be specified in combination with resourceAttributes"));
  }
  if (!spec.has_resourceattributes() && !spec.has_nonresourceattributes()) {
    causes->push_back(invalid_value("spec.resourceAttributes", "null",
                                    "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
  }
}

void check_subject(const authorization::SubjectAccessReviewSpec& spec, std::vector<Cause>* causes) {
  if (spec.user().empty() && spec.groups().empty()) {
    causes->push_back(invalid_value("spec.user", "\"\"", "at least one of user or group must be specified"));
  }
}

/// Such a review has no name, no labels, nothing: it is a question. `ns` may be named.
void check_meta(const ObjectMeta& meta, std::string_view ns, std::vector<Cause>* causes) {
  ObjectMeta rest = meta;
  rest.clear_managedfields();
  rest.clear_creationtimestamp();
  if (rest.namespace_() == ns) rest.clear_namespace_();
  if (serialize(rest).empty()) return;
  causes->push_back(
      invalid_value("metadata", printed(meta), ns.empty() ? "must be empty" : "must be empty except for namespace"));
}

template <class Spec>
Act act_of(const Spec& spec) {
  if (spec.has_nonresourceattributes()) {
    const auto& asked = spec.nonresourceattributes();
    // No path at all is one that nobody may read but who may read all.
    return {.verb = asked.verb(), .path = asked.path().empty() ? std::string_view(" ") : asked.path()};
  }
  const auto& asked = spec.resourceattributes();
  return {.verb = asked.verb(), .path = {}, .group = asked.group(), .resource = asked.resource()};
}

http::Identity subject_of(const authorization::SubjectAccessReviewSpec& spec) {
  return {.user = spec.user(), .groups = {spec.groups().begin(), spec.groups().end()}};
}

Result<> answer_rules(const http::Identity& asker, authorization::SelfSubjectRulesReview* review) {
  if (review->spec().namespace_().empty()) return bad_request("no namespace on request");
  auto* status = review->mutable_status();
  status->Clear();
  auto* paths = status->add_nonresourcerules();
  const bool all = in_group(asker, "system:masters");
  paths->add_verbs(all ? "*" : "get");
  for (const std::string& path : readable_paths(asker)) paths->add_nonresourceurls(path);
  if (all) {
    auto* rule = status->add_resourcerules();
    rule->add_verbs("*");
    rule->add_apigroups("*");
    rule->add_resources("*");
    return {};
  }
  for (const OwnReview& own : kOwnReviews) {
    auto* rule = status->add_resourcerules();
    rule->add_verbs("create");
    rule->add_apigroups(std::string(own.group));
    rule->add_resources(std::string(own.resource));
  }
  return {};
}

void answer_self(const http::Identity& asker, io::WallTime now, authentication::SelfSubjectReview* review) {
  review->Clear();
  *review->mutable_metadata()->mutable_creationtimestamp() = time_of(now.ns);
  auto* user = review->mutable_status()->mutable_userinfo();
  user->set_username(asker.user);
  for (const std::string& group : asker.groups) user->add_groups(group);
}

}  // namespace

Result<> answer_review(const Kind& kind, const http::Identity& asker, std::string_view ns, io::WallTime now,
                       Message* message) {
  if (kind.id == kinds::kSelfSubjectReview) {
    answer_self(asker, now, static_cast<authentication::SelfSubjectReview*>(message));
    return {};
  }
  if (kind.id == kinds::kSelfSubjectRulesReview) {
    return answer_rules(asker, static_cast<authorization::SelfSubjectRulesReview*>(message));
  }
  std::vector<Cause> causes;
  authorization::SubjectAccessReviewStatus answer;
  if (kind.id == kinds::kSelfSubjectAccessReview) {
    auto* review = static_cast<authorization::SelfSubjectAccessReview*>(message);
    check_attributes(review->spec(), &causes);
    check_meta(review->metadata(), ns, &causes);
    answer.set_allowed(may(asker, act_of(review->spec())));
    *review->mutable_status() = answer;
  } else if (kind.id == kinds::kSubjectAccessReview) {
    auto* review = static_cast<authorization::SubjectAccessReview*>(message);
    check_attributes(review->spec(), &causes);
    check_subject(review->spec(), &causes);
    check_meta(review->metadata(), ns, &causes);
    answer.set_allowed(may(subject_of(review->spec()), act_of(review->spec())));
    *review->mutable_status() = answer;
  } else {
    auto* review = static_cast<authorization::LocalSubjectAccessReview*>(message);
    const auto& spec = review->spec();
    check_attributes(spec, &causes);
    check_subject(spec, &causes);
    check_meta(review->metadata(), ns, &causes);
    if (spec.has_resourceattributes() && spec.resourceattributes().namespace_() != ns) {
      causes.push_back(invalid_value("spec.resourceAttributes.namespace",
                                     "\"" + spec.resourceattributes().namespace_() + "\"",
                                     "must match metadata.namespace"));
    }
    if (spec.has_nonresourceattributes()) {
      causes.push_back(invalid_value("spec.nonResourceAttributes", printed(spec.nonresourceattributes()),
                                     "disallowed on this kind of request"));
    }
    answer.set_allowed(may(subject_of(spec), act_of(spec)));
    *review->mutable_status() = answer;
  }
  if (!causes.empty()) return invalid(kind, "", std::move(causes));
  return {};
}

}  // namespace kabuki::api_server
