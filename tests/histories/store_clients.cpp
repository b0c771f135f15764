#include "tests/histories/store_clients.hpp"

#include <charconv>
#include <gtest/gtest.h>
#include <map>

#include "messages/bus/objects.pb.h"
#include "messages/status.hpp"
#include "messages/watch_sequence.hpp"
#include "runtime/actor.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

using runtime::Inbound;
using runtime::make_message;
using runtime::MessagePtr;
using std::chrono::milliseconds;
using tools::Operation;
using tools::WatchRecord;
using Told = WatchRecord::Told;

const runtime::Address kShard{"s/shard"};
constexpr io::Duration kAskTimeout = milliseconds(400);
const std::vector<Key> kKeys{{kinds::kPod, "x", "a"}, {kinds::kPod, "x", "b"}, {kinds::kPod, "x", "c"},
                             {kinds::kPod, "y", "a"}, {kinds::kPod, "y", "b"}, {kinds::kPod, "y", "c"}};

std::string name_of(const Key& key) { return key.ns + "/" + key.name; }

/// Versions lie in a label.
ObjectPtr version_of(const Key& key, uint64_t version) {
  return pod(key.name, "node-" + key.ns, 0, key.ns, "v" + std::to_string(version));
}

uint64_t version_in(const Object& object) {
  k8s::io::api::core::v1::Pod message;
  EXPECT_TRUE(object.parse(&message).ok());
  const std::string label = message.metadata().labels().at("app").substr(1);
  uint64_t version = 0;
  std::from_chars(label.data(), label.data() + label.size(), version);
  return version;
}

void fill(bus::Key* out, const Key& key) {
  out->set_kind(key.kind);
  out->set_namespace_(key.ns);
  out->set_name(key.name);
}

class Client : public runtime::Actor {
 public:
  explicit Client(StoreSeen* seen) : seen_(*seen) {}

 private:
  struct Known {
    uint64_t revision = 0;
    uint64_t version = 0;
  };

  void started() override {
    seen_.client_began();
    next();
  }
  void received(Inbound& in) override { in.reply.fail(bad_request("a client only asks")); }

  void next() {
    after(milliseconds(random().between(1, 12)), [this] {
      if (!seen_.writing) return seen_.client_ended();
      const Key& key = kKeys[random().below(kKeys.size())];
      const auto choice = random().below(100);
      if (choice < 10) return list();
      if (choice < 40 || !known_.contains(key)) return read(key);
      write(key, choice < 50 && known_[key].revision != 0);
    });
  }

  Operation begun(Operation::Kind kind, const Key& key) const {
    Operation operation;
    operation.kind = kind;
    operation.key = name_of(key);
    operation.begin = mono().ns;
    return operation;
  }
  void ended(Operation operation) {
    if (operation.answer != Operation::Answer::unknown) operation.end = mono().ns;
    seen_.add(std::move(operation));
  }
  void saw(Operation operation, const Key& key, const ObjectPtr& object) {
    known_[key] = object ? Known{object->revision(), version_in(*object)} : Known{};
    operation.version = known_[key].version;
    operation.revision = known_[key].revision;
    ended(std::move(operation));
  }

  void read(const Key& key) {
    bus::GetObjects request;
    fill(request.add_keys(), key);
    ask(kShard, make_message(request), kAskTimeout,
        [this, key, operation = begun(Operation::Kind::read, key)](const Result<MessagePtr>& result) {
          if (result) saw(operation, key, (*result)->objects.empty() ? nullptr : (*result)->objects[0]);
          next();
        });
  }

  void list() {
    bus::ListObjects request;
    request.mutable_selection()->set_kind(kinds::kPod);
    ask(kShard, make_message(request), kAskTimeout,
        [this, operation = begun(Operation::Kind::read, kKeys[0])](const Result<MessagePtr>& result) mutable {
          next();
          if (!result) return;
          std::map<Key, ObjectPtr> found;
          for (const auto& object : (*result)->objects) found[object->key()] = object;
          for (const Key& key : kKeys) {
            operation.key = name_of(key);
            saw(operation, key, found[key]);
          }
        });
  }

  void write(const Key& key, bool erase) {
    Operation operation = begun(Operation::Kind::write, key);
    operation.expected = known_[key].version;
    operation.version = erase ? 0 : ++seen_.versions;
    bus::Commit request;
    auto* mutation = request.add_mutations();
    fill(mutation->mutable_key(), key);
    mutation->set_expected_revision(known_[key].revision);
    mutation->set_put(!erase);
    std::vector<ObjectPtr> objects;
    if (!erase) objects.push_back(version_of(key, operation.version));
    ask(kShard, make_message(request, std::move(objects)), kAskTimeout,
        [this, key, operation](const Result<MessagePtr>& result) mutable {
          wrote(key, std::move(operation), result);
          next();
        });
  }

