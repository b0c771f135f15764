// Volumes, claims, their classes and drivers.
#include "actors/api_server/table/cells.hpp"
#include "actors/api_server/table/human_duration.hpp"
#include "actors/api_server/table/printer.hpp"
#include "messages/api/core/v1/persistent_volume.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/storage/v1/csi_driver.pb.h"
#include "messages/api/storage/v1/csi_node.pb.h"
#include "messages/api/storage/v1/csi_storage_capacity.pb.h"
#include "messages/api/storage/v1/storage_class.pb.h"
#include "messages/api/storage/v1/volume_attachment.pb.h"
#include "messages/api/storage/v1/volume_attributes_class.pb.h"

namespace kabuki::api_server::table {
namespace {

namespace core = ::k8s::io::api::core::v1;
namespace storage = ::k8s::io::api::storage::v1;

constexpr const char* kUnset = "<unset>";
constexpr const char* kOldClass = "volume.beta.kubernetes.io/storage-class";
using google::protobuf::Message;

template <class Modes>
std::string access_modes(const Modes& modes) {
  struct Word {
    const char* mode;
    const char* text;
  };
  std::vector<std::string> out;
  for (const Word& word : {Word{"ReadWriteOnce", "RWO"}, Word{"ReadOnlyMany", "ROX"}, Word{"ReadWriteMany", "RWX"},
                           Word{"ReadWriteOncePod", "RWOP"}}) {
    if (std::find(modes.begin(), modes.end(), word.mode) != modes.end()) out.emplace_back(word.text);
  }
  return joined(out);
}

template <class Map>
std::string storage_in(const Map& resources) {
  auto found = resources.find("storage");
  return found == resources.end() || found->second.string().empty() ? "0" : found->second.string();
}

template <class Volume>
std::string class_of(const Volume& volume) {
  auto old = volume.metadata().annotations().find(kOldClass);
  return old != volume.metadata().annotations().end() ? old->second : volume.spec().storageclassname();
}

Row volume_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const core::PersistentVolume&>(message);
  const auto& spec = object.spec();
  const bool ends = object.metadata().has_deletiontimestamp();
  return {{object.metadata().name(), storage_in(spec.capacity()), access_modes(spec.accessmodes()),
           spec.persistentvolumereclaimpolicy(), ends ? "Terminating" : object.status().phase(),
           spec.has_claimref() ? spec.claimref().namespace_() + "/" + spec.claimref().name() : "", class_of(object),
           spec.has_volumeattributesclassname() ? spec.volumeattributesclassname() : kUnset, object.status().reason(),
           age_of(object.metadata().creationtimestamp(), now), spec.has_volumemode() ? spec.volumemode() : kUnset},
          {}};
}

Row volume_claim_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const core::PersistentVolumeClaim&>(message);
  const auto& spec = object.spec();
  const bool ends = object.metadata().has_deletiontimestamp();
  const bool bound = !spec.volumename().empty();
  return {
      {object.metadata().name(), ends ? "Terminating" : object.status().phase(), spec.volumename(),
       bound ? storage_in(object.status().capacity()) : "", bound ? access_modes(object.status().accessmodes()) : "",
       class_of(object), spec.has_volumeattributesclassname() ? spec.volumeattributesclassname() : kUnset,
       age_of(object.metadata().creationtimestamp(), now), spec.has_volumemode() ? spec.volumemode() : kUnset},
      {}};
}

std::string marked_default(const ::k8s::io::apimachinery::pkg::apis::meta::v1::ObjectMeta& meta,
                           std::initializer_list<const char*> annotations) {
  for (const char* annotation : annotations) {
    auto found = meta.annotations().find(annotation);
    if (found != meta.annotations().end() && found->second == "true") return meta.name() + " (default)";
  }
  return meta.name();
}

