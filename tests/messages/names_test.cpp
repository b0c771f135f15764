#include "messages/names.hpp"

#include <gtest/gtest.h>

#include "messages/api/core/v1/pod_template.pb.h"
#include "messages/api/util/intstr.pb.h"
#include "messages/hash.hpp"
#include "messages/int_or_string.hpp"

namespace kabuki {
namespace {

TEST(Names, LabelsAndSubdomains) {
  const std::string at_63(63, 'a');
  for (std::string_view good : {"a", "a-b", "0", "1a", at_63.c_str()}) {
    EXPECT_EQ(check_dns1123_label(good), NameProblems{}) << good;
  }
  for (std::string_view bad : {"", "-a", "a-", "A", "a.b", "a_b"}) {
    EXPECT_EQ(check_dns1123_label(bad).size(), 1) << bad;
  }
  EXPECT_EQ(check_dns1123_label(at_63 + "a"), NameProblems{"must be no more than 63 characters"});
  for (std::string_view good : {"a", "a.b-c.d", "0.1"}) EXPECT_EQ(check_dns1123_subdomain(good), NameProblems{});
  for (std::string_view bad : {"", ".", "a.", ".a", "a..b", "a.-b", "a/b"}) {
    EXPECT_EQ(check_dns1123_subdomain(bad).size(), 1) << bad;
  }
  EXPECT_EQ(check_dns1035_label("a1"), NameProblems{});
  EXPECT_EQ(
      check_dns1035_label("1a"),
      NameProblems{"a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
                   "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
                   "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"});
}

TEST(Names, QualifiedNamesHaveAnOptionalPrefix) {
  for (std::string_view good : {"a", "A_b.c", "example.com/A", "a/b"}) {
    EXPECT_EQ(check_qualified_name(good), NameProblems{}) << good;
  }
  EXPECT_EQ(check_qualified_name("/a"), NameProblems{"prefix part must be non-empty"});
  EXPECT_EQ(check_qualified_name("a/").front(), "name part must be non-empty");
  EXPECT_EQ(check_qualified_name("a/b/c").size(), 1);
  EXPECT_TRUE(check_qualified_name("A/b").front().starts_with("prefix part a lowercase RFC 1123 subdomain"));
}

TEST(Names, KeysPortsAndVariables) {
  EXPECT_EQ(check_config_key("a.B_c-1"), NameProblems{});
  EXPECT_EQ(check_config_key(".."), NameProblems{"must not be '..'"});
  EXPECT_EQ(check_config_key("..a"), NameProblems{"must not start with '..'"});
  EXPECT_EQ(check_port_name("http-2"), NameProblems{});
  EXPECT_EQ(check_port_name("80"), NameProblems{"must contain at least one letter (a-z)"});
  EXPECT_EQ(check_port_name("a--b"), NameProblems{"must not contain consecutive hyphens"});
  EXPECT_EQ(check_port_name(std::string(16, 'a')), NameProblems{"must be no more than 15 characters"});
  EXPECT_EQ(check_port_number(65535), NameProblems{});
  EXPECT_EQ(check_port_number(0), NameProblems{"must be between 1 and 65535, inclusive"});
  EXPECT_EQ(check_env_name("my.env NAME"), NameProblems{});
  EXPECT_EQ(check_env_name("a=b").size(), 1);
  EXPECT_EQ(check_label_value(""), NameProblems{});
  EXPECT_EQ(check_label_value("a b").size(), 1);
}

TEST(IntOrString, PercentagesAreOfTheTotalAndRounded) {
  EXPECT_EQ(*scaled_value(int_value(3), 100, Rounding::up), 3);
  EXPECT_EQ(*scaled_value(string_value("25%"), 10, Rounding::up), 3);
  EXPECT_EQ(*scaled_value(string_value("25%"), 10, Rounding::down), 2);
  EXPECT_EQ(*scaled_value(string_value("25%"), 4, Rounding::up), 1);
  EXPECT_EQ(*scaled_value(string_value("0%"), 7, Rounding::up), 0);
  EXPECT_EQ(*scaled_value(string_value("200%"), 2'000'000'000, Rounding::up), 2'147'483'647);
  EXPECT_FALSE(scaled_value(string_value("25"), 4, Rounding::up).ok());
  EXPECT_FALSE(scaled_value(string_value("a%"), 4, Rounding::up).ok());
}

TEST(PodTemplateHash, DependsOnTheTemplateAndTheCollisionsAlone) {
  k8s::io::api::core::v1::PodTemplateSpec one;
  for (const char* key : {"a", "b", "c", "d"}) (*one.mutable_metadata()->mutable_labels())[key] = "x";
  k8s::io::api::core::v1::PodTemplateSpec same;
  for (const char* key : {"d", "c", "b", "a"}) (*same.mutable_metadata()->mutable_labels())[key] = "x";
  EXPECT_EQ(pod_template_hash(one), pod_template_hash(same));
  EXPECT_NE(pod_template_hash(one, 0), pod_template_hash(one, 1));
  EXPECT_EQ(pod_template_hash({}), safe_encode("2166136261"));
  same.mutable_spec()->set_hostname("h");
  EXPECT_NE(pod_template_hash(one), pod_template_hash(same));
  EXPECT_EQ(check_label_value(pod_template_hash(same)), NameProblems{});
}

TEST(Fnv, GivesThePublishedValues) {
  EXPECT_EQ(fnv1a_32("a"), 0xe40c292cu);
  EXPECT_EQ(fnv1a_64("a"), 0xaf63dc4c8601ec8cull);
}

}  // namespace
}  // namespace kabuki
