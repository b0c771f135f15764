#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace kabuki::api_server::http {

/// Whether a request's Accept-Encoding names gzip, and not with q=0.
bool accepts_gzip(std::string_view accept_encoding);

/// Compresses one body piece by piece (gzip's format, level 1, as a kube-apiserver does). For one thread.
class GzipStream {
 public:
  GzipStream();
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  /// Appends what comes of `piece` to `out`, perhaps nothing yet; all that is left when it is the `last`.
  void add(std::string_view piece, bool last, std::string* out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kabuki::api_server::http
