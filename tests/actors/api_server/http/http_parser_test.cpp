#include <gtest/gtest.h>

#include "actors/api_server/http/h1_parser.hpp"

namespace kabuki::api_server::http {
namespace {

const Limits kLimits;

/// What a connection sees: every request as text, and how it ends.
std::vector<std::string> read_all(const std::vector<std::string>& pieces) {
  H1Parser parser(kLimits);
  std::vector<std::string> out;
  std::string in;
  for (const std::string& piece : pieces) {
    in += piece;
    while (true) {
      H1Parser::Step step = parser.feed(&in);
      if (step == H1Parser::Step::need_more) break;
      if (step == H1Parser::Step::head) continue;
      if (step == H1Parser::Step::refused) {
        out.push_back("refused " + std::to_string(parser.refusal().code) + " " + parser.refusal().message);
        return out;
      }
      Request request = parser.take();
      std::string text = request.method + " " + request.path;
      for (const auto& [name, value] : request.query) text += " ?" + name + "=" + value;
      for (const auto& [name, value] : request.headers) text += " " + name + ":" + value;
      out.push_back(text + " [" + request.body + "]");
    }
  }
  if (!parser.between_requests()) out.push_back("incomplete");
  return out;
}

TEST(HttpParser, WhereBytesAreSplitChangesNothing) {
  const std::string streams[] = {
      "\r\n\r\nGET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\nDELETE /d HTTP/1.1\r\nhOST: y\r\nContent-Length: "
      "3\r\n\r\nabcGET",
      "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n2;x=\"y\"\r\nde\r\n0\r\nT: "
      "v\r\n\r\n"
      "GET / HTTP/1.0\r\n\r\n",
      "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
  };
  for (const std::string& stream : streams) {
    const std::vector<std::string> whole = read_all({stream});
    for (size_t first = 0; first <= stream.size(); ++first) {
      EXPECT_EQ(read_all({stream.substr(0, first), stream.substr(first)}), whole) << first;
    }
    std::vector<std::string> bytes;
    for (char c : stream) bytes.emplace_back(1, c);
    EXPECT_EQ(read_all(bytes), whole);
  }
  EXPECT_EQ(
      read_all({streams[0]}),
      (std::vector<std::string>{"GET /a ?b=c host:x []", "DELETE /d host:y content-length:3 [abc]", "incomplete"}));
  EXPECT_EQ(read_all({streams[1]}),
            (std::vector<std::string>{"POST /p host:x transfer-encoding:Chunked [abcde]", "GET / []"}));
}

// Any bytes at all: the parser neither crashes nor reads on after a refusal.
TEST(HttpParser, SurvivesDamagedRequests) {
  const std::string sound =
      "POST /p?q=%41 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (size_t at = 0; at < sound.size(); ++at) {
    for (char byte : std::string("\0\t\r\n :;,+09azZ\x7f\x80\xff", 18)) {
      std::string damaged = sound;
      damaged[at] = byte;
      EXPECT_LE(read_all({damaged + sound}).size(), 3u);
    }
  }
}

}  // namespace
}  // namespace kabuki::api_server::http
