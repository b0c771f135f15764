#include "messages/label_selector_parser.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>

#include "messages/json.hpp"
#include "messages/names.hpp"
#include "messages/status.hpp"

namespace kabuki {
namespace {

using Requirement = LabelSelector::Requirement;
using Operator = LabelSelector::Operator;

enum class Token { error, end, identifier, open, close, comma, bang, equals, not_equals, greater, less, in, not_in };

struct Scanned {
  Token token = Token::end;
  std::string text;
};

constexpr std::pair<std::string_view, Token> kSymbols[] = {
    {")", Token::close}, {",", Token::comma},       {"!", Token::bang}, {"==", Token::equals}, {"=", Token::equals},
    {"<", Token::less},  {"!=", Token::not_equals}, {"(", Token::open}, {">", Token::greater}};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_symbol(char c) { return std::string_view("=!(),><").find(c) != std::string_view::npos; }

Token symbol_of(std::string_view text) {
  for (const auto& [symbol, token] : kSymbols) {
    if (symbol == text) return token;
  }
  return Token::error;
}

std::vector<Scanned> scan(std::string_view text) {
  std::vector<Scanned> tokens;
  for (size_t at = 0; at < text.size();) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    size_t end = at;
    if (is_symbol(text[at])) {
      // The longest symbol that begins here; all are of one or two characters.
      end = at + 1;
      if (end < text.size() && symbol_of(text.substr(at, 2)) != Token::error) ++end;
      std::string symbol(text.substr(at, end - at));
      tokens.push_back({symbol_of(symbol), symbol});
    } else {
      while (end < text.size() && !is_space(text[end]) && !is_symbol(text[end])) ++end;
      std::string word(text.substr(at, end - at));
      Token token = word == "in" ? Token::in : word == "notin" ? Token::not_in : Token::identifier;
      tokens.push_back({token, word});
    }
    at = end;
  }
  tokens.push_back({Token::end, ""});
  return tokens;
}

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(text, &out);
  return out;
}

