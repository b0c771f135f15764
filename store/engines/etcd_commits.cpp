#include "store/engines/etcd_commits.hpp"

#include <algorithm>
#include <iterator>

#include "store/planted_fault.hpp"

namespace kabuki::store::etcd {

namespace api = etcdserverpb;
static_assert(limits::kEtcdMutations <= kPlaces);

namespace {

/// A revision that no key ever has.
constexpr uint64_t kNever = INT64_MAX;

void expect(const std::string& key, uint64_t mod_revision, api::TxnRequest* request) {
  auto* compare = request->add_compare();
  compare->set_key(key);
  compare->set_result(api::Compare::EQUAL);
  compare->set_target(api::Compare::MOD);
  compare->set_mod_revision(static_cast<int64_t>(mod_revision));
}

void expect_value(const std::string& key, const std::string& value, api::TxnRequest* request) {
  auto* compare = request->add_compare();
  compare->set_key(key);
  compare->set_result(api::Compare::EQUAL);
  compare->set_target(api::Compare::VALUE);
  compare->set_value(value);
}

void ask_revision(const std::string& key, api::TxnRequest* request) {
  auto* range = request->add_failure()->mutable_request_range();
  range->set_key(key);
  range->set_keys_only(true);
}

/// 0 where the key is absent.
uint64_t revision_in(const api::ResponseOp& response) {
  const auto& range = response.response_range();
  return range.kvs_size() == 0 ? 0 : static_cast<uint64_t>(range.kvs(0).mod_revision());
}

}  // namespace

void Commits::submit(std::vector<Mutation> batch, Engine::Done done, io::MonoTime deadline) {
  auto submission = std::make_shared<Submission>();
  submission->results.resize(batch.size());
  submission->open = batch.size();
  submission->done = std::move(done);
  submission->deadline = deadline;
  submissions_.push_back(submission);
  for (size_t i = 0; i < batch.size(); ++i) {
    std::string key = replica_.keys().object(batch[i].key);
    const auto [it, first] = waiting_.try_emplace(key);
    Entry entry{std::move(batch[i]), std::move(key), submission, i};
    if (first) {
      ready_.push_back(std::move(entry));
    } else {
      it->second.push_back(std::move(entry));
    }
  }
}

std::optional<Transaction> Commits::next(uint64_t fence) {
  if (sent_.size() >= limits::kEtcdTransactions) return std::nullopt;
  Sent sent;
  sent.fence = fence;
  Filling filling;
  while (!ready_.empty() && sent.entries.size() < max_entries_) {
    Entry& entry = ready_.front();
    if (entry.submission->answered) {
      const Entry decided = std::move(entry);
      ready_.pop_front();
      settle(decided.submission.get(), decided.index, {});
      release(decided.key);
      continue;
    }
    const bool hopeless = is_hopeless(entry.mutation);
    if (sent.entries.empty()) sent.hopeless = hopeless;
    // What fails for certain must not fail what may be committed.
    if (hopeless != sent.hopeless) break;
    if (!add(entry, &sent, &filling)) break;
    sent.entries.push_back(std::move(entry));
    ready_.pop_front();
  }
  if (sent.entries.empty()) return std::nullopt;
  Transaction out{++last_number_, request_of(sent, last_number_)};
  sent_.emplace(out.number, std::move(sent));
  return out;
}

bool Commits::add(const Entry& entry, Sent* sent, Filling* filling) const {
  const Mutation& mutation = entry.mutation;
  const size_t bytes = 3 * entry.key.size() + (mutation.object ? mutation.object->body().size() : 0);
  const bool new_term = mutation.under && std::ranges::find(sent->terms, *mutation.under) == sent->terms.end();
  const size_t operations = 1 + new_term + (mutation.begins ? 1 : 0) + (mutation.provided ? 1 : 0);
  const std::string condition = mutation.provided ? replica_.keys().object(mutation.provided->key) : std::string();
  if (!sent->entries.empty()) {
    if (filling->bytes + bytes > limits::kEtcdBytes) return false;
    if (filling->operations + operations > limits::kEtcdOperations) return false;
    // What one of them is provided on, no other of the same transaction may change.
    if (filling->conditions.contains(entry.key) || filling->keys.contains(condition)) return false;
  }
  filling->bytes += bytes;
  filling->operations += operations;
  filling->keys.insert(entry.key);
  if (mutation.provided) filling->conditions.insert(condition);
  if (new_term) sent->terms.push_back(*mutation.under);
  return true;
}

bool Commits::is_hopeless(const Mutation& mutation) const {
  // Whether a key is there only etcd knows; what is not there cannot be deleted either way.
  if (mutation.expected_revision == 0) return !mutation.object;
  // A revision that is known to be past never comes back; one that is not known yet may be the current one.
  return mutation.expected_revision != replica_.revision_of(mutation.key) &&
         mutation.expected_revision <= replica_.visible(replica_.revision());
}

api::TxnRequest Commits::request_of(const Sent& sent, uint64_t number) const {
  const Keys& keys = replica_.keys();
  api::TxnRequest request;
  const std::string fence = keys.fence(replica_.instance());
  expect(fence, sent.fence, &request);
  ask_revision(fence, &request);
  ask_revision(keys.head, &request);
  size_t place = sent.entries.size();
  for (const auto& entry : sent.entries) {
    --place;
    // Not by the expected revision: several visible ones are one of etcd's, of which one may be there.
    expect(entry.key, sent.hopeless ? kNever : revision_in_etcd(entry.mutation.expected_revision), &request);
    ask_revision(entry.key, &request);
    if (entry.mutation.object) {
      auto* put = request.add_success()->mutable_request_put();
      put->set_key(entry.key);
      put->set_value(encode_value(entry.mutation.object->body(), place));
    } else {
      request.add_success()->mutable_request_delete_range()->set_key(entry.key);
    }
  }
  // In the order in which failed() reads the answers.
  for (const auto& entry : sent.entries) {
    if (const auto& begins = entry.mutation.begins) {
      auto* put = request.add_success()->mutable_request_put();
      put->set_key(keys.term(begins->lease));
      put->set_value(encode_term(*begins));
    }
    if (!entry.mutation.provided) continue;
    const std::string other = keys.object(entry.mutation.provided->key);
    expect(other, revision_in_etcd(entry.mutation.provided->revision), &request);
    ask_revision(other, &request);
  }
  for (const Term& term : sent.terms) {
    if (!planted(PlantedFault::unfenced_commit)) expect_value(keys.term(term.lease), encode_term(term), &request);
    request.add_failure()->mutable_request_range()->set_key(keys.term(term.lease));
  }
  auto* head = request.add_success()->mutable_request_put();
  head->set_key(keys.head);
  head->set_value(encode_commit_id({replica_.instance(), number}));
  return request;
}

uint64_t Commits::revision_in_etcd(uint64_t visible) const {
  return visible == 0 ? 0 : replica_.revision_at(visible);
}

void Commits::committed(uint64_t number, uint64_t revision) {
  const auto node = sent_.extract(number);
  if (node.empty()) return;
  size_t place = node.mapped().entries.size();
  for (const auto& entry : node.mapped().entries) {
    settle(entry.submission.get(), entry.index, {Outcome::committed, replica_.visible(revision, --place)});
    release(entry.key);
  }
}

uint64_t Commits::failed(uint64_t number, const api::TxnResponse& response) {
  const auto& answers = response.responses();
  const uint64_t fence = answers.empty() ? 0 : revision_in(answers[0]);
  auto node = sent_.extract(number);
  if (node.empty()) return fence;
  auto& entries = node.mapped().entries;
  const auto& terms = node.mapped().terms;
  const bool hopeless = node.mapped().hopeless;
  const auto conditions = static_cast<size_t>(
      std::ranges::count_if(entries, [](const Entry& entry) { return entry.mutation.provided != nullptr; }));
  if (fence != node.mapped().fence ||
      static_cast<size_t>(answers.size()) != 2 + entries.size() + conditions + terms.size()) {
    send_again(std::move(entries));
    return fence;
  }
  const uint64_t head = revision_in(answers[1]);
  auto condition = answers.begin() + 2 + static_cast<int>(entries.size());
  std::vector<Term> over;
  for (size_t i = 0; i < terms.size(); ++i) {
    const auto& range = answers[static_cast<int>(2 + entries.size() + conditions + i)].response_range();
    if (range.kvs_size() == 0 || range.kvs(0).value() != encode_term(terms[i])) over.push_back(terms[i]);
  }
  std::vector<Entry> again;
  for (size_t i = 0; i < entries.size(); ++i) {
    Entry& entry = entries[i];
    const auto& provided = entry.mutation.provided;
    const bool met = !provided || revision_in(*condition++) == revision_in_etcd(provided->revision);
    const bool deposed = entry.mutation.under && std::ranges::find(over, *entry.mutation.under) != over.end();
    const bool expected = !hopeless && revision_in(answers[static_cast<int>(i) + 2]) ==
                                           revision_in_etcd(entry.mutation.expected_revision);
    if (deposed || (expected && !met)) {
      settle(entry.submission.get(), entry.index, {deposed ? Outcome::deposed : Outcome::unmet});
      release(entry.key);
      continue;
    }
    if (expected) {
      again.push_back(std::move(entry));
      continue;
    }
    conflicts_.emplace(head, Conflict{entry.submission, entry.index, entry.mutation.key});
    release(entry.key);
  }
  send_again(std::move(again));
  return fence;
}

void Commits::too_large(uint64_t number) {
  auto node = sent_.extract(number);
  if (node.empty()) return;
  auto& entries = node.mapped().entries;
  if (entries.size() == 1) {
    settle(entries[0].submission.get(), entries[0].index, {});
    release(entries[0].key);
    return;
  }
  max_entries_ = std::min(max_entries_, std::max<size_t>(1, entries.size() / 2));
  send_again(std::move(entries));
}

void Commits::no_room(uint64_t number) {
  const auto node = sent_.extract(number);
  if (node.empty()) return;
  for (const auto& entry : node.mapped().entries) {
    const uint64_t known = replica_.revision_of(entry.mutation.key);
    settle(entry.submission.get(), entry.index, {Outcome::refused, known});
    release(entry.key);
  }
}

void Commits::put_off(uint64_t number) {
  auto node = sent_.extract(number);
  if (!node.empty()) send_again(std::move(node.mapped().entries));
}

void Commits::fenced() {
  std::vector<Entry> again;
  for (auto& [number, sent] : sent_) std::move(sent.entries.begin(), sent.entries.end(), std::back_inserter(again));
  sent_.clear();
  send_again(std::move(again));
}

void Commits::send_again(std::vector<Entry> entries) {
  ready_.insert(ready_.begin(), std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end()));
}

