#include <gmock/gmock.h>
#include <set>
#include <thread>

#include "tests/store/etcd_fixture.hpp"

namespace kabuki::store::test {
namespace {

class EtcdFaultsTest : public testing::Test {
 protected:
  void SetUp() override { KABUKI_NEEDS_ETCD(); }
  void begin(size_t members) { cluster_ = std::make_unique<EtcdCluster>(members); }
  EtcdOptions options() { return cluster_->options("/test/objects/", kEtcdIdentity); }
  /// One that knows a single member.
  EtcdOptions options_by(size_t member) {
    auto options = this->options();
    options.urls = {cluster_->url(member)};
    return options;
  }

  std::unique_ptr<EtcdCluster> cluster_;
};

/// Writes to a few keys that others write to as well, as long as it is told to, and remembers each answer by the
/// value that it wrote, of which each is written once.
class Writer {
 public:
  Writer(EtcdHost* host, std::string name) : host_(*host), name_(std::move(name)), thread_([this] { run(); }) {}
  ~Writer() { finish(); }

  /// Waits for this many committed mutations more.
  void wait(size_t more) {
    std::unique_lock lock(mutex_);
    const size_t enough = committed_ + more;
    moved_.wait(lock, [&] { return committed_ >= enough; });
  }
  void finish() {
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
    }
    if (thread_.joinable()) thread_.join();
  }
  const std::map<std::string, MutationResult>& answers() const { return answers_; }

 private:
  static constexpr int kKeys = 6;
  void run() {
    for (int round = 0; !done(); ++round) {
      std::vector<Mutation> batch;
      std::vector<std::string> values;
      for (int i = 0; i < kKeys; ++i) {
        if ((round + i) % 3 == 0) continue;
        const std::string key = "k" + std::to_string(i);
        values.push_back(name_ + std::to_string(round) + "." + std::to_string(i));
        const uint64_t known = host_.revision_of(thing_key(key));
        // Deleting and creating again is where a request that comes late could do harm.
        if (known != 0 && round % 4 == i % 4) {
          batch.push_back(remove(thing_key(key), known));
        } else {
          batch.push_back(put(thing(key, values.back()), known));
        }
      }
      const auto results = host_.commit(batch);
      const std::lock_guard lock(mutex_);
      for (size_t i = 0; i < results.size(); ++i) {
        const auto& object = batch[i].object;
        answers_[object ? "put " + values[i]
                        : "deleted " + batch[i].key.name + "@" + std::to_string(batch[i].expected_revision) + " by " +
                              values[i]] = results[i];
        committed_ += results[i].outcome == Outcome::committed;
      }
      moved_.notify_all();
    }
  }
  bool done() {
    const std::lock_guard lock(mutex_);
    return finished_;
  }