  void wrote(const Key& key, Operation operation, const Result<MessagePtr>& result) {
    known_.erase(key);
    operation.answer = Operation::Answer::unknown;
    if (!result) return ended(std::move(operation));
    const auto& item = (*result)->as<bus::CommitReply>()->items(0);
    if (item.outcome() == bus::CommitReply::CONFLICT) operation.answer = Operation::Answer::conflict;
    if (item.outcome() == bus::CommitReply::COMMITTED) {
      operation.answer = Operation::Answer::ok;
      operation.revision = item.revision();
      known_[key] = operation.version == 0 ? Known{} : Known{item.revision(), operation.version};
    }
    ended(std::move(operation));
  }

  StoreSeen& seen_;
  std::map<Key, Known> known_;
};

/// Lists by pages of two, as slowly as a person would.
class Pager : public runtime::Actor {
 public:
  explicit Pager(StoreSeen* seen) : seen_(*seen) {}

 private:
  void started() override { page({}); }
  void received(Inbound& in) override { in.reply.fail(bad_request("a pager only asks")); }

  void page(WatchRecord record, uint64_t revision = 0) {
    bus::ListObjects request;
    request.mutable_selection()->set_kind(kinds::kPod);
    request.set_limit(2);
    if (revision != 0) {
      request.set_continued(true);
      request.set_revision(revision);
      const std::string& last = record.told.back().key;
      fill(request.mutable_start_after(), {kinds::kPod, last.substr(0, 1), last.substr(2)});
    }
    ask(kShard, make_message(request), kAskTimeout, [this, record](const Result<MessagePtr>& result) mutable {
      if (!result) return later([this] { page({}); });
      for (const auto& object : (*result)->objects) {
        record.told.push_back({Told::Type::listed, object->revision(), name_of(object->key()), version_in(*object)});
      }
      const auto* reply = (*result)->as<bus::ListObjectsReply>();
      if (reply->more()) return later([this, record, at = reply->revision()] { page(record, at); });
      record.name = "list " + std::to_string(++lists_);
      record.told.push_back({.type = Told::Type::synced, .revision = reply->revision()});
      seen_.add(std::move(record));
      if (seen_.writing) later([this] { page({}); });
    });
  }
  void later(std::function<void()> run) { after(milliseconds(random().between(1, 30)), std::move(run)); }

  StoreSeen& seen_;
  int lists_ = 0;
};

/// Watches all, a namespace, or a node; is quick or slow to give credit; goes away and comes back.
class Watcher : public runtime::Actor {
 public:
  explicit Watcher(StoreSeen* seen) : seen_(*seen) {}
  ~Watcher() override { seen_.add(std::move(record_)); }

 private:
  void started() override {
    const std::string own = name().substr(name().rfind('/') + 1);
    record_.name = own;
    selection_.set_kind(kinds::kPod);
    if (own.starts_with("ns")) {
      selection_.set_namespace_(record_.prefix = "x");
    } else if (own.starts_with("node")) {
      record_.prefix = "y";
      auto* field = selection_.add_fields();
      field->set_field("spec.nodeName");
      field->add_values("node-y");
    }
    slow_ = own.ends_with("slow");
    open(true);
    wander();
  }
  void tell_of(Told told) { record_.told.push_back(std::move(told)); }

  /// Leaves now and then, and comes back later at what it knows.
  void wander() {
    after(milliseconds(random().between(50, slow_ ? 700 : 200)), [this] {
      if (!seen_.writing) return;
      stream_ = 0;
      after(milliseconds(random().between(0, slow_ ? 400 : 60)), [this] { open(listing_); });
      wander();
    });
  }

  void open(bool initial) {
    if (initial) {
      tell_of({.type = Told::Type::ended});
    } else {
      tell_of({.type = Told::Type::begin, .revision = position_});
    }
    listing_ = initial;
    sequence_ = 0;
    bus::OpenWatch request;
    *request.mutable_selection() = selection_;
    request.set_stream(stream_ = ++streams_);
    request.set_initial_events(initial);
    request.set_from_revision(initial ? 0 : position_);
    request.set_bookmarks(true);
    request.set_credit(slow_ ? 1 : 4);
    request.set_watcher(name());
    ask(kShard, make_message(request), kAskTimeout, [this, stream = stream_](const Result<MessagePtr>& result) {
      if (result || stream != stream_) return;
      failed(result.error());
    });
  }

  void failed(const Error& error) {
    const bool anew = error.code == 410 || listing_;
    const uint64_t stream = stream_;
    after(milliseconds(20), [this, anew, stream] {
      if (stream == stream_) open(anew);
    });
  }

