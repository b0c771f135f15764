#include "tools/kubeconfig.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

namespace kabuki::tools {
namespace {

using ::testing::HasSubstr;

KubeconfigEntry entry() {
  KubeconfigEntry out;
  out.server = "https://127.0.0.1:6443";
  out.authority_pem = "ca";
  out.client_certificate_pem = "cert!";
  out.client_key_pem = "key";
  return out;
}

constexpr const char* kMerged = R"(apiVersion: v1
kind: Config
clusters:
  - name: kabuki
    cluster:
      server: https://127.0.0.1:6443
      certificate-authority-data: Y2E=
users:
  - name: kabuki
    user:
      client-certificate-data: Y2VydCE=
      client-key-data: a2V5
contexts:
  - name: kabuki
    context:
      cluster: kabuki
      user: kabuki
current-context: kabuki
)";

constexpr const char* kForeign = R"(apiVersion: v1
kind: Config
clusters:
  - name: work
    cluster: {server: "https://example:6443", extensions: [{name: e, extension: {a: 1}}]}
  - name: kabuki
    cluster: {server: "https://old:1"}
contexts:
  - name: work
    context: {cluster: work, user: me, namespace: "42"}
current-context: work
preferences: {}
users:
  - name: me
    user: {username: me, password: "0123"}
)";

TEST(Kubeconfig, AnEmptyOneGetsTheContext) {
  EXPECT_EQ(*merge_kubeconfig("", entry()), kMerged);
  EXPECT_EQ(*merge_kubeconfig(kMerged, entry()), kMerged);
}

TEST(Kubeconfig, NamesThatYamlReadsAsOtherTypesAreQuoted) {
  for (const char* name : {"n", "Yes", "off", "null", "12", "1e3"}) {
    KubeconfigEntry one = entry();
    one.name = name;
    const auto merged = merge_kubeconfig("", one);
    ASSERT_TRUE(merged.ok());
    EXPECT_THAT(*merged, HasSubstr("- name: \"" + std::string(name) + "\"\n"));
    EXPECT_THAT(*merged, HasSubstr("current-context: \"" + std::string(name) + "\"\n"));
  }
}

TEST(Kubeconfig, OtherEntriesStayAsTheyWere) {
  std::string merged = *merge_kubeconfig(kForeign, entry());
  YAML::Node root = YAML::Load(merged);
  EXPECT_EQ(root["current-context"].Scalar(), "kabuki");
  ASSERT_EQ(root["clusters"].size(), 2u);
  EXPECT_EQ(root["clusters"][0]["cluster"]["extensions"][0]["extension"]["a"].Scalar(), "1");
  EXPECT_EQ(root["clusters"][1]["cluster"]["server"].Scalar(), "https://127.0.0.1:6443");
  EXPECT_EQ(root["users"][0]["name"].Scalar(), "me");
  // A quoted number must not become a number.
  EXPECT_THAT(merged, HasSubstr("password: \"0123\""));
  EXPECT_THAT(merged, HasSubstr("namespace: \"42\""));
}

TEST(Kubeconfig, RemovingLeavesTheOthers) {
  std::string removed = *remove_from_kubeconfig(*merge_kubeconfig(kForeign, entry()), "kabuki");
  YAML::Node root = YAML::Load(removed);
  EXPECT_EQ(root["current-context"].Scalar(), "");
  EXPECT_EQ(root["clusters"].size(), 1u);
  EXPECT_EQ(root["users"].size(), 1u);
  EXPECT_EQ(root["contexts"].size(), 1u);
  EXPECT_EQ(*remove_from_kubeconfig(kForeign, "nobody"), kForeign);
  EXPECT_EQ(*remove_from_kubeconfig("", "kabuki"), "");
}

TEST(Kubeconfig, TextThatIsNoneIsRefused) {
  for (const char* text : {"[a]", "{", "clusters: 3"}) {
    EXPECT_FALSE(merge_kubeconfig(text, entry()).ok()) << text;
    EXPECT_FALSE(remove_from_kubeconfig(text, "kabuki").ok()) << text;
  }
}

TEST(Kubeconfig, TheDefaultFileIsKubectls) {
  EXPECT_EQ(default_kubeconfig_path("", "/home/a"), "/home/a/.kube/config");
  EXPECT_EQ(default_kubeconfig_path("", ""), "/root/.kube/config");
  EXPECT_EQ(default_kubeconfig_path(":/a/b:/c", "/root"), "/a/b");
}

class KubeconfigFile : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/kubeconfig-test-XXXXXX";
    folder_ = ::mkdtemp(pattern);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  static std::string read(const std::string& path) {
    std::stringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }
  std::string folder_;
};

TEST_F(KubeconfigFile, IsCreatedForItsOwnerOnly) {
  std::string path = folder_ + "/deep/config";
  ASSERT_TRUE(merge_kubeconfig_file(path, entry()).ok());
  EXPECT_EQ(read(path), kMerged);
  struct stat state {};
  ::stat(path.c_str(), &state);
  EXPECT_EQ(state.st_mode & 0777, 0600u);
  EXPECT_FALSE(std::filesystem::exists(path + ".lock"));
  ASSERT_TRUE(remove_from_kubeconfig_file(path, "kabuki").ok());
  EXPECT_EQ(YAML::Load(read(path))["users"].size(), 0u);
}

TEST_F(KubeconfigFile, ALinkStaysALink) {
  std::ofstream(folder_ + "/real") << kForeign;
  std::filesystem::create_symlink("real", folder_ + "/link");
  ASSERT_TRUE(merge_kubeconfig_file(folder_ + "/link", entry()).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ + "/link"));
  EXPECT_THAT(read(folder_ + "/real"), HasSubstr("current-context: kabuki"));
}

TEST_F(KubeconfigFile, IsLeftAloneWhileAnotherProgramChangesIt) {
  std::ofstream(folder_ + "/config") << kForeign;
  std::ofstream(folder_ + "/config.lock") << "";
  auto merged = merge_kubeconfig_file(folder_ + "/config", entry());
  ASSERT_FALSE(merged.ok());
  EXPECT_THAT(merged.error().message, HasSubstr("config.lock exists"));
  EXPECT_EQ(read(folder_ + "/config"), kForeign);
}

TEST_F(KubeconfigFile, AForeignFileIsNotOverwritten) {
  std::ofstream(folder_ + "/config") << "not: [a kubeconfig";
  auto merged = merge_kubeconfig_file(folder_ + "/config", entry());
  ASSERT_FALSE(merged.ok());
  EXPECT_THAT(merged.error().message, HasSubstr(folder_ + "/config: "));
  EXPECT_EQ(read(folder_ + "/config"), "not: [a kubeconfig");
}

}  // namespace
}  // namespace kabuki::tools
