#include <atomic>
#include <filesystem>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "actors/api_server/http/certificates.hpp"
#include "tools/cluster_files.hpp"
#include "tools/host_run.hpp"
#include "tools/pki.hpp"
#include "tools/say.hpp"

namespace kabuki::tools {
namespace {

struct FixedClock : io::Clock {
  int64_t days = 20'000;
  io::WallTime wall() const override { return {days * 86'400'000'000'000}; }
  io::MonoTime mono() const override { return {days * 86'400'000'000'000}; }
};

struct Files : ::testing::Test {
  ClusterFiles files;
  FixedClock clock;

  void SetUp() override {
    char name[] = "/tmp/kabuki-files-XXXXXX";
    files.root = ::mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(files.root); }
  ClusterKeys keys(const std::vector<std::string>& names = {}) {
    auto loaded = load_cluster_keys(files, names, clock);
    EXPECT_TRUE(loaded.ok()) << loaded.error().message;
    return *loaded;
  }
  static bool all_signed(const ClusterKeys& keys) {
    const std::string& authority = keys.authority.certificate_pem;
    return api_server::http::check_signed_by(keys.server.certificate_pem, authority).ok() &&
           api_server::http::check_signed_by(keys.admin.certificate_pem, authority).ok() &&
           api_server::http::check_key_pair(keys.server).ok();
  }
};

using DirectoryLocks = Files;
TEST_F(DirectoryLocks, OneHoldsItAndIsNamed) {
  EXPECT_FALSE(DirectoryLock::is_held(files.lock()));
  {
    auto first = DirectoryLock::take(files.lock());
    ASSERT_TRUE(first.ok());
    EXPECT_TRUE(DirectoryLock::is_held(files.lock()));
    auto second = DirectoryLock::take(files.lock());
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().message, files.lock() + " is held by process " + std::to_string(::getpid()));
  }
  EXPECT_FALSE(DirectoryLock::is_held(files.lock()));
  EXPECT_TRUE(DirectoryLock::take(files.lock()).ok());
}

TEST_F(DirectoryLocks, OneWhoOnlyAsksNeverStandsInTheWay) {
  ASSERT_TRUE(DirectoryLock::take(files.lock()).ok());
  std::atomic<bool> over{false};
  std::thread asker([&] {
    while (!over) DirectoryLock::is_held(files.lock());
  });
  int refused = 0;
  for (int i = 0; i < 2000; ++i) refused += !DirectoryLock::take(files.lock()).ok();
  over = true;
  asker.join();
  EXPECT_EQ(refused, 0);
}

using DataDirectory = Files;
TEST_F(DataDirectory, IsPrivateAndKnowsItsFormat) {
  ASSERT_TRUE(prepare_data_dir(files).ok());
  struct stat facts {};
  ::stat(files.root.c_str(), &facts);
  EXPECT_EQ(facts.st_mode & 0777, 0700u);
  EXPECT_EQ(*read_text(files.format()), "kabuki data 1\n");
  EXPECT_TRUE(prepare_data_dir(files).ok());
  ASSERT_TRUE(write_text(files.format(), "kabuki data 2\n").ok());
  auto other = prepare_data_dir(files);
  ASSERT_FALSE(other.ok());
  EXPECT_NE(other.error().message.find("\"kabuki data 2\"; this program reads \"kabuki data 1\""), std::string::npos);
}

TEST_F(DataDirectory, RefusesDataThatIsNotItsOwn) {
  std::filesystem::create_directories(files.store());
  EXPECT_FALSE(prepare_data_dir(files).ok());
}

TEST_F(DataDirectory, ReadsWhatItWroteAndSurvivesNonsense) {
  HostState state{
      .cluster = "c", .host = "h", .guardian_pid = 3, .pid = 4, .endpoint = "tcp://x", .api_server = "https://y"};
  ASSERT_TRUE(write_host_state(files.state(), state).ok());
  auto read = read_host_state(files.state());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->host, "h");
  EXPECT_EQ(read->pid, 4);
  ASSERT_TRUE(write_text(files.state(), R"({"host":7,"pid":"four","guardianPid":null})").ok());
  read = read_host_state(files.state());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->host, "");
  EXPECT_EQ(read->pid, 0);
  ASSERT_TRUE(write_text(files.state(), "[").ok());
  EXPECT_FALSE(read_host_state(files.state()).ok());
}

