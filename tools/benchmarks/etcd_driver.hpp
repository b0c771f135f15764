#pragma once

#include <memory>

#include "tools/benchmarks/store_driver.hpp"

namespace kabuki::bench {

/// A single member of etcd, as Debian packages it, with its data below `directory`; asked by gRPC, Put by Put.
std::unique_ptr<StoreDriver> make_etcd_driver(const std::string& directory);

}  // namespace kabuki::bench
