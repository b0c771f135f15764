#include "actors/kubelet/exec/shell_script.hpp"

#include <gtest/gtest.h>

namespace kabuki::kubelet {
namespace {

/// Each command as `[join] words >out 2>err`, words in bars.
std::string told(const std::string& script) {
  const auto parsed = parse_script(script);
  if (!parsed) return parsed.error().message;
  const auto value_of = [](const std::string& name) { return name == "NONE" ? "" : "<" + name + ">"; };
  const char* joins[] = {"", "&& ", "|| "};
  const char* streams[] = {"1", "2", "0"};
  std::string out;
  for (const ShellCommand& command : *parsed) {
    out += (out.empty() ? "" : "; ") + std::string(joins[static_cast<int>(command.join)]);
    for (const std::string& word : expand(command.words, value_of)) out += "|" + word;
    if (command.out != Stream::out) out += std::string(" >") + streams[static_cast<int>(command.out)];
    if (command.err != Stream::err) out += std::string(" 2>") + streams[static_cast<int>(command.err)];
  }
  return out;
}

TEST(ShellScript, IsReadAsAShellReadsIt) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"echo hi", "|echo|hi"},
      {"  a ;b\nc;;", "|a; |b; |c"},
      {"a && b || c; d", "|a; && |b; || |c; |d"},
      {"a &&\n b", "|a; && |b"},
      {"echo 'a b' \"c  d\" e\\ f ''", "|echo|a b|c  d|e f|"},
      {"echo \"a\\\"b\\$c\\d\" 'x$y'", "|echo|a\"b$c\\d|x$y"},
      {"echo $HOME/x ${A}b \"$B c\" $? $NONE \"$NONE\"", "|echo|<HOME>/x|<A>b|<B> c|<?>|"},
      {"echo cost: 5$ # what it is\necho", "|echo|cost:|5$; |echo"},
      {"echo a#b", "|echo|a#b"},
      {"echo no >&2", "|echo|no >2"},
      {"echo no 1>&2; cat x 2>&1", "|echo|no >2; |cat|x 2>1"},
      {"a >/dev/null 2>&1", "|a >0 2>0"},
      {"a 2>&1 > /dev/null", "|a >0 2>1"},
      {"a 2>>/dev/null", "|a 2>0"},
      {"echo a2>&1", "|echo|a2"},
      {"a \\\n b", "|a|b"},
  };
  for (const auto& [script, expected] : cases) EXPECT_EQ(told(script), expected) << script;
}

TEST(ShellScript, SaysWhatItDoesNotKnow) {
  const std::pair<const char*, const char*> cases[] = {
      {"a | b", "\"|\""},
      {"a &", "\"&\""},
      {"(a)", "\"(\""},
      {"echo `a`", "\"`\""},
      {"echo $(a)", "\"$(\""},
      {"echo \"$(a)\"", "\"$(\""},
      {"echo ${A:-b}", "\"${\""},
      {"echo $1", "\"$1\""},
      {"cat < a", "\"<\""},
      {"echo a > /tmp/b", "\"> /tmp/b\""},
      {"while true; do a; done", "\"while\""},
      {"a; if b", "\"if\""},
      {"echo 'a", "a quotation without an end"},
      {"echo \"a", "a quotation without an end"},
      {"a &&", "a command without an end"},
      {"&& a", "\"&&\""},
  };
  for (const auto& [script, what] : cases) {
    EXPECT_EQ(told(script), std::string("this simulated shell does not know ") + what) << script;
  }
  EXPECT_EQ(told("echo while 'if'; 'while'"), "|echo|while|if; |while");
}

}  // namespace
}  // namespace kabuki::kubelet
