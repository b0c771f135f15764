#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/api_server/http/exchange.hpp"
#include "messages/kinds.hpp"
#include "messages/result.hpp"
#include "messages/selectors.hpp"

namespace kabuki::api_server {

/// Kubernetes' reading of a boolean in a query: anything but `0` and `false` (in any case) is true, also nothing.
bool query_flag(const http::Request& request, std::string_view name);

/// What a list or watch asks for.
struct ListParameters {
  LabelSelector labels;
  FieldSelector fields;
  std::string label_text;  // as asked, for the bus
  bool has_version = false;
  uint64_t version = 0;
  enum class Match { unset, exact, not_older_than } match = Match::unset;
  uint64_t limit = 0;
  std::string continue_token;
  bool watch = false;
  bool bookmarks = false;
  std::optional<bool> send_initial_events;
  int64_t timeout_seconds = 0;  // 0: the server's choice
};
/// Errors: 400 for what cannot be read, 422 for combinations that Kubernetes forbids.
Result<ListParameters> list_parameters(const Kind& kind, const http::Request& request);

enum class FieldValidation { ignore, warn, strict };

/// What a create, update, patch or delete asks for beside its body.
struct WriteParameters {
  bool dry_run = false;
  FieldValidation validation = FieldValidation::warn;
  std::string field_manager;
};
Result<WriteParameters> write_parameters(const http::Request& request);

/// What a continue token says: at which revision, after which key.
/// `{"v":"meta.k8s.io/v1","rv":N,"start":"/ns/name\0"}` in unpadded base64url, as a kube-apiserver writes it; of a
/// list inside one namespace the start is "/name\0".
struct ContinueToken {
  uint64_t revision = 0;  // 0, on the wire -1: the latest, where the list's own is not remembered any more
  std::string ns;
  std::string name;
  bool operator==(const ContinueToken&) const = default;
};
/// `ns` is the namespace that the list is of, "" for all.
std::string write_continue_token(const Kind& kind, std::string_view ns, const ContinueToken& token);
/// Error: 400 `invalid continue token: continue key is not valid: ...`, as Kubernetes words it.
Result<ContinueToken> read_continue_token(const Kind& kind, std::string_view ns, std::string_view text);

}  // namespace kabuki::api_server
