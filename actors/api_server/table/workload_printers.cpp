// What runs pods: from pod templates to daemon sets.
#include "actors/api_server/table/cells.hpp"
#include "actors/api_server/table/human_duration.hpp"
#include "actors/api_server/table/printer.hpp"
#include "messages/api/apps/v1/controller_revision.pb.h"
#include "messages/api/apps/v1/daemon_set.pb.h"
#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/api/core/v1/pod_template_kind.pb.h"
#include "messages/api/core/v1/replication_controller.pb.h"

namespace kabuki::api_server::table {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
namespace core = ::k8s::io::api::core::v1;

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
           selector_text(object.spec().selector())},
          {}};
}

Row replication_controller_row(const google::protobuf::Message& message, io::WallTime now) {
  const auto& object = static_cast<const core::ReplicationController&>(message);
  return {{object.metadata().name(), int64_t{object.spec().replicas()}, int64_t{object.status().replicas()},
           int64_t{object.status().readyreplicas()}, age_of(object.metadata().creationtimestamp(), now),
           container_names(object.spec().template_()), container_images(object.spec().template_()),
           labels_text(object.spec().selector())},
          {}};
}

Row daemon_set_row(const google::protobuf::Message& message, io::WallTime now) {
  const auto& object = static_cast<const apps::DaemonSet&>(message);
  const auto& status = object.status();
  return {
      {object.metadata().name(), int64_t{status.desirednumberscheduled()}, int64_t{status.currentnumberscheduled()},
       int64_t{status.numberready()}, int64_t{status.updatednumberscheduled()}, int64_t{status.numberavailable()},
       labels_text(object.spec().template_().spec().nodeselector()),
       age_of(object.metadata().creationtimestamp(), now), container_names(object.spec().template_()),
       container_images(object.spec().template_()), selector_text(object.spec().selector())},
      {}};
}

Row stateful_set_row(const google::protobuf::Message& message, io::WallTime now) {
  const auto& object = static_cast<const apps::StatefulSet&>(message);
  return {{object.metadata().name(),
           std::to_string(object.status().readyreplicas()) + "/" + std::to_string(object.spec().replicas()),
           age_of(object.metadata().creationtimestamp(), now), container_names(object.spec().template_()),
           container_images(object.spec().template_())},
          {}};
}

Row pod_template_row(const google::protobuf::Message& message, io::WallTime) {
  const auto& object = static_cast<const core::PodTemplate&>(message);
  return {{object.metadata().name(), container_names(object.template_()), container_images(object.template_()),
           labels_text(object.template_().metadata().labels())},
          {}};
}

Row controller_revision_row(const google::protobuf::Message& message, io::WallTime now) {
  const auto& object = static_cast<const apps::ControllerRevision&>(message);
  std::string controller = kNone;
  for (const auto& owner : object.metadata().ownerreferences()) {
    if (!owner.controller()) continue;
    const std::string& version = owner.apiversion();
    const size_t slash = version.find('/');
    controller =
        lower(owner.kind()) + (slash == std::string::npos ? "" : "." + version.substr(0, slash)) + "/" + owner.name();
  }
  return {
      {object.metadata().name(), controller, object.revision(), age_of(object.metadata().creationtimestamp(), now)},
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

Printer replication_controller_printer() {
  return {{name_column(),
           {"Desired", "integer", "How many pods are wanted."},
           {"Current", "integer", "How many pods there are."},
           {"Ready", "integer", "How many of them are ready."},
           age_column(),
           {"Containers", "string", "The names of the template's containers.", true},
           {"Images", "string", "The images of the template's containers.", true},
           {"Selector", "string", "Which pods belong to the controller.", true}},
          replication_controller_row};
}

Printer daemon_set_printer() {
  return {{name_column(),
           {"Desired", "integer", "How many nodes should run a pod of the set."},
           {"Current", "integer", "How many of them run one."},
           {"Ready", "integer", "How many of these pods are ready."},
           {"Up-to-date", "integer", "How many pods are of the current template."},
           {"Available", "integer", "How many pods have been ready for long enough."},
           {"Node Selector", "string", "The labels of the nodes that are to run a pod."},
           age_column(),
           {"Containers", "string", "The names of the template's containers.", true},
           {"Images", "string", "The images of the template's containers.", true},
           {"Selector", "string", "Which pods belong to the set.", true}},
          daemon_set_row};
}

Printer stateful_set_printer() {
  return {{name_column(),
           {"Ready", "string", "How many of the wanted pods are ready."},
           age_column(),
           {"Containers", "string", "The names of the template's containers.", true},
           {"Images", "string", "The images of the template's containers.", true}},
          stateful_set_row};
}

Printer pod_template_printer() {
  return {{name_column(),
           {"Containers", "string", "The names of the template's containers."},
           {"Images", "string", "The images of the template's containers."},
           {"Pod Labels", "string", "The labels of the template's pods."}},
          pod_template_row};
}

Printer controller_revision_printer() {
  return {{name_column(),
           {"Controller", "string", "Whose state this is."},
           {"Revision", "integer", "The number of the state."},
           age_column()},
          controller_revision_row};
}

}  // namespace kabuki::api_server::table
