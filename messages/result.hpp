#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace kabuki {

/// One reason among several why a request failed; `field` is a path such as `spec.containers[0].name`.
struct Cause {
  std::string reason;
  std::string message;
  std::string field;
  bool operator==(const Cause&) const = default;
};

/// An expected failure, as Kubernetes reports it: what a Status with status "Failure" carries. `code` is an HTTP
/// status code, `reason` a machine-readable word (NotFound, Conflict, Invalid, ...). The factories in
/// messages/status.hpp build the standard ones; nothing else should invent wording for them.
struct Error {
  int code = 500;
  std::string reason = "InternalError";
  std::string message;
  std::string name;
  std::string group;
  std::string kind;
  std::string uid;
  std::vector<Cause> causes;
  int retry_after_seconds = 0;
  bool has_details = false;
  bool operator==(const Error&) const = default;
};

struct Ok {
  bool operator==(const Ok&) const = default;
};

/// A value or the Error that kept it from being made. Reading the wrong side is a bug and asserts.
template <class T = Ok>
class [[nodiscard]] Result {
 public:
  Result() requires std::is_same_v<T, Ok> : state_(Ok{}) {}
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: a value is a result
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: an error is a result

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }
  const Error& error() const {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

}  // namespace kabuki
