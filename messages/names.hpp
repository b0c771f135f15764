#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kabuki {

/// What is wrong with a name, in the words of Kubernetes' validation; empty when nothing is.
using NameProblems = std::vector<std::string>;

/// RFC 1123 label: lower case, at most 63 bytes. Namespaces, containers, hostnames.
NameProblems check_dns1123_label(std::string_view value);
/// RFC 1123 subdomain: labels and dots, at most 253 bytes. Most objects.
NameProblems check_dns1123_subdomain(std::string_view value);
/// RFC 1035 label: as 1123, beginning with a letter. Services.
NameProblems check_dns1035_label(std::string_view value);
/// `[prefix/]name`: label keys, finalizers, resources.
NameProblems check_qualified_name(std::string_view value);
NameProblems check_label_value(std::string_view value);
/// Keys of ConfigMaps and Secrets: they become file names.
NameProblems check_config_key(std::string_view value);
NameProblems check_env_name(std::string_view value);
/// IANA service names, at most 15 bytes.
NameProblems check_port_name(std::string_view value);
NameProblems check_port_number(int64_t value);
/// A name that becomes part of a path.
NameProblems check_path_segment(std::string_view value);

}  // namespace kabuki
