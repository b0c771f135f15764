#pragma once

#include <string>

#include "messages/api/meta/v1/time.pb.h"
#include "runtime/io/time.hpp"

namespace kabuki::api_server {

/// An age as kubectl prints it: two significant units at most ("3m51s", "2d", "1y30d"). Less than two seconds in the
/// future are "0s", more "<invalid>". Source: k8s.io/apimachinery duration.HumanDuration.
std::string human_duration(io::Duration age);

/// The age of a moment; "<unknown>" for the zero time.
std::string age_of(const ::k8s::io::apimachinery::pkg::apis::meta::v1::Time& time, io::WallTime now);
std::string age_of(const ::k8s::io::apimachinery::pkg::apis::meta::v1::MicroTime& time, io::WallTime now);

}  // namespace kabuki::api_server
