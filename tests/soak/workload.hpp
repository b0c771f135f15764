#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "runtime/io/random.hpp"
#include "store/engine.hpp"

namespace kabuki::store::soak {

/// What a shard holds: a model of it, or what was loaded.
class Contents {
 public:
  struct Entry {
    uint64_t revision = 0;
    std::string body;
    bool operator==(const Entry&) const = default;
  };

  void load(const Object& object);
  void loaded(uint64_t revision) { revision_ = revision; }
  /// Judges as an engine has to.
  MutationResult judge(const Mutation& mutation);

  const std::map<std::string, Entry>& entries() const { return entries_; }
  uint64_t revision() const { return revision_; }
  /// Of all entries, whatever the order they came in.
  uint64_t digest() const { return digest_; }
  bool operator==(const Contents&) const = default;

 private:
  void put(const std::string& name, Entry entry);
  void remove(const std::string& name);

  std::map<std::string, Entry> entries_;
  uint64_t revision_ = kFirstRevision;
  uint64_t digest_ = 0;
};

struct WorkloadOptions {
  uint64_t names = 60;
  uint64_t batch_max = 4;
  uint64_t body_max = 3000;
  double deletes = 0.25;
};

/// A batch, and what an engine has to answer that was given all batches before it.
struct Submission {
  std::vector<Mutation> batch;
  std::vector<MutationResult> results;
};

/// Creates, updates, deletes and conflicts, drawn from a seed and what is there.
class Workload {
 public:
  Workload(io::Random random, WorkloadOptions options) : random_(random), options_(options) {}

  /// Draws a batch and applies it.
  Submission next(Contents* contents);

 private:
  Mutation draw(const Contents& contents);
  std::string body();

  io::Random random_;
  const WorkloadOptions options_;
};

/// What may be found after a crash: all that was acknowledged, of the rest a beginning.
class Expectation {
 public:
  void submitted(Submission submission) { since_.push_back(std::move(submission)); }
  /// The oldest that was not acknowledged yet.
  void acknowledged() { ++acknowledged_; }
  /// The last submission was answered, with these results, some of them refusals; nothing else is under way.
  void replace_last(Submission submission) { since_.back() = std::move(submission); }

  const Submission& waiting(size_t index) const { return since_[acknowledged_ + index]; }
  size_t acknowledged_count() const { return acknowledged_; }
  /// "" when `revision` and `digest` are of a state that may be; then all begins from there. What is wrong otherwise.
  std::string found(uint64_t revision, uint64_t digest);
  /// As it is known to be, without what was not found.
  const Contents& base() const { return base_; }

 private:
  Contents base_;
  std::deque<Submission> since_;
  size_t acknowledged_ = 0;  // of since_
};

}  // namespace kabuki::store::soak
