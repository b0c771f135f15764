#pragma once

#include <string_view>

#include "messages/names.hpp"

namespace kabuki::validation {

/// What is wrong with a value of a certain form, in the words of Kubernetes' validation; empty when nothing is.
NameProblems check_ip_address(std::string_view value);
NameProblems check_cidr(std::string_view value);
/// `acme.io/foo`.
NameProblems check_domain_path(std::string_view value);
NameProblems check_absolute_path(std::string_view value);
/// A DNS name, maybe with `*.` before it, and no address.
NameProblems check_host_name(std::string_view value);
/// A DNS name of three parts at least.
NameProblems check_full_domain(std::string_view value);
/// Of a webhook: https, a host, neither user nor query nor fragment.
NameProblems check_https_url(std::string_view value);
/// Cron's five fields, or a word such as `@daily`; without a time zone before them.
NameProblems check_schedule(std::string_view value);
/// A name of the time zone database; Local and empty names are refused.
NameProblems check_time_zone(std::string_view value);

}  // namespace kabuki::validation
