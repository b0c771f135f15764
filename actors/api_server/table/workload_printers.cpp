// Deployments and replica sets.
#include "actors/api_server/table/human_duration.hpp"
#include "actors/api_server/table/printer.hpp"
#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/selectors.hpp"

namespace kabuki::api_server::table {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
namespace core = ::k8s::io::api::core::v1;

std::string container_names(const core::PodTemplateSpec& pods) {
  std::vector<std::string> out;
  for (const auto& container : pods.spec().containers()) out.push_back(container.name());
  return joined(out);
}

std::string container_images(const core::PodTemplateSpec& pods) {
  std::vector<std::string> out;
  for (const auto& container : pods.spec().containers()) out.push_back(container.image());
  return joined(out);
}

std::string selector_text(const LabelSelectorMessage& message) {
  auto selector = LabelSelector::from_message(message);
  return selector.ok() ? selector->text() : "<invalid>";
}

Row deployment_row(const google::protobuf::Message& message, io::WallTime now) {
  const auto& object = static_cast<const apps::Deployment&>(message);
  const auto& status = object.status();
  return {{object.metadata().name(),
           std::to_string(status.readyreplicas()) + "/" + std::to_string(object.spec().replicas()),
           int64_t{status.updatedreplicas()}, int64_t{status.availablereplicas()},
           age_of(object.metadata().creationtimestamp(), now), container_names(object.spec().template_()),
           container_images(object.spec().template_()), selector_text(object.spec().selector())},
          {}};
}

Row replica_set_row(const google::protobuf::Message& message, io::WallTime now) {
  const auto& object = static_cast<const apps::ReplicaSet&>(message);
  return {{object.metadata().name(), int64_t{object.spec().replicas()}, int64_t{object.status().replicas()},
           int64_t{object.status().readyreplicas()}, age_of(object.metadata().creationtimestamp(), now),
           container_names(object.spec().template_()), container_images(object.spec().template_()),
           or_none(selector_text(object.spec().selector()))},
          {}};
}

}  // namespace

Printer deployment_printer() {
  return {{name_column(),
           {"Ready", "string", "How many of the wanted pods are ready."},
           {"Up-to-date", "string", "How many pods are of the current template."},
           {"Available", "string", "How many pods have been ready for long enough."},
           age_column(),
           {"Containers", "string", "The names of the template's containers.", true},
           {"Images", "string", "The images of the template's containers.", true},
           {"Selector", "string", "Which pods belong to the deployment.", true}},
          deployment_row};
}

Printer replica_set_printer() {
  return {{name_column(),
           {"Desired", "integer", "How many pods are wanted."},
           {"Current", "integer", "How many pods there are."},
           {"Ready", "integer", "How many of them are ready."},
           age_column(),
           {"Containers", "string", "The names of the template's containers.", true},
           {"Images", "string", "The images of the template's containers.", true},
           {"Selector", "string", "Which pods belong to the replica set.", true}},
          replica_set_row};
}

}  // namespace kabuki::api_server::table