  EtcdHost& host_;
  const std::string name_;
  std::mutex mutex_;
  std::condition_variable moved_;
  size_t committed_ = 0;
  bool finished_ = false;
  std::map<std::string, MutationResult> answers_;
  std::thread thread_;
};

/// What the feed says became of each put value, and at which revision each deletion was.
struct Told {
  std::map<std::string, uint64_t> puts;
  std::set<std::pair<std::string, uint64_t>> deletions;
};
Told told(const Texts& feed) {
  Told out;
  for (const auto& line : feed) {
    // "put default/k1@17=a3.1 was ..." or "deleted default/k1@18=a3.1 was ..."
    const size_t slash = line.find('/');
    const size_t at = line.find('@');
    const size_t equals = line.find('=');
    const uint64_t revision = std::stoull(line.substr(at + 1));
    if (line.starts_with("put ")) {
      const auto value = line.substr(equals + 1, line.find(' ', equals) - equals - 1);
      EXPECT_TRUE(out.puts.emplace(value, revision).second) << "written twice: " << line;
    } else {
      EXPECT_TRUE(out.deletions.emplace(line.substr(slash + 1, at - slash - 1), revision).second) << line;
    }
  }
  return out;
}

/// Each answer against what happened: what was committed is there, at its revision; what was not is not.
void expect_true(const std::map<std::string, MutationResult>& answers, const Told& told) {
  for (const auto& [what, result] : answers) {
    if (what.starts_with("put ")) {
      const auto it = told.puts.find(what.substr(4));
      const uint64_t revision = it == told.puts.end() ? 0 : it->second;
      if (result.outcome == Outcome::unknown) continue;
      EXPECT_EQ(revision, result.outcome == Outcome::committed ? result.revision : 0) << what;
    } else if (result.outcome == Outcome::committed) {
      const auto name = what.substr(8, what.find('@') - 8);
      EXPECT_TRUE(told.deletions.contains({name, result.revision})) << what;
    }
  }
}

TEST_F(EtcdFaultsTest, LosesAndDoublesNothingWhenLeadersDieUnderWriters) {
  begin(3);
  EtcdHost one(options());
  auto other = options();
  std::swap(other.urls[0], other.urls[2]);
  EtcdHost two(other);
  Writer a(&one, "a");
  Writer b(&two, "b");
  Writer c(&two, "c");
  for (int i = 0; i < 3; ++i) {
    a.wait(30);
    b.wait(30);
    const size_t leader = cluster_->leader();
    // One that only fell silent goes on with what it had taken in when it comes back.
    const bool silent = i == 1;
    silent ? cluster_->stop(leader) : cluster_->kill(leader);
    a.wait(30);
    b.wait(30);
    silent ? cluster_->cont(leader) : cluster_->restart(leader);
  }
  a.finish();
  b.finish();
  c.finish();
  const auto feed = one.fresh();
  EXPECT_EQ(two.fresh(), feed);
  const Told all = told(feed);
  size_t deletions = 0;
  for (const Writer* writer : {&a, &b, &c}) {
    expect_true(writer->answers(), all);
    for (const auto& [what, result] : writer->answers()) {
      deletions += !what.starts_with("put ") && result.outcome == Outcome::committed;
    }
  }
  EXPECT_GT(deletions, 0u);
  EXPECT_LE(deletions, all.deletions.size());
  EtcdHost again(options());
  EXPECT_EQ(again.revision, *one.barrier());
  for (const auto& object : again.objects) EXPECT_EQ(object->revision(), one.revision_of(object->key()));
}

TEST_F(EtcdFaultsTest, GoesOnThroughAnotherMemberWhenItsOwnFallsSilent) {
  begin(3);
  auto first = options();
  const size_t leader = cluster_->leader();
  const size_t silent = (leader + 1) % 3;
  first.urls = {cluster_->url(silent), cluster_->url(leader)};
  EtcdHost host(first);
  EtcdHost other(options_by(leader));
  const uint64_t created = host.commit({put(thing("a", "1"))})[0].revision;
  cluster_->stop(silent);
  // Nothing is asked of it meanwhile: its watch must be found dead all the same.
  const auto written = other.commit({put(thing("a", "2"), created)});
  ASSERT_EQ(written[0].outcome, Outcome::committed);
  host.wait_for(written[0].revision);
  EXPECT_EQ(host.commit({put(thing("a", "3"), written[0].revision)})[0].outcome, Outcome::committed);
  EXPECT_EQ(host.fresh(), other.fresh());
}

TEST_F(EtcdFaultsTest, KnowsNothingWithoutAQuorumAndGoesOnWithOne) {
  begin(3);
  auto impatient = options();
  impatient.commit_timeout = std::chrono::milliseconds(1500);
  EtcdHost one(impatient);
  EtcdHost two(impatient);
  const uint64_t created = one.commit({put(thing("a", "1"))})[0].revision;
  for (size_t i = 0; i < 3; ++i) cluster_->stop(i);
  std::optional<Result<uint64_t>> barrier;
  std::thread asking([&] { barrier = one.barrier(); });
  EXPECT_EQ(one.commit({put(thing("a", "2"), created), put(thing("b", "1")), put(thing("c", "1"), 1)}),
            (Results{{Outcome::unknown, 0}, {Outcome::unknown, 0}, {Outcome::unknown, 0}}));
  asking.join();
  ASSERT_FALSE(barrier->ok());
  EXPECT_EQ(barrier->error().reason, "ServiceUnavailable");
  for (size_t i = 0; i < 3; ++i) cluster_->cont(i);
  cluster_->leader();
  const auto feed = one.fresh();
  EXPECT_EQ(two.fresh(), feed);
  // Whatever became of it, the next write is judged by it.
  const uint64_t now = one.revision_of(thing_key("a"));
  const auto next = one.commit({put(thing("a", "3"), now)});
  EXPECT_EQ(next[0].outcome, Outcome::committed);
  EXPECT_EQ(two.fresh(), one.fresh());
}

TEST_F(EtcdFaultsTest, ResolvesWhatWasUnderWayWhenAllMembersPaused) {
  begin(3);
  EtcdHost host(options());
  std::mutex mutex;
  std::condition_variable answered;
  std::map<int, MutationResult> answers;
  for (int i = 0; i < 200; ++i) {
    if (i == 100) {
      for (size_t member = 0; member < 3; ++member) cluster_->stop(member);
    }
    host.engine().submit({put(thing("t" + std::to_string(i), std::to_string(i)))}, [&, i](Results results) {
      const std::lock_guard lock(mutex);
      answers[i] = results[0];
      answered.notify_one();
    });
  }
  // Long enough for the requests to be given up.
  cluster_->pause(std::chrono::milliseconds(1200));
  for (size_t member = 0; member < 3; ++member) cluster_->cont(member);
  {
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return answers.size() == 200; });
  }
  const Told all = told(host.fresh());
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(answers[i].outcome, Outcome::committed) << i;
    EXPECT_EQ(all.puts.at(std::to_string(i)), answers[i].revision);
  }
  EXPECT_EQ(all.puts.size(), 200u);
}

