#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/controllers/controller.hpp"
#include "actors/controllers/view.hpp"
#include "actors/controllers/work_queue.hpp"

namespace kabuki::controllers {

/// Drives one controller: what is to be reconciled when, and the write barrier. A key is held back from the moment it
/// is taken until all its writes are answered *and* the view has reached the revisions they made; where an answer
/// never came, until the view has reached a revision asked for after that. So no plan is ever made on a view that
/// lacks the controller's own writes for that key. Pure: changes, answers and time come in, requests come out. Not
/// thread-safe.
class Reconciler {
 public:
  static constexpr size_t kWritesPerBatch = 256;
  static constexpr size_t kMaxBatches = 8;  // under way

  explicit Reconciler(Controller controller) : controller_(std::move(controller)), view_(controller_.indexes) {}

  // What the views say.
  void changed(const ObjectPtr& object, io::MonoTime seen);
  void removed(const ObjectPtr& last);
  /// The view of `kind` holds everything up to `revision`. `listed`: it was listed anew, so that what is not there by
  /// now never will be.
  void reached(KindId kind, uint64_t revision, bool listed, io::MonoTime now);
  /// All views are complete: reconciling begins. (Before, only changes are taken in.)
  void start();
  void add(const Key& key) { queue_.add(key); }

  // What is to be done.
  struct Batch {
    uint64_t id = 0;
    std::vector<actors::Write> writes;
  };
  /// Reconciles what is due and returns the writes to be sent, at most kMaxBatches under way at a time.
  std::vector<Batch> work(const Instant& now);
  void answered(uint64_t batch, const std::vector<actors::WriteOutcome>& outcomes, const Instant& now);

  /// Whether objects exist, to be asked of the store itself.
  struct Question {
    uint64_t id = 0;
    std::vector<Gone> gone;
  };
  std::vector<Question> take_questions() { return std::exchange(questions_, {}); }
  void verified(uint64_t question, bool all_gone, const Instant& now);

  /// What revision a kind is at, to be asked of the store: an answer is missing, and its write may have been done.
  struct RevisionQuestion {
    KindId kind{};
    uint64_t number = 0;
    bool operator==(const RevisionQuestion&) const = default;
  };
  std::vector<RevisionQuestion> take_revision_questions();
  /// Answers one of the above for every key that waits for it or for an earlier one: what was asked before a write of
  /// unknown end says nothing of that write.
  void revision_is(const RevisionQuestion& question, uint64_t revision, io::MonoTime now);

  std::vector<actors::EventNote> take_notes() { return std::exchange(notes_, {}); }
  /// When `work` is to be called though nothing happens.
  std::optional<io::MonoTime> next_due() const { return queue_.next_due(); }
  bool due(io::MonoTime now) const { return begun() && !full() && queue_.ready(now); }
  /// Nothing is queued, under way or waiting for a barrier; keys may wait for their time.
  bool idle() const { return begun() && queue_.queued() == 0 && queue_.held() == 0; }

  const Controller& controller() const { return controller_; }
  const View& view() const { return view_; }
  const WorkQueue& queue() const { return queue_; }
  uint64_t writes() const { return writes_; }

 private:
  struct Job {
    Key key;
    Plan plan;
    size_t open = 0;  // writes without an answer
    bool failed = false;
    bool moved = false;  // some write changed something
    bool tried = false;  // something was to be created or deleted
    std::optional<View::Refusal> refusal;
    std::map<KindId, uint64_t> barrier;  // revisions the view has to reach
    std::map<KindId, uint64_t> unclear;  // kinds of which the revision to be reached is not known yet, by question
    bool confirms = false;               // nothing was written: the plan is made anew on views that are confirmed
  };
  using JobPtr = std::shared_ptr<Job>;
  struct Item {
    JobPtr job;
    Step step;
    uint64_t before = 0;  // the object's revision in the view when the write was planned
  };

  bool begun() const { return started_ && unconfirmed_.empty(); }
  bool full() const { return batches_.size() + outgoing_.size() / kWritesPerBatch >= kMaxBatches; }
  bool watches(KindId kind) const;
  void concern(const Change& change);
  bool is_confirmed(const Job& job) const;
  Plan make_plan(const Key& key, const Instant& now);
  void reconcile(const Key& key, const Instant& now);
  void submit(const JobPtr& job);
  void take_outcome(const Item& item, const actors::WriteOutcome& outcome);
  static void note_refusal(const actors::Write& write, const actors::WriteOutcome& outcome, Job* job);
  void announce(const Item& item, const actors::WriteOutcome& outcome);
  void ask_revisions(Job* job);
  void settle(const JobPtr& job, io::MonoTime now);
  void release(io::MonoTime now);

  const Controller controller_;
  View view_;
  WorkQueue queue_;
  bool started_ = false;
  std::map<KindId, std::optional<uint64_t>> unconfirmed_;  // what a view has to reach before all begins, once known
  std::map<KindId, uint64_t> reached_;
  std::deque<Item> outgoing_;
  std::map<uint64_t, std::vector<Item>> batches_;
  std::map<uint64_t, JobPtr> asked_;
  std::vector<JobPtr> behind_;  // wait for the view, in order
  std::vector<Question> questions_;
  std::map<KindId, uint64_t> revision_questions_;  // not taken yet: their numbers
  std::map<Key, std::string> confirmed_;           // Confirm::what, of keys whose objects exist
  std::set<std::string> known_gone_;               // uids are never used again
  std::vector<actors::EventNote> notes_;
  std::vector<Key> keys_;
  uint64_t next_id_ = 1;
  uint64_t writes_ = 0;
};

}  // namespace kabuki::controllers
