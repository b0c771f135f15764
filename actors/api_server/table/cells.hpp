#pragma once

#include <google/protobuf/map.h>
#include <string>
#include <vector>

#include "messages/api/core/v1/pod_template.pb.h"
#include "messages/api/meta/v1/selector.pb.h"

namespace kabuki::api_server::table {

/// The names, and the images, of a template's containers: "a,b".
std::string container_names(const ::k8s::io::api::core::v1::PodTemplateSpec& pods);
std::string container_images(const ::k8s::io::api::core::v1::PodTemplateSpec& pods);

/// "a=b,c in (d,e)"; "<none>" where everything is selected.
std::string selector_text(const ::k8s::io::apimachinery::pkg::apis::meta::v1::LabelSelector& selector);

/// "a=b,c=d" in the order of keys, or "<none>".
std::string labels_text(const google::protobuf::Map<std::string, std::string>& labels);

/// The first `max` of a list, and how many more there are: "a,b,c + 2 more...".
std::string with_more(std::vector<std::string> list, size_t max, const char* separator = ",");

std::string lower(std::string text);

}  // namespace kabuki::api_server::table