TEST_F(EtcdFaultsTest, FailsWhenEtcdHasForgottenWhatItMissed) {
  begin(3);
  const size_t own = (cluster_->leader() + 1) % 3;
  auto cut_off = options_by(own);
  cut_off.commit_timeout = std::chrono::seconds(30);
  EtcdHost host(cut_off);
  EtcdHost other(options_by((own + 1) % 3));
  uint64_t last = other.commit({put(thing("a", "1"))})[0].revision;
  host.wait_for(last);
  cluster_->kill(own);
  for (const char* value : {"2", "3"}) last = other.commit({put(thing("a", value), last)})[0].revision;
  Results answer;
  std::thread committing([&] { answer = host.commit({put(thing("a", "4"), last)}); });
  cluster_->compact();
  cluster_->restart(own);
  const Error error = host.wait_for_failure();
  EXPECT_EQ(error.reason, "Expired");
  EXPECT_THAT(error.message, testing::HasSubstr("etcd has forgotten what happened to /test/objects/"));
  committing.join();
  EXPECT_EQ(answer, (Results{{Outcome::unknown, 0}}));
  EXPECT_FALSE(host.barrier().ok());
  EtcdHost anew(options());
  EXPECT_EQ(anew.revision, last);
  EXPECT_EQ(texts(anew.objects), Texts{"default/a@" + std::to_string(last) + "=3"});
}

TEST_F(EtcdFaultsTest, FailsWhenTheShardIsWiped) {
  begin(1);
  EtcdHost host(options());
  host.commit({put(thing("a", "1"))});
  cluster_->control("del --prefix /test/");
  EXPECT_THAT(host.wait_for_failure().message, testing::HasSubstr("/test/objects/"));
}