std::string joined(const NameProblems& problems) {
  std::string text;
  for (const std::string& problem : problems) text.append(text.empty() ? "" : "; ") += problem;
  return text;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(scan(text)) {}

  Result<std::vector<Requirement>> parse() {
    std::vector<Requirement> requirements;
    for (;;) {
      Scanned next = peek();
      if (next.token == Token::end) return requirements;
      if (next.token != Token::identifier && next.token != Token::bang) {
        return found(next, ", expected: !, identifier, or 'end of string'");
      }
      auto requirement = parse_requirement();
      if (!requirement) return bad_request("unable to parse requirement: " + requirement.error().message);
      requirements.push_back(std::move(*requirement));
      Scanned after = take();
      if (after.token == Token::end) return requirements;
      if (after.token != Token::comma) return found(after, ", expected: ',' or 'end of string'");
      Scanned following = peek();
      if (following.token != Token::identifier && following.token != Token::bang) {
        return found(following, ", expected: identifier after ','");
      }
    }
  }

 private:
  // `in` and `notin` are operators only where one may stand, and words elsewhere.
  Scanned peek(bool operators = false) const {
    Scanned next = tokens_[at_];
    if (!operators && (next.token == Token::in || next.token == Token::not_in)) next.token = Token::identifier;
    return next;
  }
  Scanned take(bool operators = false) {
    Scanned next = peek(operators);
    if (at_ + 1 < tokens_.size()) ++at_;
    return next;
  }
  static Error found(const Scanned& token, std::string_view expected) {
    return bad_request("found '" + token.text + "'" + std::string(expected));
  }

  Result<Requirement> parse_requirement() {
    Requirement requirement;
    Scanned key = take();
    bool negated = key.token == Token::bang;
    if (negated) key = take();
    if (key.token != Token::identifier) return found(key, ", expected: identifier");
    requirement.key = key.text;
    requirement.op = negated ? Operator::does_not_exist : Operator::exists;
    if (auto sound = check_label_requirement(requirement); !sound) return sound.error();
    Token next = peek().token;
    if (negated || next == Token::end || next == Token::comma) return requirement;

    auto values = parse_operator_and_values(&requirement.op);
    if (!values) return values.error();
    requirement.values.assign(values->begin(), values->end());
    if (auto sound = check_label_requirement(requirement); !sound) return sound.error();
    return requirement;
  }

  Result<std::set<std::string>> parse_operator_and_values(Operator* op) {
    Scanned sign = take(true);
    switch (sign.token) {
      case Token::in:
        *op = Operator::in;
        return parse_list();
      case Token::not_in:
        *op = Operator::not_in;
        return parse_list();
      case Token::equals:
        *op = Operator::in;
        return parse_one();
      case Token::not_equals:
        *op = Operator::not_in;
        return parse_one();
      case Token::greater:
        *op = Operator::greater;
        return parse_one();
      case Token::less:
        *op = Operator::less;
        return parse_one();
      default:
        return found(sign, ", expected: in, notin, =, ==, !=, gt, lt");
    }
  }

  Result<std::set<std::string>> parse_one() {
    Token next = peek().token;
    if (next == Token::end || next == Token::comma) return std::set<std::string>{""};
    Scanned value = take();
    if (value.token != Token::identifier) return found(value, ", expected: identifier");
    return std::set<std::string>{value.text};
  }

  // `(a, b)`; an element between commas may be empty.
  Result<std::set<std::string>> parse_list() {
    Scanned open = take();
    if (open.token != Token::open) return found(open, " expected: '('");
    Scanned first = peek();
    if (first.token != Token::identifier && first.token != Token::comma && first.token != Token::close) {
      return found(first, ", expected: ',', ')' or identifier");
    }
    std::set<std::string> values;
    if (first.token == Token::close) {
      take();
      return values;
    }
    for (bool expect_value = true;;) {
      Scanned next = take();
      switch (next.token) {
        case Token::identifier:
          if (!expect_value) return found(next, ", expected: ',' or ')'");
          values.insert(next.text);
          expect_value = false;
          break;
        case Token::comma:
          if (expect_value) values.insert("");
          expect_value = true;
          break;
        case Token::close:
          if (expect_value) values.insert("");
          return values;
        default:
          return found(next, expect_value ? ", expected: ',', or identifier" : ", expected: ',' or ')'");
      }
    }
  }

  std::vector<Scanned> tokens_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<LabelSelector::Requirement>> parse_label_requirements(std::string_view text) {
  return Parser(text).parse();
}

Result<> check_label_requirement(const LabelSelector::Requirement& requirement) {
  // Kubernetes prints the path of a key that stands nowhere as <nil>.
  if (auto problems = check_qualified_name(requirement.key); !problems.empty()) {
    return bad_request("<nil>: Invalid value: " + quoted(requirement.key) + ": " + joined(problems));
  }
  const auto& values = requirement.values;
  switch (requirement.op) {
    case Operator::in:
    case Operator::not_in:
      if (values.empty()) {
        return bad_request("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
      }
      break;
    case Operator::exists:
    case Operator::does_not_exist:
      if (!values.empty()) {
        return bad_request("values: Invalid value: values set must be empty for exists and does not exist");
      }
      break;
    case Operator::greater:
    case Operator::less: {
      if (values.size() != 1) {
        return bad_request("values: Invalid value: for 'Gt', 'Lt' operators, exactly one value is required");
      }
      int64_t number = 0;
      const std::string& text = values.front();
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc() || end != text.data() + text.size()) {
        return bad_request("values[0]: Invalid value: " + quoted(text) +
                           ": for 'Gt', 'Lt' operators, the value must be an integer");
      }
      break;
    }
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (auto problems = check_label_value(values[i]); !problems.empty()) {
      return bad_request("values[" + std::to_string(i) + "][" + requirement.key +
                         "]: Invalid value: " + quoted(values[i]) + ": " + joined(problems));
    }
  }
  return {};
}

}  // namespace kabuki
