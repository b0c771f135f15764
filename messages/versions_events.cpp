// Events: events.k8s.io/v1 is another spelling of the core group's, field by field.
// Source: Kubernetes, pkg/apis/events/v1/conversion.go.
#include "messages/api/core/v1/event.pb.h"
#include "messages/api/events/v1/event.pb.h"
#include "messages/versions.hpp"

namespace kabuki {
namespace {

using Core = ::k8s::io::api::core::v1::Event;
using Events = ::k8s::io::api::events::v1::Event;

/// What is called alike in both.
template <class From, class To>
void copy_common(const From& from, To* to) {
  if (from.has_metadata()) *to->mutable_metadata() = from.metadata();
  if (from.has_eventtime()) *to->mutable_eventtime() = from.eventtime();
  if (from.has_related()) *to->mutable_related() = from.related();
  to->set_action(from.action());
  to->set_reason(from.reason());
  to->set_type(from.type());
  to->set_reportinginstance(from.reportinginstance());
  if (!from.has_series()) return;
  to->mutable_series()->set_count(from.series().count());
  if (from.series().has_lastobservedtime()) {
    *to->mutable_series()->mutable_lastobservedtime() = from.series().lastobservedtime();
  }
}

}  // namespace

void event_to_events(const google::protobuf::Message& stored, google::protobuf::Message* out) {
  const auto& from = static_cast<const Core&>(stored);
  auto* to = static_cast<Events*>(out);
  copy_common(from, to);
  to->set_note(from.message());
  to->set_reportingcontroller(from.reportingcomponent());
  to->set_deprecatedcount(from.count());
  if (from.has_involvedobject()) *to->mutable_regarding() = from.involvedobject();
  if (from.has_source()) *to->mutable_deprecatedsource() = from.source();
  if (from.has_firsttimestamp()) *to->mutable_deprecatedfirsttimestamp() = from.firsttimestamp();
  if (from.has_lasttimestamp()) *to->mutable_deprecatedlasttimestamp() = from.lasttimestamp();
}

void event_from_events(const google::protobuf::Message& version, google::protobuf::Message* out) {
  const auto& from = static_cast<const Events&>(version);
  auto* to = static_cast<Core*>(out);
  copy_common(from, to);
  to->set_message(from.note());
  to->set_reportingcomponent(from.reportingcontroller());
  to->set_count(from.deprecatedcount());
  if (from.has_regarding()) *to->mutable_involvedobject() = from.regarding();
  if (from.has_deprecatedsource()) *to->mutable_source() = from.deprecatedsource();
  if (from.has_deprecatedfirsttimestamp()) *to->mutable_firsttimestamp() = from.deprecatedfirsttimestamp();
  if (from.has_deprecatedlasttimestamp()) *to->mutable_lasttimestamp() = from.deprecatedlasttimestamp();
}

}  // namespace kabuki