TEST_F(EtcdFaultsTest, RefusesWhatAFullEtcdHasNoRoomFor) {
  cluster_ =
      std::make_unique<EtcdCluster>(1, EtcdSecurity{}, std::vector<std::string>{"--quota-backend-bytes=4000000"});
  EtcdHost host(options());
  MutationResult last;
  size_t committed = 0;
  size_t unknown = 0;  // on a busy machine a write of this size may take too long to be told
  for (int i = 0; i < 20 && last.outcome != Outcome::refused; ++i) {
    last = host.commit({put(thing("t" + std::to_string(i), std::string(1'000'000, 't')))})[0];
    committed += last.outcome == Outcome::committed;
    unknown += last.outcome == Outcome::unknown;
  }
  EXPECT_EQ(last, (MutationResult{Outcome::refused, 0}));
  EXPECT_GT(committed, 0u);
  const size_t stored = host.fresh().size();
  EXPECT_GE(stored, committed);
  EXPECT_LE(stored, committed + unknown);
}

TEST_F(EtcdFaultsTest, AFullEtcdTakesWritesAgainOnceRoomWasMade) {
  cluster_ =
      std::make_unique<EtcdCluster>(3, EtcdSecurity{}, std::vector<std::string>{"--quota-backend-bytes=3000000"});
  const std::string body(100'000, 'x');
  {
    EtcdHost host(options());
    // Versions of one object: what fills it up is history.
    uint64_t revision = 0;
    Outcome outcome = Outcome::committed;
    for (int i = 0; i < 200 && outcome == Outcome::committed; ++i) {
      const auto result = host.commit({put(thing("a", body + std::to_string(i)), revision)})[0];
      outcome = result.outcome;
      revision = result.revision;
    }
    ASSERT_EQ(outcome, Outcome::refused);
    const auto made = make_room(options());
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_THAT(*made, testing::HasSubstr("defragmented 3 members, cleared the alarm"));
    EXPECT_EQ(host.commit({put(thing("a", "small"), revision)})[0].outcome, Outcome::committed);
  }
  const auto again = make_room(options());
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_THAT(*again, testing::HasSubstr("there was no alarm"));
}

TEST_F(EtcdFaultsTest, PutsOnceWhatIsThereOnce) {
  begin(1);
  const auto put = [&](const std::string& host, const std::string& value) {
    const auto there = put_once(options(), "/test/.hosts/" + host, value);
    return there ? *there : there.error().message;
  };
  EXPECT_EQ(put("host-1", "a"), "a");
  EXPECT_EQ(put("host-1", "b"), "a");
  EXPECT_EQ(put("host-2", "b"), "b");
}

TEST_F(EtcdFaultsTest, SpeaksTlsWithACertificateAndAPassword) {
  cluster_ = std::make_unique<EtcdCluster>(1, EtcdSecurity{.tls = true, .password = "secret"});
  // A handshake and the hash of a password take their time on a busy machine.
  auto patient = options();
  patient.attempt_timeout = std::chrono::seconds(5);
  patient.load_timeout = std::chrono::seconds(30);
  EtcdHost host(patient);
  const auto results = host.commit({put(thing("a", "1"))});
  EXPECT_EQ(results[0].outcome, Outcome::committed);
  EXPECT_EQ(*host.barrier(), results[0].revision);

  const auto nothing = [](ObjectPtr) {};
  auto wrong = patient;
  wrong.password = "guess";
  const auto refused = make_etcd_engine(wrong)->load(nothing);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, testing::HasSubstr("etcd refuses the user \"root\""));
  auto unknown = options();
  unknown.certificate_pem = unknown.key_pem = "";
  unknown.load_timeout = std::chrono::milliseconds(300);
  EXPECT_FALSE(make_etcd_engine(unknown)->load(nothing).ok());
  auto distrusting = options();
  distrusting.ca_pem = "";
  distrusting.load_timeout = std::chrono::milliseconds(300);
  EXPECT_FALSE(make_etcd_engine(distrusting)->load(nothing).ok());

  // A restart forgets tokens.
  cluster_->kill(0);
  cluster_->restart(0);
  EXPECT_EQ(host.commit({put(thing("a", "2"), results[0].revision)})[0].outcome, Outcome::committed);
}

}  // namespace
}  // namespace kabuki::store::test
