#pragma once

#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/io/random.hpp"
#include "store/engines/memory_shared.hpp"

namespace kabuki::store {

/// One engine over a SharedMedium; outlives it while a timer still points to it. Everything is guarded by the
/// medium's lock. Callbacks are queued and made by one thread at a time, in order, without the lock.
class SharedCore : public std::enable_shared_from_this<SharedCore> {
 public:
  using Lock = std::unique_lock<std::mutex>;
  using BarrierDone = std::function<void(Result<uint64_t>)>;

  SharedCore(std::shared_ptr<SharedMedium> medium, SharedMemoryOptions options)
      : medium_(std::move(medium)), options_(std::move(options)), random_(options_.seed) {}

  Result<uint64_t> load(const std::function<void(ObjectPtr)>& sink);
  void start(Engine::Feed feed, Engine::Failed failed);
  void submit(std::vector<Mutation> batch, Engine::Done done);
  void barrier(BarrierDone done);
  void stop();
  void crash();

  // Called by the medium, with its lock held.
  const std::string& host() const { return options_.host; }
  uint64_t position() const { return position_; }
  void lost_leader();
  void was_cut();
  void reachable_again();
  /// Sees to it that what the feed lacks comes.
  void arm_feed();
  void drain(Lock& lock);

 private:
  struct Submission {
    std::vector<Mutation> batch;
    std::vector<MutationResult> results;
    Engine::Done done;
    size_t open = 0;      // transactions that are not decided
    uint64_t needed = 0;  // the feed must have this before it is answered
    io::Timers::Id timeout = 0;
    bool answered = false;
  };
  using SubmissionPtr = std::shared_ptr<Submission>;

  /// blocked: behind another of the same key. parked: not sent, nobody to send it to. lost: sent, but nobody will say
  /// what became of it.
  enum class Stage { blocked, flying, parked, lost, decided };
  struct Transaction {
    SubmissionPtr of;
    std::vector<size_t> entries;
    Stage stage = Stage::blocked;
    size_t blockers = 0;
    std::vector<std::shared_ptr<Transaction>> behind;
  };
  using TransactionPtr = std::shared_ptr<Transaction>;

  struct Barrier {
    io::Timers::Id timer = 0;
    BarrierDone done;
  };

  static Error unreachable();
  bool reachable() const { return medium_->reachable(options_.host); }
  io::Duration draw(io::Duration low, io::Duration high);
  std::vector<TransactionPtr> split(const SubmissionPtr& submission);
  void launch(const TransactionPtr& transaction);
  void land(const TransactionPtr& transaction);
  /// Judges and applies it.
  void decide(Transaction& transaction);
  /// Durable or not, nobody knows.
  void toss(Transaction& transaction);
  void close_transaction(const TransactionPtr& transaction);
  void answer(const SubmissionPtr& submission);
  void answer_reached();
  void time_out(const SubmissionPtr& submission);
  void feed_to(uint64_t target);
  void end_barrier(uint64_t number);
  void fail(Error error);
  void end();

  const std::shared_ptr<SharedMedium> medium_;
  const SharedMemoryOptions options_;
  io::Random random_;
  Engine::Feed feed_;
  Engine::Failed failed_;

  uint64_t position_ = 0;  // the feed has everything of the log up to here
  uint64_t reported_ = 0;  // ... and was told so
  uint64_t wanted_ = 0;    // a barrier wants it to be told of this
  bool feed_armed_ = false;
  std::list<TransactionPtr> transactions_;  // undecided
  std::map<Key, TransactionPtr> last_by_key_;
  std::vector<SubmissionPtr> unfed_;     // decided, waiting for the feed
  std::deque<SubmissionPtr> unsettled_;  // not answered, or behind one that is not; in the order of submission
  std::map<uint64_t, Barrier> barriers_;
  uint64_t last_barrier_ = 0;

  std::deque<std::function<void()>> calls_;
  bool draining_ = false;
  std::condition_variable idle_;
  bool opened_ = false;
  bool closed_ = false;
};

}  // namespace kabuki::store
