#include "actors/api_server/quota_desk.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "actors/api_server/limits.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {

using quota::Amounts;
using quota::Ledger;

/// One pass over a namespace: all that waits is charged on copies of its quotas, and those that changed are
/// committed.
struct QuotaDesk::Round {
  struct Account {
    Ledger ledger;
    enum class Fate { untouched, committed, conflict, failed } fate = Fate::untouched;
    std::optional<Error> error;
  };
  struct Accepted {
    Waiting waiting;
    std::vector<std::string> charged;  // in this round
  };
  std::string ns;
  std::map<std::string, Account> accounts;  // by the quota's name
  std::vector<Accepted> accepted;
  std::vector<Ticket> returned;
  size_t left = 0;  // commits under way
};

bool QuotaDesk::concerns(const Write& write, const Decision& decision) const {
  const bool resizes = write.kind->id == kinds::kPod && write.subresource == "resize";
  if (decision.effect != Decision::Effect::put || !quota::is_counted(*write.kind)) return false;
  if (!write.subresource.empty() && !resizes) return false;
  const bool changes = write.verb == Write::Verb::update || write.verb == Write::Verb::patch;
  const bool grows = changes && (resizes || quota::can_grow(write.kind->id));
  if (write.verb != Write::Verb::create && !grows) return false;
  return ways_.surroundings->any_in_namespace(kinds::kResourceQuota, write.key.ns);
}

void QuotaDesk::charge(Charge charge, std::function<void(Result<Ticket>)> done) {
  const std::string ns = charge.key.ns;
  Desk& desk = desks_[ns];
  if (desk.waiting.size() >= kQuotaWaiting) {
    return done(too_many_requests(
        "too many requests wait for the quotas of namespace " + ns + ", please try again later", 1));
  }
  Waiting waiting{.charge = std::move(charge), .done = std::move(done)};
  waiting.ticket = {.id = ways_.make_id(), .ns = ns};
  desk.waiting.push_back(std::move(waiting));
  if (!desk.busy) work(ns);
}

void QuotaDesk::give_back(Ticket ticket) {
  if (ticket.quotas.empty()) return;
  const std::string ns = ticket.ns;
  Desk& desk = desks_[ns];
  desk.returned.push_back(std::move(ticket));
  if (!desk.busy) work(ns);
}

void QuotaDesk::work(const std::string& ns) {
  Desk& desk = desks_[ns];
  if (desk.waiting.empty() && desk.returned.empty()) {
    desks_.erase(ns);
    return;
  }
  desk.busy = true;
  auto round = std::make_shared<Round>();
  round->ns = ns;
  for (const ObjectPtr& object : ways_.surroundings->in_namespace(kinds::kResourceQuota, ns)) {
    auto [it, fresh] = round->accounts.emplace(std::string(object->name()), Round::Account{Ledger(object)});
    it->second.ledger.forget_expired(ways_.now().seconds());
  }
  round->returned = std::exchange(desk.returned, {});
  for (const Ticket& ticket : round->returned) {
    for (const std::string& name : ticket.quotas) {
      auto account = round->accounts.find(name);
      if (account != round->accounts.end()) account->second.ledger.release(ticket.id);
    }
  }
  std::vector<Waiting> taken = std::exchange(desk.waiting, {});
  if (taken.size() > kQuotaBatch) {
    auto rest = taken.begin() + kQuotaBatch;
    desk.waiting.assign(std::make_move_iterator(rest), std::make_move_iterator(taken.end()));
    taken.erase(rest, taken.end());
  }
  for (Waiting& waiting : taken) admit(round.get(), std::move(waiting));
  commit(round);
}

