#include "tools/engines.hpp"

#include <CLI/App.hpp>
#include <gtest/gtest.h>

#include "runtime/io/live_clock.hpp"
#include "runtime/io/live_timers.hpp"

namespace kabuki::tools {
namespace {

class EngineChoiceTest : public testing::Test {
 protected:
  EngineChoiceTest() {
    choice_.etcd_urls = {"http://127.0.0.1:2379"};
    choice_.clock = &clock_;
    choice_.timers = &timers_;
  }
  /// Why the choice is refused; "" where it is not.
  std::string refusal() {
    const auto made = engines(choice_, store::ShardMap::standard());
    return made.ok() ? "" : made.error().message;
  }

  io::LiveClock clock_;
  io::LiveTimers timers_{clock_};
  EngineChoice choice_;
};

TEST_F(EngineChoiceTest, TakesEtcdWhereThereAreUrls) {
  EXPECT_EQ(refusal(), "");
  choice_.etcd_urls = {"http://127.0.0.1:2379", "127.0.0.1:2380"};
  EXPECT_EQ(refusal(), "\"127.0.0.1:2380\" is no URL of an etcd member, as http://127.0.0.1:2379");
  choice_.etcd_urls.clear();
  choice_.kind = "etcd";
  EXPECT_EQ(refusal(), "etcd needs the URL of a member, as http://127.0.0.1:2379");
}

TEST_F(EngineChoiceTest, SaysWhatIsMissing) {
  choice_.etcd_user = "root";
  EXPECT_EQ(refusal(), "--etcd-user and --etcd-password-file go together");
  choice_.etcd_password_file = "/nowhere/password";
  EXPECT_EQ(refusal(), "cannot read /nowhere/password, which --etcd-password-file names");
  choice_.etcd_user = choice_.etcd_password_file = "";
  choice_.etcd_key_file = "/nowhere/key";
  EXPECT_EQ(refusal(), "--etcd-cert and --etcd-key go together");
  choice_.etcd_key_file = "";
  choice_.cluster = "a/b";
  EXPECT_EQ(refusal(), "\"a/b\" cannot be the name of a cluster in etcd: it is part of a path");
}

TEST_F(EngineChoiceTest, LazyLeasesAreRocksdbs) {
  choice_.lazy_leases = true;
  EXPECT_EQ(refusal(), "--lazy-leases is for --store rocksdb: etcd makes every change durable, and memory none");
  choice_.etcd_urls.clear();
  EXPECT_EQ(refusal(), "");
  choice_.kind = "memory";
  EXPECT_NE(refusal(), "");
}

TEST_F(EngineChoiceTest, RefusesAnUnknownKind) {
  choice_.etcd_urls.clear();
  choice_.kind = "postgres";
  EXPECT_EQ(refusal(), "\"postgres\" is no kind of store; take rocksdb, memory or etcd");
}

TEST_F(EngineChoiceTest, ReadsTheCommandLine) {
  CLI::App app;
  EngineChoice read;
  add_etcd_options(&app, &read);
  app.parse(
      "--etcd https://a:1,https://b:2 --etcd-ca ca --etcd-cert cert --etcd-key key --etcd-user u "
      "--etcd-password-file p");
  EXPECT_EQ(read.etcd_urls, (std::vector<std::string>{"https://a:1", "https://b:2"}));
  EXPECT_EQ((std::vector{read.etcd_ca_file, read.etcd_certificate_file, read.etcd_key_file, read.etcd_user,
                         read.etcd_password_file}),
            (std::vector<std::string>{"ca", "cert", "key", "u", "p"}));
}

}  // namespace
}  // namespace kabuki::tools
