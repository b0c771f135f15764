#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "messages/kinds.hpp"
#include "messages/object.hpp"
#include "messages/versions.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::api_server {

/// What a Table says beside its rows.
struct TableOptions {
  enum class Include { none, metadata, object };
  Include include = Include::metadata;  // what stands in each row's `object`
  bool columns = true;                  // false: null, as in all but the first event of a watch
  uint64_t revision = 0;                // metadata.resourceVersion; 0 leaves it out
  std::string continue_token;
  std::optional<int64_t> remaining;
  io::WallTime now;                  // what ages are relative to
  const Version* version = nullptr;  // in which whole objects are shown; null: as they are stored
};

/// Appends `objects`, all of `kind`, as the Table (meta.k8s.io/v1) that `kubectl get` prints: its columns and cells
/// are a kube-apiserver's. A kind without a printer of its own shows name and creation time. Pure.
void encode_table_json(const Kind& kind, std::span<const ObjectPtr> objects, const TableOptions& options,
                       std::string* out);

}  // namespace kabuki::api_server
