#include "tools/sim/client.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "messages/meta.hpp"

namespace kabuki::tools {
namespace {

constexpr std::chrono::seconds kWriteTimeout{15};
constexpr std::chrono::seconds kReadTimeout{5};
constexpr std::chrono::seconds kReadPause{1};
/// After this a write whose answer never came has happened or never will.
constexpr std::chrono::seconds kUnknownPause{5};
constexpr double kVerified = 0.4;  // of the acknowledged writes, by a read

/// A deleted object may stay for its grace or its finalizers.
bool is_going(const Object& object) {
  std::unique_ptr<google::protobuf::Message> message(kind_of(object.kind()).make());
  return object.parse(message.get()) && meta_of(*message).has_deletiontimestamp();
}

}  // namespace

void Client::add(const Key& key, Look look) {
  keys_.push_back(key);
  looks_[key] = look;
  wanted_[key];
}

bool Client::busy(const Key& key) const {
  const auto found = busy_.find(key);
  return found != busy_.end() && found->second != 0;
}

bool Client::idle() const {
  return std::ranges::all_of(busy_, [](const auto& entry) { return entry.second == 0; });
}

void Client::restored(const std::map<Key, ObjectPtr>& objects) {
  ++restores_;
  busy_.clear();
  for (const Key& key : keys_) {
    Wanted& wanted = wanted_[key];
    const auto found = objects.find(key);
    if (found == objects.end() || is_going(*found->second)) {
      wanted = {};
      continue;
    }
    wanted.exists = true;
    wanted.uid = std::string(found->second->uid());
    wanted.object = found->second;
    wanted.vanishes = vanishing_.contains(key);
  }
}

void Client::create(const Key& key, const google::protobuf::Message& message, bool vanishes) {
  if (vanishes) vanishing_.insert(key);
  write(key, actors::Write::create(key.kind, message),
        Wanted{.exists = true, .object = Object::encode(key.kind, message), .vanishes = vanishes}, "create");
}

void Client::remove(const Key& key, const std::string& propagation) {
  actors::Write removal;
  removal.verb = bus::WriteObjects::DELETE;
  removal.key = key;
  removal.expected_uid = wanted_.at(key).uid;
  removal.propagation = propagation;
  write(key, std::move(removal), Wanted{}, "delete");
}

void Client::write(const Key& key, actors::Write write, Wanted after, const std::string& what) {
  ++busy_[key];
  Attempt attempt{wanted_[key], std::move(after), what + " " + key.text()};
  cluster_.ask(cluster_.serving(), runtime::role(runtime::roles::kApiServer),
               actors::write_message(std::span(&write, 1), "sim-client"), kWriteTimeout,
               [this, key, attempt, restores = restores_](Result<runtime::MessagePtr> answer) {
                 if (restores != restores_) return;
                 written(key, attempt, actors::read_outcomes(answer, 1).front());
               });
}

void Client::written(const Key& key, const Attempt& attempt, const actors::WriteOutcome& outcome) {
  if (outcome.unknown) {
    ++counts_.unknown;
    cluster_.at(kUnknownPause, [this, key, attempt, restores = restores_] {
      if (restores != restores_) return;
      --busy_[key];
      resolve(key, attempt);
    });
    return;
  }
  --busy_[key];
  if (outcome.error) {
    ++counts_.refused;
    if (outcome.error->code == 404 && wanted_[key].exists && wanted_[key].vanishes) wanted_[key] = {};
    return;
  }
  ++counts_.acknowledged;
  Wanted after = attempt.after;
  if (after.exists && after.uid.empty()) {
    if (!outcome.object) return resolve(key, attempt);
    after.uid = std::string(outcome.object->uid());
  }
  wanted_[key] = after;
  if (random_.chance(kVerified)) verify(key);
}

void Client::read(const Key& key, std::function<void(const ObjectPtr&)> then) {
  ++busy_[key];
  bus::GetObjects request;
  auto* wire = request.add_keys();
  wire->set_kind(key.kind);
  wire->set_namespace_(key.ns);
  wire->set_name(key.name);
  cluster_.ask(cluster_.serving(), runtime::role(runtime::roles::kApiServer),
               runtime::make_message(std::move(request)), kReadTimeout,
               [this, key, then = std::move(then), restores = restores_](Result<runtime::MessagePtr> answer) {
                 if (restores != restores_) return;
                 const auto* reply = answer ? (*answer)->as<bus::GetObjectsReply>() : nullptr;
                 if (!reply || reply->items_size() != 1) {
                   cluster_.at(kReadPause, [this, key, then, restores] {
                     if (restores != restores_) return;
                     --busy_[key];
                     read(key, then);
                   });
                   return;
                 }
                 ++counts_.reads;
                 --busy_[key];
                 const auto& item = reply->items(0);
                 then(item.found() ? (*answer)->objects.at(item.object()) : ObjectPtr());
               });
}

bool Client::shows(const Wanted& wanted, const Key& key, const ObjectPtr& object) const {
  const bool there = object && !is_going(*object);
  if (wanted.exists && wanted.vanishes && !there) return true;
  if (there != wanted.exists) return false;
  if (!there) return true;
  const Look look = looks_.at(key);
  return (!look || look(*object) == look(*wanted.object)) && (wanted.uid.empty() || object->uid() == wanted.uid);
}

void Client::resolve(const Key& key, const Attempt& attempt) {
  read(key, [this, key, attempt](const ObjectPtr& object) {
    const bool happened = shows(attempt.after, key, object);
    if (!happened && !shows(attempt.before, key, object)) {
      breach("after \"" + attempt.what + "\" of unknown outcome, " + key.text() +
             " is neither as before nor as after");
    }
    Wanted now = happened ? attempt.after : attempt.before;
    if (now.exists && now.vanishes && !object) now = {};
    if (now.exists && object) now.uid = std::string(object->uid());
    wanted_[key] = now;
  });
}

void Client::verify(const Key& key) {
  const Wanted expected = wanted_[key];
  read(key, [this, key, expected](const ObjectPtr& object) {
    if (shows(expected, key, object)) return;
    breach(key.text() +
           (object ? " is at revision " + std::to_string(object->revision()) + " and not" : " is not there") +
           (expected.exists ? " as it was acknowledged" : ": it was deleted"));
  });
}

std::string Client::wrong_with(const Key& key, const ObjectPtr& object) const {
  const Wanted& wanted = wanted_.at(key);
  if (wanted.exists && wanted.vanishes && !object) return "";
  if (static_cast<bool>(object) != wanted.exists) {
    return object ? "is there, though its deletion was acknowledged"
                  : "is not there, though its creation was acknowledged";
  }
  if (!object) return "";
  if (object->uid() != wanted.uid) return "is another object than was acknowledged";
  const Look look = looks_.at(key);
  if (!look || look(*object) == look(*wanted.object)) return "";
  return "is " + look(*object) + ", acknowledged was " + look(*wanted.object);
}

void Client::gone_early(const Key& key) {
  if (!wanted_.at(key).vanishes) return breach(key.text() + " was acknowledged and is not there");
  wanted_[key] = {};
}

void Client::breach(const std::string& what) {
  char when[32];
  std::snprintf(when, sizeof when, "%.3f s: ", static_cast<double>(cluster_.now().ns) * 1e-9);
  breaches_.push_back(when + what);
}

}  // namespace kabuki::tools