Row storage_class_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const storage::StorageClass&>(message);
  return {{marked_default(object.metadata(), {"storageclass.kubernetes.io/is-default-class",
                                              "storageclass.beta.kubernetes.io/is-default-class"}),
           object.provisioner(), object.has_reclaimpolicy() ? object.reclaimpolicy() : "Delete",
           object.has_volumebindingmode() ? object.volumebindingmode() : "Immediate", object.allowvolumeexpansion(),
           age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

Row volume_attachment_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const storage::VolumeAttachment&>(message);
  const auto& spec = object.spec();
  return {{object.metadata().name(), spec.attacher(), spec.source().persistentvolumename(), spec.nodename(),
           object.status().attached(), age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

Row volume_attributes_class_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const storage::VolumeAttributesClass&>(message);
  return {{marked_default(object.metadata(), {"storage.alpha.kubernetes.io/is-default-class"}), object.drivername(),
           age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

Row csi_driver_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const storage::CSIDriver&>(message);
  const auto& spec = object.spec();
  std::vector<std::string> audiences;
  for (const auto& request : spec.tokenrequests()) audiences.push_back(request.audience());
  return {
      {object.metadata().name(), !spec.has_attachrequired() || spec.attachrequired(), spec.podinfoonmount(),
       spec.storagecapacity(), spec.tokenrequests().empty() ? kUnset : joined(audiences), spec.requiresrepublish(),
       or_none(joined({spec.volumelifecyclemodes().begin(), spec.volumelifecyclemodes().end()})),
       age_of(object.metadata().creationtimestamp(), now)},
      {}};
}

Row csi_node_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const storage::CSINode&>(message);
  return {{object.metadata().name(), int64_t{object.spec().drivers_size()},
           age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

Row csi_capacity_row(const Message& message, io::WallTime) {
  const auto& object = static_cast<const storage::CSIStorageCapacity&>(message);
  return {
      {object.metadata().name(), object.storageclassname(), object.has_capacity() ? object.capacity().string() : ""},
      {}};
}

}  // namespace

Printer volume_printer() {
  return {{name_column(),
           {"Capacity", "string", "How much the volume holds."},
           {"Access Modes", "string", "How the volume may be mounted."},
           {"Reclaim Policy", "string", "What becomes of the volume when its claim is gone."},
           {"Status", "string", "The phase of the volume."},
           {"Claim", "string", "The claim that the volume is bound to."},
           {"StorageClass", "string", "The class of the volume."},
           {"VolumeAttributesClass", "string", "The class of the volume's attributes."},
           {"Reason", "string", "Why the volume is in this phase."},
           age_column(),
           {"VolumeMode", "string", "Whether it is a file system or a block device.", true}},
          volume_row};
}

Printer volume_claim_printer() {
  return {{name_column(),
           {"Status", "string", "The phase of the claim."},
           {"Volume", "string", "The volume that the claim is bound to."},
           {"Capacity", "string", "How much that volume holds."},
           {"Access Modes", "string", "How that volume may be mounted."},
           {"StorageClass", "string", "The class that is asked for."},
           {"VolumeAttributesClass", "string", "The class of the volume's attributes."},
           age_column(),
           {"VolumeMode", "string", "Whether it is a file system or a block device.", true}},
          volume_claim_row};
}

Printer storage_class_printer() {
  return {{name_column(),
           {"Provisioner", "string", "Who makes the volumes."},
           {"ReclaimPolicy", "string", "What becomes of a volume when its claim is gone."},
           {"VolumeBindingMode", "string", "When volumes are made and bound."},
           {"AllowVolumeExpansion", "boolean", "Whether volumes may grow."},
           age_column()},
          storage_class_row};
}

Printer volume_attachment_printer() {
  return {{name_column(),
           {"Attacher", "string", "The driver that attaches."},
           {"PV", "string", "The volume."},
           {"Node", "string", "The node that it is attached to."},
           {"Attached", "boolean", "Whether it is attached."},
           age_column()},
          volume_attachment_row};
}

Printer volume_attributes_class_printer() {
  return {{name_column(), {"DriverName", "string", "The driver that knows the attributes."}, age_column()},
          volume_attributes_class_row};
}

Printer csi_driver_printer() {
  return {{name_column(),
           {"AttachRequired", "boolean", "Whether volumes must be attached before they are mounted."},
           {"PodInfoOnMount", "boolean", "Whether the driver wants to know the pod."},
           {"StorageCapacity", "boolean", "Whether the scheduler is to look at the driver's capacity."},
           {"TokenRequests", "string", "For whom the driver wants tokens."},
           {"RequiresRepublish", "boolean", "Whether the driver wants to be called again and again."},
           {"Modes", "string", "What kinds of volumes the driver has."},
           age_column()},
          csi_driver_row};
}

Printer csi_node_printer() {
  return {{name_column(), {"Drivers", "integer", "How many drivers the node has."}, age_column()}, csi_node_row};
}

Printer csi_capacity_printer() {
  return {{name_column(),
           {"StorageClassName", "string", "The class that the capacity is for."},
           {"Capacity", "string", "How much there is."}},
          csi_capacity_row};
}

}  // namespace kabuki::api_server::table
