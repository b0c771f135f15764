#include "tests/soak/workload.hpp"

#include "messages/kinds.hpp"

namespace kabuki::store::soak {

namespace {

uint64_t hash_of(const std::string& name, const Contents::Entry& entry) {
  uint64_t hash = 0xcbf29ce484222325ULL ^ entry.revision * 0x9e3779b97f4a7c15ULL;
  const auto add = [&](const std::string& text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    hash = (hash ^ 0xff) * 0x100000001b3ULL;
  };
  add(name);
  add(entry.body);
  return hash ^ (hash >> 31);
}

}  // namespace

void Contents::load(const Object& object) {
  put(std::string(object.name()), {object.revision(), std::string(object.body())});
}

void Contents::put(const std::string& name, Entry entry) {
  remove(name);
  digest_ += hash_of(name, entry);
  entries_.emplace(name, std::move(entry));
}

void Contents::remove(const std::string& name) {
  const auto it = entries_.find(name);
  if (it == entries_.end()) return;
  digest_ -= hash_of(name, it->second);
  entries_.erase(it);
}

MutationResult Contents::judge(const Mutation& mutation) {
  const auto it = entries_.find(mutation.key.name);
  const uint64_t now = it == entries_.end() ? 0 : it->second.revision;
  if (now != mutation.expected_revision || (now == 0 && !mutation.object)) return {Outcome::conflict, now};
  ++revision_;
  if (mutation.object) {
    put(mutation.key.name, {revision_, std::string(mutation.object->body())});
  } else {
    remove(mutation.key.name);
  }
  return {Outcome::committed, revision_};
}

std::string Workload::body() {
  std::string out(random_.below(options_.body_max), '\0');
  uint64_t bits = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    if (i % 8 == 0) bits = random_.next();
    out[i] = static_cast<char>(bits >> (i % 8 * 8));
  }
  return out;
}

Mutation Workload::draw(const Contents& contents) {
  const Key key{kinds::kConfigMap, "default", "t" + std::to_string(random_.below(options_.names))};
  const auto it = contents.entries().find(key.name);
  const uint64_t now = it == contents.entries().end() ? 0 : it->second.revision;
  const bool wrong = random_.chance(0.05);
  const bool removes = now != 0 && random_.chance(options_.deletes);
  Mutation mutation{key, wrong ? now + 1 : now, nullptr};
  if (!removes) mutation.object = Object::make(key.kind, key.ns, key.name, 0, body());
  return mutation;
}

Submission Workload::next(Contents* contents) {
  Submission out;
  const uint64_t count = 1 + random_.below(options_.batch_max);
  for (uint64_t i = 0; i < count; ++i) {
    out.batch.push_back(draw(*contents));
    out.results.push_back(contents->judge(out.batch.back()));
  }
  return out;
}

std::string Expectation::found(uint64_t revision, uint64_t digest) {
  Contents at = base_;
  size_t applied = 0;
  const auto fits = [&] { return applied >= acknowledged_ && at.revision() == revision; };
  // States of one revision are equal.
  while (!fits() && applied < since_.size()) {
    const auto& submission = since_[applied++];
    for (size_t i = 0; i < submission.batch.size(); ++i) {
      // What was refused was not judged.
      if (submission.results[i].outcome != Outcome::refused) at.judge(submission.batch[i]);
    }
    if (applied == acknowledged_ && at.revision() > revision) {
      return "acknowledged revision " + std::to_string(at.revision()) + " is lost, found " + std::to_string(revision);
    }
  }
  if (!fits()) {
    return "revision " + std::to_string(revision) + " is not the end of a commit; the last one submitted has " +
           std::to_string(at.revision()) + ", " + std::to_string(acknowledged_) + " of " +
           std::to_string(since_.size()) + " were acknowledged";
  }
  if (at.digest() != digest) return "revision " + std::to_string(revision) + " has other objects than it should";
  base_ = std::move(at);
  since_.clear();
  acknowledged_ = 0;
  return "";
}

}  // namespace kabuki::store::soak
