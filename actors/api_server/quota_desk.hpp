#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/api_server/shard_client.hpp"
#include "actors/api_server/write/admission/surroundings.hpp"
#include "actors/api_server/write/write.hpp"
#include "actors/quota/ledger.hpp"
#include "runtime/io/random.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::api_server {

/// Charges what is written to the quotas of its namespace, by compare-and-swap on each, before it is written. What
/// comes while a namespace's quotas are being charged waits and is charged together. A charge is a reservation in the
/// quota (quota/ledger.hpp), so that the sum of all that is admitted never exceeds a quota, however many API servers
/// admit and whoever recounts meanwhile. To be used inside one actor.
class QuotaDesk {
 public:
  struct Ways {
    Surroundings* surroundings = nullptr;  // the quotas as they are known; kept up by what is committed
    std::function<void(const Key&, uint64_t expected_revision, ObjectPtr, ShardClient::Committed)> commit;
    std::function<io::WallTime()> now;
    std::function<std::string()> make_id;  // never gives the same twice, nor what another desk gives
  };
  explicit QuotaDesk(Ways ways) : ways_(std::move(ways)) {}

  struct Charge {
    const Kind* kind = nullptr;
    Key key;
    std::string uid;
    uint64_t base_revision = 0;
    std::shared_ptr<const google::protobuf::Message> object;
    std::shared_ptr<const google::protobuf::Message> old;  // null: the object is created
  };
  /// What was charged where.
  struct Ticket {
    std::string id, ns;
    std::vector<std::string> quotas;
  };

  /// Whether there is anything to be charged. Cheap where a namespace has no quota.
  bool concerns(const Write& write, const Decision& decision) const;
  /// `done` is called once, now or later, with what is to be given back when the object is not written after all.
  /// Error: 403 with the quota that has no room.
  void charge(Charge charge, std::function<void(Result<Ticket>)> done);
  /// Only for writes that are known not to have been done.
  void give_back(Ticket ticket);

 private:
  struct Waiting {
    Charge charge;
    std::function<void(Result<Ticket>)> done;
    Ticket ticket;
    int attempts = 0;
  };
  struct Desk {
    std::vector<Waiting> waiting;
    std::vector<Ticket> returned;
    bool busy = false;
  };
  struct Round;

  void work(const std::string& ns);
  void admit(Round* round, Waiting waiting);
  void commit(const std::shared_ptr<Round>& round);
  void finish(Round* round);

  Ways ways_;
  std::map<std::string, Desk> desks_;  // by namespace
};

}  // namespace kabuki::api_server
