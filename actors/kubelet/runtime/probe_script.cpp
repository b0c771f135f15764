#include "actors/kubelet/runtime/probe_script.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "messages/status.hpp"
#include "messages/time_format.hpp"

namespace kabuki::kubelet {
namespace {

constexpr int64_t kCountMax = 1'000'000;

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<int64_t> duration(std::string_view text) {
  const auto nanos = parse_duration(trim(text));
  return nanos && *nanos >= 0 ? nanos : std::nullopt;
}

}  // namespace

bool ProbeScript::read_term(std::string_view text, Term* out) {
  if (const size_t star = text.rfind('*'); star != std::string_view::npos) {
    const auto count = number(trim(text.substr(star + 1)));
    if (!count || *count < 1 || *count > kCountMax) return false;
    out->count = *count;
    text = trim(text.substr(0, star));
  }
  const size_t open = text.find('(');
  const std::string_view word = text.substr(0, open);
  if (word == "ok") {
    out->outcome = Outcome::ok;
    return open == std::string_view::npos;
  }
  if (word != "fail" && word != "timeout") return false;
  out->outcome = word == "fail" ? Outcome::fail : Outcome::timeout;
  if (open == std::string_view::npos) return true;
  if (text.back() != ')') return false;
  const std::string_view inside = trim(text.substr(open + 1, text.size() - open - 2));
  if (inside.ends_with('%')) {
    const auto percent = number(inside.substr(0, inside.size() - 1));
    if (!percent || *percent > 100) return false;
    out->chance = static_cast<double>(*percent) / 100;
    return true;
  }
  const size_t comma = inside.find(',');
  const auto from = duration(inside.substr(0, comma));
  if (!from) return false;
  out->from_ns = *from;
  if (comma == std::string_view::npos) return true;
  const auto until = duration(inside.substr(comma + 1));
  if (!until || *until < *from) return false;
  out->until_ns = *until;
  return true;
}

Result<ProbeScript> ProbeScript::parse(std::string_view text) {
  ProbeScript out;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size()) {
      depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
      if (text[i] != ',' || depth > 0) continue;
    }
    Term term;
    if (!read_term(trim(text.substr(begin, i - begin)), &term)) {
      return bad_request(
          "\"" + std::string(text) +
          "\" is no list of outcomes: expected forms such as ok, fail*3, timeout, fail(30%), fail(20s) "
          "and fail(20s,40s)");
    }
    out.terms_.push_back(term);
    begin = i + 1;
  }
  return out;
}

ProbeScript::Outcome ProbeScript::at(int64_t n, int64_t since_start_ns, double chance) const {
  size_t i = 0;
  while (i + 1 < terms_.size() && n >= terms_[i].count) n -= terms_[i++].count;
  const Term& term = terms_[i];
  const bool applies = chance < term.chance && since_start_ns >= term.from_ns && since_start_ns < term.until_ns;
  return applies ? term.outcome : Outcome::ok;
}

int64_t ProbeScript::steady_number() const {
  if (terms_.back().chance > 0 && terms_.back().chance < 1) return std::numeric_limits<int64_t>::max();
  int64_t before = 0;
  for (size_t i = 0; i + 1 < terms_.size(); ++i) before += terms_[i].count;
  return before;
}

int64_t ProbeScript::steady_since_ns() const {
  const Term& last = terms_.back();
  return last.until_ns == std::numeric_limits<int64_t>::max() ? last.from_ns : last.until_ns;
}

}  // namespace kabuki::kubelet
