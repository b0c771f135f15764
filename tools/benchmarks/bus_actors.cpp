#include "tools/benchmarks/bus_actors.hpp"

#include <optional>

#include "messages/bus/objects.pb.h"
#include "messages/status.hpp"
#include "runtime/address.hpp"
#include "tools/benchmarks/store_driver.hpp"

namespace kabuki::bench {

using runtime::Inbound;
using runtime::make_message;
using runtime::MessagePtr;

struct WriterActor::Run {
  KindId kind = 0;
  std::string prefix;
  std::function<bool(size_t)> more;
  Done done;
  std::vector<int64_t> latencies;
  std::optional<Error> error;
  size_t sent = 0;
  size_t open = 0;
};

WriterActor::WriterActor()
    : client_([this](const runtime::Address& to, MessagePtr message, io::Duration timeout,
                     auto done) { ask(to, std::move(message), timeout, std::move(done)); },
              [](KindId) { return std::string("objects"); }) {}

void WriterActor::received(Inbound& in) { in.reply.fail(bad_request("a writer only writes")); }

void WriterActor::write(KindId kind, const std::string& prefix, size_t in_flight, std::function<bool(size_t)> more,
                        Done done) {
  auto run = std::make_shared<Run>();
  run->kind = kind;
  run->prefix = prefix;
  run->more = std::move(more);
  run->done = std::move(done);
  for (size_t i = 0; i < in_flight; ++i) send(run);
}

void WriterActor::send(const std::shared_ptr<Run>& run) {
  if (run->error || !run->more(run->sent)) {
    if (run->open > 0 || !run->done) return;
    auto done = std::exchange(run->done, nullptr);
    return run->error ? done(*run->error) : done(std::move(run->latencies));
  }
  const std::string name = std::to_string(next_name_++);
  auto object = Object::make(run->kind, run->prefix, name, 0, value_of(run->sent++));
  ++run->open;
  const Key key = object->key();
  client_.commit(key, 0, std::move(object),
                 [this, run, began = mono()](Result<api_server::ShardClient::CommitResult> result) {
                   --run->open;
                   run->latencies.push_back(mono().ns - began.ns);
                   if (!result) run->error = result.error();
                   if (result && !result->committed) run->error = internal_error("a new name was taken");
                   send(run);
                 });
}

namespace {

constexpr uint64_t kCredit = 64;

}  // namespace

void WatcherActor::watch(std::shared_ptr<WatchCount> count) {
  count_ = std::move(count);
  seen_ = unpaid_ = 0;
  bus::OpenWatch open;
  open.mutable_selection()->set_kind(kWatched);
  open.mutable_selection()->set_namespace_(count_->ns);
  open.set_stream(++stream_);
  open.set_initial_events(true);
  open.set_credit(kCredit);
  open.set_watcher(name());
  ask(count_->source, make_message(std::move(open)), std::chrono::seconds(30), [this](Result<MessagePtr> answer) {
    if (!answer) count_->fail();
    if (count_->opened.fetch_add(1) + 1 == count_->watchers) count_->all_opened.set_value();
  });
}

void WatcherActor::close() {
  bus::CloseWatch message;
  message.set_stream(stream_);
  message.set_watcher(name());
  ask(count_->source, make_message(std::move(message)), std::chrono::seconds(30), [](Result<MessagePtr>) {});
}

void WatcherActor::received(Inbound& in) {
  if (const auto* ended = in.as<bus::WatchEnded>()) {
    if (ended->stream() == stream_) count_->fail();
    return;
  }
  const auto* batch = in.as<bus::WatchEvents>();
  if (!batch) return in.reply.fail(bad_request("a watcher only watches"));
  if (batch->stream() != stream_) return;
  seen_ += in.message->objects.size();
  if (++unpaid_ == kCredit / 2) pay(batch->sequence());
  if (seen_ == count_->events && count_->finished.fetch_add(1) + 1 == count_->watchers && !count_->failed) {
    count_->all_finished.set_value();
  }
}

void WatcherActor::pay(uint64_t seen) {
  bus::WatchCredit credit;
  credit.set_stream(stream_);
  credit.set_watcher(name());
  credit.set_batches(std::exchange(unpaid_, 0));
  credit.set_seen(seen);
  ask(count_->source, make_message(std::move(credit)), std::chrono::seconds(30), [](Result<MessagePtr>) {});
}

}  // namespace kabuki::bench
