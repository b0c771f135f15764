#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/controllers/controller.hpp"
#include "messages/api/core/v1/service.pb.h"

namespace kabuki::controllers {

/// What endpoints say of a pod, read from its bytes.
struct ServicePod {
  ObjectPtr pod;
  std::vector<std::string> addresses;  // of every family, the first one first
  bool ready = false;
  bool terminating = false;
  bool over = false;
  std::string node, hostname, subdomain;

  static ServicePod of(const ObjectPtr& pod);
  /// Its address of that family ("IPv4", "IPv6"), "" where it has none.
  std::string address(std::string_view family) const;
  /// Whether what endpoints say of it, the labels apart, is the same.
  bool same_to_services(const ServicePod& other) const;
};

/// Whether the service has a selector and its endpoints follow from it.
bool selects_pods(const ::k8s::io::api::core::v1::Service& service);

/// The pods that a service's selector matches, in the order of names; those that are over or have no address are left
/// out, those that go only when `terminating`.
std::vector<ServicePod> pods_of_service(const View& view, const ::k8s::io::api::core::v1::Service& service,
                                        bool terminating);

/// The families of the service's addresses, the first one first.
std::vector<std::string> families_of(const ::k8s::io::api::core::v1::Service& service);

/// Whether the service has no address of its own.
bool is_headless(const ::k8s::io::api::core::v1::Service& service);

/// The hostname by which a pod is known below a headless service, "" where it has none there.
std::string hostname_in(const ServicePod& pod, const ::k8s::io::api::core::v1::Service& service);

/// The port of the pod that stands behind a service's port: by number, or by the name of a container's port. None
/// where the pod has no port of that name.
std::optional<int32_t> target_port(const Object& pod, const ::k8s::io::api::core::v1::ServicePort& port);

/// The services whose endpoints a change of a pod concerns.
void concerned_services(const View& view, const Change& pod, std::vector<Key>* keys);

inline constexpr const char* kHeadlessLabel = "service.kubernetes.io/headless";

}  // namespace kabuki::controllers
