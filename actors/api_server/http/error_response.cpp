#include "actors/api_server/http/error_response.hpp"

#include "messages/api/meta/v1/status.pb.h"
#include "messages/json.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server::http {
namespace {

Error make(int code, std::string reason, std::string message) {
  Error out;
  out.code = code;
  out.reason = std::move(reason);
  out.message = std::move(message);
  return out;
}

}  // namespace

std::string status_body(const Error& error) {
  StatusMessage status;
  to_status(error, &status);
  std::string out;
  encode_json(status, &out, "Status", "v1");
  return out;
}

Error request_entity_too_large(size_t limit_bytes) {
  return make(413, "RequestEntityTooLarge", "Request entity too large: limit is " + std::to_string(limit_bytes));
}

Error header_too_large(size_t limit_bytes) {
  return make(431, "BadRequest", "Request header too large: limit is " + std::to_string(limit_bytes));
}

Error expectation_failed() { return make(417, "BadRequest", "only \"Expect: 100-continue\" can be met"); }

const char* reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Request Entity Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Entity";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

}  // namespace kabuki::api_server::http