void Commits::release(const std::string& key) {
  const auto it = waiting_.find(key);
  assert(it != waiting_.end());
  if (it->second.empty()) {
    waiting_.erase(it);
    return;
  }
  ready_.push_back(std::move(it->second.front()));
  it->second.erase(it->second.begin());
}

void Commits::settle(Submission* submission, size_t index, MutationResult result) {
  if (!submission->answered) submission->results[index] = result;
  --submission->open;
}

void Commits::finish(Submission* submission) {
  submission->answered = true;
  submission->done(std::move(submission->results));
  submission->done = nullptr;
}

void Commits::answer() {
  const auto caught_up = conflicts_.upper_bound(replica_.revision());
  for (auto it = conflicts_.begin(); it != caught_up; ++it) {
    const Conflict& conflict = it->second;
    settle(conflict.submission.get(), conflict.index, {Outcome::conflict, replica_.revision_of(conflict.key)});
  }
  conflicts_.erase(conflicts_.begin(), caught_up);
  while (!submissions_.empty() && submissions_.front()->open == 0) {
    const auto submission = std::move(submissions_.front());
    submissions_.pop_front();
    finish(submission.get());
  }
}

void Commits::expire(io::MonoTime now) {
  const size_t before = submissions_.size();
  while (!submissions_.empty() && submissions_.front()->deadline <= now) {
    const auto submission = std::move(submissions_.front());
    submissions_.pop_front();
    finish(submission.get());
  }
  if (submissions_.size() != before) forget_answered();
}

void Commits::forget_answered() {
  std::deque<Entry> wanted;
  while (!ready_.empty()) {
    Entry entry = std::move(ready_.front());
    ready_.pop_front();
    if (!entry.submission->answered) {
      wanted.push_back(std::move(entry));
      continue;
    }
    settle(entry.submission.get(), entry.index, {});
    release(entry.key);  // what waited for it is looked at, too
  }
  ready_ = std::move(wanted);
}

void Commits::abandon() {
  const auto all = std::exchange(submissions_, {});
  for (const auto& submission : all) finish(submission.get());
}

}  // namespace kabuki::store::etcd
