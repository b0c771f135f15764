#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/api_server/port_table.hpp"
#include "actors/api_server/shard_client.hpp"
#include "actors/api_server/write_flow.hpp"
#include "runtime/io/random.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::api_server {

/// How often a change of the table is tried again when somebody was faster.
inline constexpr int kPortRetries = 64;

/// Sees to it that no two services have one node port, whichever API servers give it, however late a view is and
/// wherever a host stands still. A port is taken in the table of ports (port_table.hpp), by compare-and-swap, before
/// the service gets it; and that one is committed only while its IPAddress is as it was before the port was taken.
/// Who finds a port taken for a service that has not got it renews that IPAddress first, so that nobody can still be
/// about to commit, and frees the port only while the service is unchanged. To be used inside one actor only.
class PortReservations {
 public:
  struct Surroundings {
    /// All services as the store has them now.
    std::function<void(std::function<void(Result<std::vector<ObjectPtr>>)>)> services;
    std::function<io::WallTime()> now;
    std::function<std::string()> make_id;
  };
  PortReservations(ShardClient* shards, Surroundings around) : shards_(*shards), around_(std::move(around)) {}

  /// Adds to what the service's address needed (`secured`) what its node ports need: of a write that turns `current`
  /// (null: none) into `next` (null: none). Error: 422 where a port is another's; what was secured is let go first.
  void secure(const ObjectPtr& current, const ObjectPtr& next, WriteFlow::Secured secured,
              std::function<void(Result<WriteFlow::Secured>)> then);

  /// Those of `ports` that turned out to be another's when they were to be taken; each is told once.
  std::set<int32_t> take_lost(const std::set<int32_t>& ports);

  /// Mends what crashes have left, by what the watch has shown of services: takes what they have and the table does
  /// not say, and frees what has belonged to a service that does not have it since the last call.
  void repair(const std::map<Key, std::set<int32_t>>& services);

 private:
  /// What one write does to the table.
  struct Change {
    Key service;
    ObjectPtr next;  // null: it goes
    std::string address;
    std::set<int32_t> wanted, gone;
    std::string claim;
    std::map<int32_t, PortHolder> had;  // of `gone`, as the table said before the write
    std::map<int32_t, PortHolder> own;  // of `wanted`: what the table says that this service has, though it has not
    bool settled = false;
    bool creates = false;
  };
  using Edit = std::function<Result<bool>(PortTable* table)>;  // whether there is anything to write
  /// Reads the table and commits what `edit` makes of it, again when somebody was faster.
  void change_table(Edit edit, Guard guard, std::function<void(Result<>)> then);
  void try_change(const ObjectPtr& table, Edit edit, Guard guard, std::function<void(Result<>)> then, int attempts);
  void make_table(std::function<void(Result<ObjectPtr>)> then);
  void take(const std::shared_ptr<Change>& change, WriteFlow::Secured secured,
            std::function<void(Result<WriteFlow::Secured>)> then);
  void let_go(const std::shared_ptr<Change>& change, std::function<void()> then);
  void release(const std::shared_ptr<Change>& change, std::function<void()> then);
  /// Whether what is taken is left of an attempt of the same service, whose outcome nobody has told: frees it then.
  void settle_own(const std::shared_ptr<Change>& change, std::function<void(Result<>)> then);
  /// `then` says whether the service has the port.
  void free_unused(int32_t port, const PortHolder& holder, std::function<void(Result<bool>)> then);
  void free_unless_changed(int32_t port, const PortHolder& holder, uint64_t service_revision,
                           std::function<void(Result<>)> then);
  void take_missing(const Key& service, const std::set<int32_t>& ports);

  ShardClient& shards_;
  const Surroundings around_;
  std::set<int32_t> lost_;
  std::map<int32_t, PortHolder> unused_;  // when repair was called last
};

}  // namespace kabuki::api_server
