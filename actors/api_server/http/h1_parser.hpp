#pragma once

#include <memory>
#include <string>

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/http/limits.hpp"
#include "messages/result.hpp"

namespace kabuki::api_server::http {

/// Reads HTTP/1 requests, one after the other, from the front of a buffer. Boost.Beast parses; what it lets pass
/// and a server behind a proxy must not (two readings of where a message ends) is refused here.
class H1Parser {
 public:
  enum class Step {
    need_more,  // everything understood was taken; more bytes are needed
    head,       // once per request with a body: the headers are complete
    done,       // a request is complete: take() it
    refused,    // nothing more can be read from this connection; refusal() says why
  };

  explicit H1Parser(const Limits& limits);
  ~H1Parser();
  H1Parser(const H1Parser&) = delete;
  H1Parser& operator=(const H1Parser&) = delete;

  /// Takes what it can use off the front of `in`.
  Step feed(std::string* in);

  /// No byte of the next request has been seen.
  bool between_requests() const;
  /// The client waits for "100 Continue" before it sends the body.
  bool expects_continue() const { return expects_continue_; }
  /// Of the last request: may the connection carry another one; is it HTTP/1.0; is it HEAD.
  bool keep_alive() const { return keep_alive_; }
  bool is_1_0() const { return is_1_0_; }
  bool is_head() const { return is_head_; }
  const Error& refusal() const { return refusal_; }

  /// The complete request (without identity); the parser begins the next one.
  Request take();

 private:
  struct Parser;
  Step read_head(std::string* in);
  Step read_body(std::string* in);
  Step refuse(Error error);

  const Limits& limits_;
  std::unique_ptr<Parser> parser_;  // only while a request is under way
  Request request_;
  size_t searched_ = 0;  // bytes of the buffer known to hold no end of headers
  bool seen_bytes_ = false;
  bool expects_continue_ = false;
  bool keep_alive_ = true;
  bool is_1_0_ = false;
  bool is_head_ = false;
  Error refusal_;
};

}  // namespace kabuki::api_server::http