void QuotaDesk::admit(Round* round, Waiting waiting) {
  const Charge& charge = waiting.charge;
  const Amounts whole = quota::usage_of(*charge.kind, *charge.object, ways_.now());
  Amounts delta = whole;
  if (charge.old) quota::take_from(&delta, quota::usage_of(*charge.kind, *charge.old, ways_.now()));

  std::vector<std::pair<Round::Account*, Amounts>> charges;
  std::optional<Error> refused;
  for (auto& [name, account] : round->accounts) {
    const auto& had = waiting.ticket.quotas;
    if (std::find(had.begin(), had.end(), name) != had.end()) continue;  // in an earlier round
    // What comes into a quota's scopes by a change comes with all that it takes.
    const bool is_known = charge.old && account.ledger.is_about(*charge.kind, *charge.old);
    auto wanted = account.ledger.check(*charge.kind, *charge.object, is_known ? delta : whole);
    if (!wanted) {
      refused = wanted.error();
    } else if (!wanted->empty() && account.ledger.reserved().size() >= kQuotaReservations) {
      refused = too_many_requests("quota " + name + " is being counted, please try again later", 1);
    } else if (!wanted->empty()) {
      charges.emplace_back(&account, std::move(*wanted));
    }
    if (refused) break;
  }
  if (refused) {
    desks_[round->ns].returned.push_back(std::move(waiting.ticket));
    return waiting.done(*refused);
  }
  Round::Accepted accepted;
  for (auto& [account, amounts] : charges) {
    account->ledger.reserve({.id = waiting.ticket.id,
                             .key = charge.key,
                             .uid = charge.uid,
                             .base_revision = charge.base_revision,
                             .until = ways_.now().seconds() + quota::kReservedSeconds,
                             .amounts = std::move(amounts)});
    accepted.charged.push_back(account->ledger.name());
  }
  accepted.waiting = std::move(waiting);
  round->accepted.push_back(std::move(accepted));
}

void QuotaDesk::commit(const std::shared_ptr<Round>& round) {
  round->left = 1;
  for (auto& [name, account] : round->accounts) round->left += account.ledger.changed();
  for (auto& [name, account] : round->accounts) {
    const Ledger& ledger = account.ledger;
    if (!ledger.changed()) continue;
    const Key key = ledger.base()->key();
    const ObjectPtr next = ledger.encode();
    auto answered = [this, round, key, next, account = &account](Result<ShardClient::CommitResult> result) {
      using Fate = Round::Account::Fate;
      if (!result) {
        account->fate = Fate::failed;
        account->error = result.error();
      } else if (result->committed) {
        account->fate = Fate::committed;
        ways_.surroundings->put(Object::at_revision(*next, result->revision));
      } else {
        account->fate = Fate::conflict;
        if (result->current) {
          ways_.surroundings->put(result->current);
        } else {
          ways_.surroundings->remove_own(key, account->ledger.base()->revision());
        }
      }
      if (--round->left == 0) finish(round.get());
    };
    ways_.commit(key, ledger.base()->revision(), next, std::move(answered));
  }
  if (--round->left == 0) finish(round.get());
}

void QuotaDesk::finish(Round* round) {
  using Fate = Round::Account::Fate;
  Desk& desk = desks_[round->ns];
  for (Ticket& ticket : round->returned) {
    std::erase_if(ticket.quotas, [&](const std::string& name) {
      auto account = round->accounts.find(name);
      // One whose answer was lost frees itself when its time is over.
      return account == round->accounts.end() || account->second.fate != Fate::conflict;
    });
    if (!ticket.quotas.empty()) desk.returned.push_back(std::move(ticket));
  }
  std::vector<Waiting> again;
  std::vector<std::function<void()>> answers;
  for (Round::Accepted& accepted : round->accepted) {
    Waiting& waiting = accepted.waiting;
    std::optional<Error> failed;
    bool beaten = false;
    for (const std::string& name : accepted.charged) {
      const Round::Account& account = round->accounts.at(name);
      if (account.fate == Fate::conflict) {
        beaten = true;
      } else {
        waiting.ticket.quotas.push_back(name);
      }
      if (account.fate == Fate::failed) failed = account.error;
    }
    if (beaten && !failed && ++waiting.attempts > kQuotaRetries) {
      failed = stale_write(kind_of(kinds::kResourceQuota), accepted.charged.front());
    }
    if (failed) {
      desk.returned.push_back(waiting.ticket);
      answers.push_back([done = std::move(waiting.done), error = *failed] { done(error); });
    } else if (beaten) {
      again.push_back(std::move(waiting));
    } else {
      answers.push_back([done = std::move(waiting.done), ticket = std::move(waiting.ticket)] { done(ticket); });
    }
  }
  desk.waiting.insert(desk.waiting.begin(), std::make_move_iterator(again.begin()),
                      std::make_move_iterator(again.end()));
  std::erase_if(desk.returned, [](const Ticket& ticket) { return ticket.quotas.empty(); });
  const std::string ns = round->ns;
  // Before the next round is under way nothing may begin another: busy still holds.
  for (auto& answer : answers) answer();
  desks_[ns].busy = false;
  work(ns);
}

}  // namespace kabuki::api_server
