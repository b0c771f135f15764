#include "actors/store_shard/commit_queue.hpp"

#include <algorithm>
#include <string_view>

#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/kinds.hpp"
#include "messages/status.hpp"
#include "store/limits.hpp"
#include "store/planted_fault.hpp"

namespace kabuki::store {

namespace {

/// Where the Leases are by which hosts lead; those of nodes are elsewhere.
constexpr std::string_view kTermsNamespace = "kube-system";

/// The term that begins, or goes on, with a Lease as it is written; null for everything else.
Result<std::shared_ptr<const Term>> begun_term(const Mutation& mutation) {
  if (mutation.key.kind != kinds::kLease || mutation.key.ns != kTermsNamespace) return std::shared_ptr<const Term>();
  Term term{.lease = mutation.key.name};
  if (mutation.object) {
    ::k8s::io::api::coordination::v1::Lease lease;
    if (auto parsed = mutation.object->parse(&lease); !parsed) return parsed.error();
    term.holder = lease.spec().holderidentity();
    term.number = static_cast<uint32_t>(std::max(0, lease.spec().leasetransitions()));
  }
  return std::make_shared<const Term>(std::move(term));
}

Key key_of(const bus::Key& key) { return {static_cast<KindId>(key.kind()), key.namespace_(), key.name()}; }

}  // namespace

Result<std::vector<Mutation>> mutations_of(const bus::Commit& commit, const std::vector<ObjectPtr>& objects) {
  std::vector<Mutation> out;
  out.reserve(commit.mutations_size());
  std::vector<std::shared_ptr<const Term>> terms;
  for (const auto& term : commit.terms()) {
    terms.push_back(std::make_shared<const Term>(Term{term.lease(), term.holder(), term.term()}));
  }
  for (const auto& mutation : commit.mutations()) {
    Mutation& added = out.emplace_back();
    added.key = key_of(mutation.key());
    added.expected_revision = mutation.expected_revision();
    if (mutation.term() > terms.size()) {
      return bad_request("commit of " + added.key.text() + " refers to a term that did not come with it");
    }
    if (mutation.term() > 0) added.under = terms[mutation.term() - 1];
    if (mutation.has_provided()) {
      added.provided =
          std::make_shared<const Condition>(Condition{key_of(mutation.provided()), mutation.provided_revision()});
    }
    if (mutation.put() && mutation.object() >= objects.size()) {
      return bad_request("commit of " + added.key.text() + " refers to an object that did not come with it");
    }
    if (mutation.put()) added.object = objects[mutation.object()];
    if (added.object && KeyView(added.object) != KeyView(added.key)) {
      return bad_request("commit of " + added.key.text() + " carries " + added.object->key().text());
    }
    auto begins = begun_term(added);
    if (!begins) return begins.error();
    added.begins = std::move(*begins);
  }
  return out;
}

runtime::MessagePtr commit_reply(const std::vector<Mutation>& mutations, const std::vector<MutationResult>& results,
                                 const ShardState& state) {
  assert(mutations.size() == results.size());
  bus::CommitReply reply;
  std::vector<ObjectPtr> objects;
  for (size_t i = 0; i < results.size(); ++i) {
    auto* item = reply.add_items();
    item->set_revision(results[i].revision);
    Outcome outcome = results[i].outcome;
    if (planted(PlantedFault::false_conflict) && outcome == Outcome::unknown) outcome = Outcome::conflict;
    if (planted(PlantedFault::false_success) && outcome == Outcome::conflict) outcome = Outcome::committed;
    switch (outcome) {
      case Outcome::committed:
        item->set_outcome(bus::CommitReply::COMMITTED);
        break;
      case Outcome::unknown:
        item->set_outcome(bus::CommitReply::UNKNOWN);
        break;
      case Outcome::refused:
        item->set_outcome(bus::CommitReply::REFUSED);
        break;
      case Outcome::deposed:
        item->set_outcome(bus::CommitReply::DEPOSED);
        break;
      case Outcome::unmet:
        item->set_outcome(bus::CommitReply::UNMET);
        break;
      case Outcome::conflict:
        // Of what the state has not seen yet it holds an older version, which would mislead.
        if (results[i].revision > state.revision()) break;
        item->set_outcome(bus::CommitReply::CONFLICT);
        if (auto current = results[i].revision != 0 ? state.get(mutations[i].key) : nullptr) {
          item->set_has_object(true);
          item->set_object(static_cast<uint32_t>(objects.size()));
          objects.push_back(std::move(current));
        }
        break;
    }
  }
  return runtime::make_message(std::move(reply), std::move(objects));
}

Result<> CommitQueue::add(std::vector<Mutation> mutations, runtime::Reply& reply) {
  size_t bytes = 0;
  for (const auto& mutation : mutations) bytes += mutation.object ? mutation.object->size() : sizeof(Mutation);
  const bool full = waiting_mutations_ + mutations.size() > mutations_max_ || waiting_bytes_ + bytes > bytes_max_;
  if (full && !waiting_.empty()) {
    return too_many_requests("the store has too many writes waiting, please try again later", 1);
  }
  waiting_mutations_ += mutations.size();
  waiting_bytes_ += bytes;
  waiting_.push_back({std::move(mutations), bytes, std::move(reply)});
  return {};
}

std::optional<std::vector<Mutation>> CommitQueue::next() {
  if (waiting_.empty() || submissions_.size() >= limits::kSubmissions) return std::nullopt;
  std::vector<Mutation> batch;
  auto& submission = submissions_.emplace_back();
  while (!waiting_.empty()) {
    Entry& entry = waiting_.front();
    if (!batch.empty() && batch.size() + entry.mutations.size() > limits::kSubmitMutations) break;
    batch.insert(batch.end(), entry.mutations.begin(), entry.mutations.end());
    waiting_mutations_ -= entry.mutations.size();
    waiting_bytes_ -= entry.bytes;
    submission.push_back(std::move(entry));
    waiting_.pop_front();
  }
  return batch;
}

void CommitQueue::done(const std::vector<MutationResult>& results, const ShardState& state) {
  assert(!submissions_.empty());
  auto submission = std::move(submissions_.front());
  submissions_.pop_front();
  auto at = results.begin();
  for (auto& entry : submission) {
    const auto end = at + static_cast<ptrdiff_t>(entry.mutations.size());
    entry.reply.send(commit_reply(entry.mutations, {at, end}, state));
    at = end;
  }
  assert(at == results.end());
}

}  // namespace kabuki::store
