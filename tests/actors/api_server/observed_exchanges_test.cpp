#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "actors/api_server/http/uri.hpp"
#include "actors/api_server/static_documents.hpp"
#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

// In order: the order of fields is part of what is compared.
using Json = nlohmann::ordered_json;

Json fixture() { return Json::parse(std::ifstream(std::string(KABUKI_TEST_DATA) + "/observed_exchanges.json")); }

/// Whether `c` may stand in the place of <name>.
bool may_stand(const std::string& name, char c) {
  const bool digit = c >= '0' && c <= '9', lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';
  if (name == "number") return digit;
  if (name == "uid") return digit || (c >= 'a' && c <= 'f') || c == '-';
  if (name == "time") return digit || c == '-' || c == ':' || c == 'T' || c == 'Z';
  if (name == "age") return digit || c == 'd' || c == 'h' || c == 'm' || c == 's';
  if (name == "suffix") return digit || lower;
  if (name == "token") return digit || lower || upper || c == '-' || c == '_';
  return name == "text";
}

/// Whether `text` is `pattern` with something fitting for each <name>.
bool fits(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  const size_t end = pattern.find('>');
  if (pattern[0] == '<' && end != std::string_view::npos) {
    const std::string name(pattern.substr(1, end - 1));
    const size_t least = name == "text" ? 0 : 1;
    for (size_t taken = 0; taken <= text.size(); ++taken) {
      if (taken > 0 && !may_stand(name, text[taken - 1])) break;
      if (taken >= least && fits(pattern.substr(end + 1), text.substr(taken))) return true;
    }
  }
  return !text.empty() && pattern[0] == text[0] && fits(pattern.substr(1), text.substr(1));
}

/// `actual` with `expected`'s strings where they fit, so that the two can be compared whole.
Json settled(const Json& expected, const Json& actual) {
  if (expected.is_string() && actual.is_string()) {
    return fits(expected.get<std::string>(), actual.get<std::string>()) ? expected : actual;
  }
  Json out = actual;
  if (expected.is_object() && actual.is_object()) {
    for (auto& [key, value] : out.items()) {
      if (auto found = expected.find(key); found != expected.end()) value = settled(*found, value);
    }
  } else if (expected.is_array() && actual.is_array()) {
    for (size_t i = 0; i < std::min(expected.size(), actual.size()); ++i) out[i] = settled(expected[i], actual[i]);
  }
  return out;
}

/// Indented, with what has a meaning in HTML escaped.
std::string written_by_go(const Json& json) {
  std::string out;
  for (char c : json.dump(2)) {
    if (c == '<') {
      out += "\\u003c";
    } else if (c == '>') {
      out += "\\u003e";
    } else if (c == '&') {
      out += "\\u0026";
    } else {
      out += c;
    }
  }
  return out;
}

class ObservedExchanges : public ApiSim, public testing::WithParamInterface<Json> {
 protected:
  void SetUp() override {
    documents = make_documents();
    ApiSim::SetUp();
  }

  /// With {{step/pointer}} replaced by what that step answered.
  std::string filled(std::string text) const {
    for (size_t at; (at = text.find("{{")) != std::string::npos;) {
      const size_t end = text.find("}}", at);
      const std::string name = text.substr(at + 2, end - at - 2);
      const size_t slash = name.find('/');
      const Json& answer = answers_.at(name.substr(0, slash));
      text.replace(at, end + 2 - at, answer.at(Json::json_pointer(name.substr(slash))).get<std::string>());
    }
    return text;
  }

  std::shared_ptr<FakeSink> sent(const Json& step) {
    auto target = http::parse_target(filled(step.at("path")));
    http::Request request;
    request.method = step.at("method");
    request.path = target->path;
    request.query = target->query;
    if (step.contains("body")) {
      const Json& body = step["body"];
      request.body = filled(body.is_string() ? body.get<std::string>() : body.dump());
      if (!body.is_string()) request.headers.emplace_back("content-type", "application/json");
    }
    const Json headers = step.value("headers", Json::object());
    for (const auto& [name, value] : headers.items()) {
      std::erase_if(request.headers, [&name = name](const auto& header) { return header.first == name; });
      request.headers.emplace_back(name, value);
    }
    // The observations were made with curl, for whom answers are indented.
    const bool named = std::any_of(request.headers.begin(), request.headers.end(),
                                   [](const auto& header) { return header.first == "user-agent"; });
    if (!named) request.headers.emplace_back("user-agent", "curl/7.88.1");
    if (!step.contains("anonymous")) request.identity = {.user = "admin", .groups = {"system:masters"}};
    auto sink = std::make_shared<FakeSink>();
    gate->dispatch(std::move(request), sink);
    const size_t events = step.value("events", size_t{0});
    EXPECT_TRUE(world->run_until(
        [&] {
          const auto lines = static_cast<size_t>(std::count(sink->body.begin(), sink->body.end(), '\n'));
          return sink->ended || (events > 0 && lines >= events);
        },
        1min))
        << step.dump();
    return sink;
  }

  std::map<std::string, Json> answers_;
};

TEST_P(ObservedExchanges, AreAnsweredAlike) {
  const Json& exchange = GetParam();
  for (const Json& step : exchange.value("given", Json::array())) {
    if (step.contains("kill")) {
      kill("host-1/" + step["kill"].get<std::string>());
      continue;
    }
    if (step.contains("seconds")) {
      world->run_for(std::chrono::seconds(step["seconds"].get<int>()));
      continue;
    }
    auto answer = sent(step);
    ASSERT_LT(answer->status, 300) << step.dump() << "\n" << answer->body;
    if (step.contains("as")) answers_[step["as"]] = Json::parse(answer->body);
  }
  auto answer = sent(exchange["request"]);
  EXPECT_EQ(answer->status, exchange["code"].get<int>()) << answer->body;
  for (const auto& [name, value] : exchange["headers"].items()) {
    const auto found = std::find_if(answer->headers.begin(), answer->headers.end(),
                                    [&name = name](const auto& header) { return header.first == name; });
    EXPECT_TRUE(found != answer->headers.end() && found->second == value) << name << ": " << value;
  }
  if (exchange["body"].is_string()) {
    EXPECT_EQ(answer->body, exchange["body"].get<std::string>());
    return;
  }
  const Json expected = Json::parse(filled(exchange["body"].dump()));
  Json actual;
  if (exchange["request"].contains("events")) {
    std::istringstream lines(answer->body);
    for (std::string line; std::getline(lines, line);) actual.push_back(Json::parse(line));
  } else {
    actual = Json::parse(answer->body, nullptr, false);
    EXPECT_EQ(answer->body, written_by_go(actual)) << "as it was observed, byte by byte";
  }
  EXPECT_EQ(settled(expected, actual).dump(1), expected.dump(1));
}

INSTANTIATE_TEST_SUITE_P(Fixture, ObservedExchanges,
                         testing::ValuesIn(fixture()["exchanges"].get<std::vector<Json>>()), [](const auto& info) {
                           std::string name = "n_" + info.param["name"].template get<std::string>();
                           std::erase_if(name, [](char c) { return c == ',' || c == ' '; });
                           return name;
                         });

}  // namespace
}  // namespace kabuki::api_server