TEST_F(DataDirectory, IncarnationsOnlyGrow) {
  std::string path = files.root + "/incarnation";
  EXPECT_EQ(*next_incarnation(path), 1u);
  EXPECT_EQ(*next_incarnation(path), 2u);
  ASSERT_TRUE(write_text(path, "").ok());
  EXPECT_FALSE(next_incarnation(path).ok());
  ASSERT_TRUE(write_text(path, "41\n").ok());
  EXPECT_EQ(*next_incarnation(path), 42u);
}

using Pki = Files;
TEST_F(Pki, KeepsWhatHolds) {
  ClusterKeys first = keys();
  ClusterKeys second = keys();
  EXPECT_EQ(first.authority.certificate_pem, second.authority.certificate_pem);
  EXPECT_EQ(first.server.certificate_pem, second.server.certificate_pem);
  EXPECT_EQ(first.admin.key_pem, second.admin.key_pem);
  EXPECT_EQ(first.host.secret_key, second.host.secret_key);
  EXPECT_TRUE(all_signed(first));
}

TEST_F(Pki, RenewsLongBeforeTheEndButKeepsTheAuthority) {
  ClusterKeys first = keys();
  clock.days += 300;
  ClusterKeys second = keys();
  EXPECT_EQ(first.authority.certificate_pem, second.authority.certificate_pem);
  EXPECT_NE(first.server.certificate_pem, second.server.certificate_pem);
  EXPECT_NE(first.admin.certificate_pem, second.admin.certificate_pem);
}

TEST_F(Pki, ANewNameMakesANewServerCertificate) {
  ClusterKeys first = keys();
  ClusterKeys second = keys({"10.1.2.3"});
  EXPECT_NE(first.server.certificate_pem, second.server.certificate_pem);
  EXPECT_EQ(first.admin.certificate_pem, second.admin.certificate_pem);
}

TEST_F(Pki, ANewAuthoritySignsEverythingAnew) {
  ClusterKeys first = keys();
  std::filesystem::remove(files.pki("ca.crt"));
  ClusterKeys second = keys();
  EXPECT_NE(first.authority.certificate_pem, second.authority.certificate_pem);
  EXPECT_TRUE(all_signed(second));
}

TEST_F(Pki, AKeyWithoutItsCertificateIsReplacedUnlessItIsTheAuthoritys) {
  ClusterKeys first = keys();
  // As a crash between the two files leaves them.
  ASSERT_TRUE(write_text(files.pki("server.key"), first.admin.key_pem).ok());
  EXPECT_TRUE(all_signed(keys()));
  ASSERT_TRUE(write_text(files.pki("ca.key"), first.admin.key_pem).ok());
  auto refused = load_cluster_keys(files, {}, clock);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("ca.crt"), std::string::npos);
}

TEST(Durations, AreReadOrRefused) {
  auto read = [](std::string_view text) {
    auto parsed = parse_duration_ns(text);
    return parsed ? *parsed : -1;
  };
  EXPECT_EQ(read("500ms"), 500'000'000);
  EXPECT_EQ(read("40s"), 40'000'000'000);
  EXPECT_EQ(read("40"), 40'000'000'000);
  EXPECT_EQ(read("1h30m"), 5'400'000'000'000);
  EXPECT_EQ(read("0.5s"), 500'000'000);
  EXPECT_EQ(read("0"), 0);
  for (std::string_view bad : {"", "s", "-1s", "5-3", "nan", "inf", "infs", "1e300h", "1.5.5", "10s5", "5 s", "3d"}) {
    EXPECT_EQ(read(bad), -1) << bad;
  }
}

}  // namespace
}  // namespace kabuki::tools
