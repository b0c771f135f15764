#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "messages/bus/control.pb.h"
#include "messages/result.hpp"
#include "runtime/address.hpp"

namespace kabuki::runtime {

/// The hosts of a cluster and who holds its roles. Pure: it decides, the membership actor keeps it in the store and
/// tells the hosts. Who asks has been proven before.
class MembershipTable {
 public:
  struct Row {
    uint64_t incarnation = 0;
    std::string endpoint;
    std::string public_key;
    uint32_t pid = 0;
    uint32_t nodes = 0;
    bool control_plane = false;
    uint64_t attempt = 0;  // the start that was granted the incarnation
    bool up = false;       // not kept: after a load every host must be heard of again
    bool operator==(const Row&) const = default;
  };

  struct Joined {
    std::string host;
    uint64_t incarnation = 0;
    bool to_be_kept = false;  // rows other than `up` have changed: answer only after they are stored
    bool operator==(const Joined&) const = default;
  };

  /// A host starts (join.incarnation 0: it is granted the next one, once for all tries of one join.attempt, however
  /// late they come) or says that it still runs. A host without a name gets `host-N`, N above every one there ever
  /// was. Errors: BadRequest for a name that cannot be one; Conflict (409) when the name or the key belongs to
  /// another host, or when a later incarnation has started: then the asker must end. A control-plane host stays one;
  /// join.control_plane makes one.
  Result<Joined> join(const bus::Join& join);
  /// Whether that changed anything. Unknown hosts are left out.
  bool set_up(const std::string& host, bool up);
  /// Every host counts as up until the contrary shows.
  void presume_up();
  bool set_roles(const std::map<std::string, Address>& roles);
  /// Forgets a host for good. Its name is not given out again.
  bool remove(const std::string& host);

  const std::map<std::string, Row>& rows() const { return rows_; }
  /// Grows with every change.
  uint64_t version() const { return version_; }
  bus::Members message() const;

  /// The data of the ConfigMap that keeps the table: one key per host, and `last_number` (no host can be called so).
  std::map<std::string, std::string> to_data() const;
  /// Error: BadRequest that names the key, when somebody has edited it wrongly.
  static Result<MembershipTable> from_data(const std::map<std::string, std::string>& data);

 private:
  void count_name(const std::string& host);

  std::map<std::string, Row> rows_;
  std::map<std::string, std::string> roles_;
  uint64_t last_number_ = 0;  // of the names `host-N` given out
  uint64_t version_ = 0;
};

/// Whether a host may be called so: 1 to 63 of a-z, 0-9, '-', not '-' at either end.
bool is_host_name(std::string_view name);

}  // namespace kabuki::runtime
