#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "messages/result.hpp"

namespace kabuki::bench {

struct HttpsLoadOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 6443;
  std::string authority, certificate, key;  // PEM files
  size_t connections = 64;
  double seconds = 10;
  size_t bytes = 1024;  // of the JSON that is created
  bool read = false;    // read the first `names` objects of `run` instead of creating
  size_t names = 0;
  std::string run;  // prefix of the objects' names; one of its own when empty
};

struct HttpsLoadResult {
  size_t done = 0;     // 201, or 200 when reading
  size_t refused = 0;  // any other status
  double seconds = 0;
  double p50_ms = 0, p99_ms = 0;
  std::string run;
};

/// Creates ConfigMaps over HTTP/1.1 and TLS with a client certificate, one request at a time per connection, from one
/// thread. Error: certificates, connection, or a server that closes or hangs.
Result<HttpsLoadResult> run_https_load(const HttpsLoadOptions& options);

}  // namespace kabuki::bench
