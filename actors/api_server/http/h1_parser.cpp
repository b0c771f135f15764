#include "actors/api_server/http/h1_parser.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "actors/api_server/http/error_response.hpp"
#include "actors/api_server/http/uri.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server::http {
namespace {

namespace beast = boost::beast;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

// What only the raw bytes show: folded lines, which Beast joins, and line ends that others read differently.
const char* fault_of_raw_head(std::string_view head) {
  for (size_t i = 0; i < head.size(); ++i) {
    char c = head[i];
    if (c == '\0') return "a NUL byte in the header";
    if (c == '\r' && (i + 1 == head.size() || head[i + 1] != '\n')) return "a carriage return alone in the header";
    if (c != '\n') continue;
    if (i == 0 || head[i - 1] != '\r') return "a line feed alone in the header";
    if (i + 1 < head.size() && (head[i + 1] == ' ' || head[i + 1] == '\t')) return "a folded header line";
  }
  return nullptr;
}

// Message framing must have one reading only (RFC 9112, 6.3); anything else is how requests are smuggled.
const char* fault_of_framing(const Headers& headers, bool is_1_0) {
  int hosts = 0, lengths = 0, codings = 0;
  for (const auto& [name, value] : headers) {
    if (name == "host") ++hosts;
    if (name == "content-length") {
      ++lengths;
      bool digits = !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
      if (!digits) return "a Content-Length that is not a number";
    }
    if (name == "transfer-encoding") {
      ++codings;
      if (!equal_ignoring_case(value, "chunked")) return "a Transfer-Encoding that is not exactly \"chunked\"";
    }
  }
  if (hosts > 1) return "more than one Host header";
  if (hosts == 0 && !is_1_0) return "no Host header";
  if (lengths > 1) return "more than one Content-Length";
  if (codings > 1) return "more than one Transfer-Encoding";
  if (codings && lengths) return "both Content-Length and Transfer-Encoding";
  if (codings && is_1_0) return "Transfer-Encoding in HTTP/1.0";
  return nullptr;
}

Error malformed(std::string_view what) { return bad_request("malformed HTTP request: " + std::string(what)); }

}  // namespace

struct H1Parser::Parser {
  beast::http::request_parser<beast::http::string_body> beast;
};

H1Parser::H1Parser(const Limits& limits) : limits_(limits) {}
H1Parser::~H1Parser() = default;

bool H1Parser::between_requests() const { return !parser_ && !seen_bytes_; }

H1Parser::Step H1Parser::refuse(Error error) {
  refusal_ = std::move(error);
  return Step::refused;
}

H1Parser::Step H1Parser::feed(std::string* in) { return parser_ ? read_body(in) : read_head(in); }

H1Parser::Step H1Parser::read_head(std::string* in) {
  // RFC 9112, 2.2: empty lines before a request are to be ignored.
  if (searched_ < 2) {
    size_t start = 0;
    while (in->compare(start, 2, "\r\n") == 0) start += 2;
    in->erase(0, start);
  }
  if (in->empty()) return Step::need_more;
  seen_bytes_ = true;
  size_t end = in->find("\r\n\r\n", searched_ < 3 ? 0 : searched_ - 3);
  if (end == std::string::npos ? in->size() > limits_.header_bytes : end + 4 > limits_.header_bytes) {
    return refuse(header_too_large(limits_.header_bytes));
  }
  if (end == std::string::npos) {
    searched_ = in->size();
    return Step::need_more;
  }
  std::string_view head(in->data(), end + 4);
  if (const char* fault = fault_of_raw_head(head)) return refuse(malformed(fault));

  parser_ = std::make_unique<Parser>();
  auto& parser = parser_->beast;
  parser.header_limit(static_cast<uint32_t>(limits_.header_bytes) + 1);
  parser.body_limit(limits_.body_bytes);
  parser.eager(true);
  beast::error_code error;
  parser.put(boost::asio::const_buffer(head.data(), head.size()), error);
  if (error == beast::http::error::body_limit) return refuse(request_entity_too_large(limits_.body_bytes));
  if (error && error != beast::http::error::need_more) return refuse(malformed(error.message()));
  if (!parser.is_header_done()) return refuse(malformed("incomplete header"));

  const auto& message = parser.get();
  is_1_0_ = message.version() == 10;
  if (message.version() != 10 && message.version() != 11) return refuse(malformed("unsupported HTTP version"));
  request_ = {};
  request_.method = message.method_string();
  for (const auto& field : message) {
    std::string name(view(field.name_string()));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    request_.headers.emplace_back(std::move(name), view(field.value()));
  }
  if (const char* fault = fault_of_framing(request_.headers, is_1_0_)) return refuse(malformed(fault));
  auto target = parse_target(view(message.target()));
  if (!target.ok()) return refuse(target.error());
  request_.path = std::move(target->path);
  request_.query = std::move(target->query);
  keep_alive_ = message.keep_alive();
  is_head_ = request_.method == "HEAD";
  std::string_view expect = request_.header("expect");
  if (!expect.empty() && !equal_ignoring_case(expect, "100-continue")) return refuse(expectation_failed());
  expects_continue_ = !expect.empty() && !is_1_0_;

  in->erase(0, head.size());
  searched_ = 0;
  return parser.is_done() ? Step::done : Step::head;
}

H1Parser::Step H1Parser::read_body(std::string* in) {
  auto& parser = parser_->beast;
  while (!parser.is_done() && !in->empty()) {
    beast::error_code error;
    size_t used = parser.put(boost::asio::const_buffer(in->data(), in->size()), error);
    in->erase(0, used);
    if (error == beast::http::error::body_limit) return refuse(request_entity_too_large(limits_.body_bytes));
    if (error && error != beast::http::error::need_more) return refuse(malformed(error.message()));
    if (error == beast::http::error::need_more || used == 0) {
      // A chunk header or trailer that does not end.
      if (in->size() > limits_.header_bytes) return refuse(malformed("chunk header too long"));
      break;
    }
  }
  return parser.is_done() ? Step::done : Step::need_more;
}

Request H1Parser::take() {
  request_.body = std::move(parser_->beast.get().body());
  parser_.reset();
  seen_bytes_ = false;
  expects_continue_ = false;
  return std::move(request_);
}

}  // namespace kabuki::api_server::http
