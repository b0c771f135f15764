#include "store/engines/etcd_load.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "messages/status.hpp"
#include "store/engines/etcd_client.hpp"
#include "store/engines/rocksdb_format.hpp"
#include "store/limits.hpp"

namespace kabuki::store::etcd {

namespace api = etcdserverpb;

namespace {

/// Hands one value from another thread to this one.
template <class T>
class Handover {
 public:
  void give(T value) {
    const std::lock_guard lock(mutex_);
    value_ = std::move(value);
    given_.notify_one();
  }
  T take() {
    std::unique_lock lock(mutex_);
    given_.wait(lock, [&] { return value_.has_value(); });
    return std::move(*value_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable given_;
  std::optional<T> value_;
};

/// For what etcd does with all that it has.
constexpr std::chrono::minutes kRoomTimeout{5};

class Loader {
 public:
  explicit Loader(const EtcdOptions& options, const std::string& prefix) : options_(options), keys_(prefix) {}

  Result<Loaded> load(const std::function<void(ObjectPtr)>& sink);
  Result<std::string> put_once(const std::string& key, const std::string& value);
  Result<std::string> make_room();
  Result<std::string> stored_mapping(const std::string& cluster);

 private:
  Error refusal(const Failure& failure) const {
    return internal_error("etcd refuses what is asked of " + keys_.prefix + ": " + failure.message);
  }
  Error malformed(const std::string& what) const {
    return internal_error("the store in etcd below " + keys_.prefix + " is corrupt: " + what);
  }

  template <class Response>
  using Question = std::function<void(Connection&, Answered<Response>)>;
  /// Asks until a member has answered; what is asked may be done more than once.
  template <class Response>
  Result<Response> ask(io::Duration timeout, const Question<Response>& question);
  template <class Response>
  std::shared_ptr<Answer<Response>> ask_once(io::Duration timeout, const Question<Response>& question);
  /// A failure where the member does not answer, an error where it refuses.
  Result<std::optional<Failure>> connect();
  Result<api::TxnResponse> txn(const api::TxnRequest& request);
  Result<api::AlarmResponse> alarm(const api::AlarmRequest& request);
  void pause();

  Result<> make_or_check();
  Result<> read_objects(uint64_t revision, Replica* replica, const std::function<void(ObjectPtr)>& sink);

  const EtcdOptions& options_;
  const Keys keys_;
  std::shared_ptr<Connection> connection_;
  size_t url_ = 0;
};

void put(const std::string& key, std::string value, api::TxnRequest* request) {
  auto* put = request->add_success()->mutable_request_put();
  put->set_key(key);
  put->set_value(std::move(value));
}

bool is_refusal(const Failure& failure) {
  return failure.code == kPermissionDenied || failure.code == kInvalidArgument || failure.code == kOutOfRange;
}

template <class Response>
std::shared_ptr<Answer<Response>> Loader::ask_once(io::Duration timeout, const Question<Response>& question) {
  // Shared with gRPC's thread, which may still be in `give` when this one goes on.
  const auto answer = std::make_shared<Handover<std::shared_ptr<Answer<Response>>>>();
  const auto timer = options_.timers->after(timeout, [connection = connection_] { connection->cancel(); });
  question(*connection_, [answer](std::shared_ptr<Answer<Response>> given) { answer->give(std::move(given)); });
  auto given = answer->take();
  options_.timers->cancel(timer);
  return given;
}

Result<std::optional<Failure>> Loader::connect() {
  connection_ = std::make_shared<Connection>(options_, url_);
  if (options_.user.empty()) return std::optional<Failure>();
  const auto answer = ask_once<api::AuthenticateResponse>(
      options_.attempt_timeout, [&](Connection& connection, Answered<api::AuthenticateResponse> done) {
        api::AuthenticateRequest request;
        request.set_name(options_.user);
        request.set_password(options_.password);
        connection.authenticate(std::move(request), std::move(done));
      });
  if (answer->failure && is_refusal(*answer->failure)) {
    return bad_request("etcd refuses the user \"" + options_.user + "\": " + answer->failure->message);
  }
  if (!answer->failure) connection_->set_token(answer->response.token());
  return answer->failure;
}

template <class Response>
Result<Response> Loader::ask(io::Duration timeout, const Question<Response>& question) {
  const io::MonoTime deadline = options_.clock->mono() + options_.load_timeout;
  for (size_t attempt = 1;; ++attempt) {
    std::optional<Failure> failure;
    if (!connection_) {
      auto connected = connect();
      if (!connected) return connected.error();
      failure = std::move(*connected);
    }
    if (!failure) {
      const auto answer = ask_once(timeout, question);
      if (!answer->failure) return std::move(answer->response);
      if (is_refusal(*answer->failure)) return refusal(*answer->failure);
      failure = std::move(answer->failure);
    }
    connection_.reset();
    if (options_.clock->mono() >= deadline) {
      std::string why = "etcd does not answer at " + options_.urls[url_] + ": " + failure->message;
      if (options_.urls[url_].starts_with("https:")) {
        why += " (over TLS: did another authority sign its certificate, or does it ask for a client's?)";
      }
      return unavailable(why);
    }
    url_ = (url_ + 1) % options_.urls.size();
    if (attempt % options_.urls.size() == 0) pause();
  }
}

void Loader::pause() {
  const auto over = std::make_shared<Handover<bool>>();
  options_.timers->after(limits::kEtcdRetry, [over] { over->give(true); });
  over->take();
}

Result<api::TxnResponse> Loader::txn(const api::TxnRequest& request) {
  return ask<api::TxnResponse>(
      options_.attempt_timeout,
      [&](Connection& connection, Answered<api::TxnResponse> done) { connection.txn(request, std::move(done)); });
}

Result<Loaded> Loader::load(const std::function<void(ObjectPtr)>& sink) {
  if (auto checked = check_etcd_urls(options_.urls); !checked.ok()) return checked.error();
  if (auto checked = make_or_check(); !checked.ok()) return checked.error();

  api::TxnRequest enter;
  put(keys_.instance, "", &enter);
  const auto entered = txn(enter);
  if (!entered) return entered.error();

  api::TxnRequest look;
  look.add_success()->mutable_request_range()->set_key(keys_.head);
  look.add_success()->mutable_request_range()->set_key(keys_.base);
  const auto looked = txn(look);
  if (!looked) return looked.error();
  const auto& head = looked->responses(0).response_range().kvs();
  const auto& base = looked->responses(1).response_range().kvs();
  if (head.empty() || base.empty()) return malformed("it has no head or no base");
  const auto base_revision = decode_number(base[0].value());
  if (!base_revision) return malformed("its base is no number");

  Loaded out{.replica = {keys_.prefix, *base_revision, static_cast<uint64_t>(entered->header().revision())},
             .revision = revision_at_head(head[0], *base_revision),
             .cluster = looked->header().cluster_id()};
  const auto revision = static_cast<uint64_t>(looked->header().revision());
  if (auto read = read_objects(revision, &out.replica, sink); !read.ok()) return read.error();
  out.replica.loaded_revision(revision);
  out.url = url_;
  return out;
}

Result<> Loader::make_or_check() {
  const format::Meta expected{kFormatVersion, options_.identity};
  if (options_.must_exist) {
    api::TxnRequest look;
    look.add_success()->mutable_request_range()->set_key(keys_.identity);
    const auto looked = txn(look);
    if (!looked) return looked.error();
    if (looked->responses(0).response_range().kvs().empty()) {
      return internal_error("the store in etcd below " + keys_.prefix + " is lost: nothing is there any more");
    }
  }
  api::TxnRequest make;
  // Nothing at all may be there.
  auto* empty = make.add_compare();
  empty->set_key(keys_.prefix);
  empty->set_range_end(range_end(keys_.prefix));
  empty->set_target(api::Compare::CREATE);
  empty->set_create_revision(0);
  put(keys_.identity, format::encode_meta(expected), &make);
  put(keys_.base, encode_number(options_.first_revision), &make);
  put(keys_.head, encode_commit_id({}), &make);
  make.add_failure()->mutable_request_range()->set_key(keys_.identity);
  const auto made = txn(make);
  if (!made) return made.error();
  if (made->succeeded()) return {};

  const auto& found = made->responses(0).response_range().kvs();
  const auto meta = found.empty() ? std::nullopt : format::decode_meta(found[0].value());
  if (!meta) return malformed("it holds data but does not say which format it has");
  const std::string where = "the store in etcd below " + keys_.prefix;
  if (meta->version != kFormatVersion) {
    return internal_error(where + " has format version " + std::to_string(meta->version) +
                          "; this program reads version " + std::to_string(kFormatVersion));
  }
  return check_identity(meta->identity, options_.identity, where);
}

Result<> Loader::read_objects(uint64_t revision, Replica* replica, const std::function<void(ObjectPtr)>& sink) {
  api::RangeRequest request;
  request.set_key(keys_.objects);
  request.set_range_end(range_end(keys_.objects));
  request.set_revision(static_cast<int64_t>(revision));
  request.set_limit(limits::kEtcdFirstPageObjects);
  while (true) {
    const auto page = ask<api::RangeResponse>(10 * options_.attempt_timeout,
                                              [&](Connection& connection, Answered<api::RangeResponse> done) {
                                                connection.range(request, std::move(done));
                                              });
    if (!page) return page.error();
    size_t bytes = 1;
    for (const auto& found : page->kvs()) {
      const auto key = keys_.parse_object(found.key());
      const auto value = decode_value(found.value());
      if (!key || !value) return malformed("key " + found.key());
      auto object =
          Object::make(key->kind, key->ns, key->name,
                       replica->visible(static_cast<uint64_t>(found.mod_revision()), value->place), value->body);
      bytes += object->size();
      replica->loaded(object);
      sink(std::move(object));
    }
    if (!page->more() || page->kvs().empty()) return {};
    request.set_key(page->kvs().rbegin()->key() + '\0');
    const size_t fitting = limits::kEtcdPageBytes * static_cast<size_t>(page->kvs_size()) / bytes;
    request.set_limit(static_cast<int64_t>(std::clamp<size_t>(fitting, 1, limits::kEtcdPageObjects)));
  }
}

Result<std::string> Loader::put_once(const std::string& key, const std::string& value) {
  if (auto checked = check_etcd_urls(options_.urls); !checked.ok()) return checked.error();
  api::TxnRequest request;
  auto* absent = request.add_compare();
  absent->set_key(key);
  absent->set_target(api::Compare::CREATE);
  absent->set_create_revision(0);
  put(key, value, &request);
  request.add_failure()->mutable_request_range()->set_key(key);
  const auto done = txn(request);
  if (!done) return done.error();
  if (done->succeeded()) return value;
  const auto& found = done->responses(0).response_range().kvs();
  return found.empty() ? std::string() : found[0].value();
}

/// Names of shards begin with a letter or a digit; what lies beside them with a dot.
Result<std::string> Loader::stored_mapping(const std::string& cluster) {
  if (auto checked = check_etcd_urls(options_.urls); !checked.ok()) return checked.error();
  const std::string root = "/" + cluster + "/";
  api::TxnRequest look;
  auto* range = look.add_success()->mutable_request_range();
  range->set_key(root + "0");
  range->set_range_end(range_end(root));
  range->set_limit(1);
  range->set_keys_only(true);
  const auto first = txn(look);
  if (!first) return first.error();
  const auto& keys = first->responses(0).response_range().kvs();
  if (keys.empty()) return std::string();
  const size_t slash = keys[0].key().find('/', root.size());
  const std::string prefix = keys[0].key().substr(0, slash + 1);
  api::TxnRequest ask;
  ask.add_success()->mutable_request_range()->set_key(Keys(prefix).identity);
  const auto asked = txn(ask);
  if (!asked) return asked.error();
  const auto& found = asked->responses(0).response_range().kvs();
  const auto meta = found.empty() ? std::nullopt : format::decode_meta(found[0].value());
  if (slash == std::string::npos || !meta) {
    return internal_error("etcd holds " + prefix + ", which does not say which format it has");
  }
  return meta->identity.mapping;
}

/// In this order: what is forgotten is free space, free space is given back, and only then is there no cause for
/// alarm.
Result<std::string> Loader::make_room() {
  if (auto checked = check_etcd_urls(options_.urls); !checked.ok()) return checked.error();
  api::TxnRequest look;
  look.add_success()->mutable_request_range()->set_key(keys_.head);
  const auto looked = txn(look);
  if (!looked) return looked.error();
  const int64_t revision = looked->header().revision();
  const auto compacted =
      ask<api::CompactionResponse>(kRoomTimeout, [&](Connection& connection, Answered<api::CompactionResponse> done) {
        api::CompactionRequest request;
        request.set_revision(revision);
        request.set_physical(true);
        connection.compact(std::move(request), std::move(done));
      });
  // Somebody may have done so just now.
  if (!compacted && compacted.error().message.find("has been compacted") == std::string::npos) {
    return compacted.error();
  }
  for (url_ = 0; url_ < options_.urls.size(); ++url_) {
    auto connected = connect();
    if (!connected) return connected.error();
    std::optional<Failure> failure = std::move(*connected);
    if (!failure) {
      const auto answer = ask_once<api::DefragmentResponse>(
          kRoomTimeout, [](Connection& connection, Answered<api::DefragmentResponse> done) {
            connection.defragment(std::move(done));
          });
      failure = answer->failure;
    }
    if (failure) {
      return unavailable("the member at " + options_.urls[url_] +
                         " does not give its free space back: " + failure->message);
    }
  }
  url_ = 0;
  connection_.reset();
  api::AlarmRequest look_for_alarms;
  look_for_alarms.set_alarm(api::NOSPACE);
  const auto alarms = alarm(look_for_alarms);
  if (!alarms) return alarms.error();
  // Each member's by itself.
  for (const auto& raised : alarms->alarms()) {
    api::AlarmRequest clear;
    clear.set_action(api::AlarmRequest::DEACTIVATE);
    clear.set_alarm(api::NOSPACE);
    clear.set_memberid(raised.memberid());
    if (auto cleared = alarm(clear); !cleared) return cleared.error();
  }
  return "forgot the history up to revision " + std::to_string(revision) + ", defragmented " +
         std::to_string(options_.urls.size()) + (options_.urls.size() == 1 ? " member" : " members") +
         (alarms->alarms_size() == 0 ? "; there was no alarm" : ", cleared the alarm");
}

Result<api::AlarmResponse> Loader::alarm(const api::AlarmRequest& request) {
  return ask<api::AlarmResponse>(
      options_.attempt_timeout,
      [&](Connection& connection, Answered<api::AlarmResponse> done) { connection.alarm(request, std::move(done)); });
}

}  // namespace

Result<Loaded> load(const EtcdOptions& options, const std::function<void(ObjectPtr)>& sink) {
  return Loader(options, options.prefix).load(sink);
}

uint64_t revision_at_head(const mvccpb::KeyValue& head, uint64_t base) {
  // Its first version is the shard's making, which changed no object.
  if (head.version() == 1) return std::max(kFirstRevision, base);
  return base + (static_cast<uint64_t>(head.mod_revision()) + 1) * kPlaces - 1;
}

}  // namespace kabuki::store::etcd

namespace kabuki::store {

Result<std::string> put_once(const EtcdOptions& options, const std::string& key, const std::string& value) {
  return etcd::Loader(options, "/").put_once(key, value);
}

Result<std::string> stored_mapping(const EtcdOptions& options, const std::string& cluster) {
  return etcd::Loader(options, "/").stored_mapping(cluster);
}

Result<std::string> make_room(const EtcdOptions& options) { return etcd::Loader(options, "/").make_room(); }

}  // namespace kabuki::store