  void received(Inbound& in) override {
    if (const auto* over = in.as<bus::WatchEnded>()) {
      if (over->stream() == stream_) failed(failure_of(*over));
      return;
    }
    const auto* batch = in.as<bus::WatchEvents>();
    if (!batch || batch->stream() != stream_) return;
    if (!is_next_in_sequence(batch->sequence(), sequence_)) return open(listing_);
    sequence_ = batch->sequence();
    auto object = in.message->objects.begin();
    for (const auto& event : batch->events()) {
      take(event, event.type() == bus::WatchEvents::BOOKMARK ? nullptr : *object++);
    }
    after(milliseconds(slow_ ? random().between(30, 90) : 0), [this, stream = stream_] { grant(stream); });
  }

  static Error failure_of(const bus::WatchEnded& over) {
    Error error = unavailable("ended");
    error.code = over.failure().code();
    return error;
  }

  void take(const bus::WatchEvents::Event& event, const ObjectPtr& object) {
    const uint64_t revision = event.revision();
    if (!object) {
      tell_of({.type = event.initial_end() ? Told::Type::synced : Told::Type::bookmark, .revision = revision});
      if (event.initial_end()) listing_ = false;
      position_ = revision;
      return;
    }
    Told told{Told::Type::put, revision, name_of(object->key()), 0};
    if (event.type() == bus::WatchEvents::DELETED) told.type = Told::Type::deleted;
    if (listing_) told.type = Told::Type::listed;
    if (told.type != Told::Type::deleted) told.version = version_in(*object);
    if (!listing_) position_ = revision;
    tell_of(std::move(told));
  }

  void grant(uint64_t stream) {
    if (stream != stream_) return;
    bus::WatchCredit request;
    request.set_stream(stream);
    request.set_watcher(name());
    request.set_batches(1);
    request.set_seen(sequence_);
    ask(kShard, make_message(request), kAskTimeout, [this, stream](const Result<MessagePtr>& result) {
      if (!result && stream == stream_) failed(result.error());
    });
  }

  StoreSeen& seen_;
  WatchRecord record_;
  bus::Selection selection_;
  bool slow_ = false;
  bool listing_ = false;
  uint64_t streams_ = 0;
  uint64_t stream_ = 0;  // 0: away
  uint64_t sequence_ = 0;
  uint64_t position_ = 0;
};

template <class A>
runtime::ChildSpec child(std::string name, StoreSeen* seen) {
  runtime::ChildSpec spec;
  spec.name = std::move(name);
  spec.make = [seen] { return std::make_unique<A>(seen); };
  return spec;
}

}  // namespace

std::vector<runtime::ChildSpec> store_clients(StoreSeen* seen) {
  std::vector<runtime::ChildSpec> children;
  for (const char* name : {"all", "all-slow", "ns", "ns-slow", "node", "node-slow"}) {
    children.push_back(child<Watcher>(name, seen));
  }
  for (int i = 0; i < 5; ++i) children.push_back(child<Client>("client-" + std::to_string(i), seen));
  children.push_back(child<Pager>("pager", seen));
  return children;
}

void StoreSeen::add(tools::Operation operation) {
  const std::lock_guard lock(mutex_);
  operations_.push_back(std::move(operation));
  changed_.notify_all();
}

void StoreSeen::add(tools::WatchRecord watch) {
  const std::lock_guard lock(mutex_);
  watches_.push_back(std::move(watch));
}

void StoreSeen::client_began() {
  const std::lock_guard lock(mutex_);
  ++clients_;
}

void StoreSeen::client_ended() {
  const std::lock_guard lock(mutex_);
  --clients_;
  changed_.notify_all();
}

void StoreSeen::wait_for_operations(size_t count) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return operations_.size() >= count; });
}

void StoreSeen::wait_for_clients() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return clients_ == 0; });
}

std::vector<std::string> StoreSeen::breaches() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> found;
  const auto linearizable = tools::check_linearizable(operations_);
  if (linearizable.verdict == tools::Linearizable::ran_out_of_time) found.push_back("ran out of time");
  if (linearizable.verdict == tools::Linearizable::no) found.push_back("linearizable: " + linearizable.detail);
  for (auto& line : tools::check_revisions(operations_)) found.push_back("revisions: " + line);
  for (auto& line : tools::check_watches(watches_, operations_)) found.push_back("watches: " + line);
  return found;
}

StoreSeen::Counts StoreSeen::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts;
  for (const auto& operation : operations_) {
    if (operation.kind == Operation::Kind::read) continue;
    counts.acknowledged += operation.answer == Operation::Answer::ok;
    counts.refused += operation.answer == Operation::Answer::conflict;
    counts.unknown += operation.answer == Operation::Answer::unknown;
  }
  for (const auto& watch : watches_) counts.told += watch.told.size();
  return counts;
}

}  // namespace kabuki::store::test
