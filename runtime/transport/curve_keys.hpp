#pragma once

#include <map>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "messages/result.hpp"

namespace kabuki::runtime {

/// A CURVE key pair as Z85 text, 40 characters each. The secret half never leaves its process but in a file that
/// only its owner can read.
struct CurveKeys {
  std::string public_key;
  std::string secret_key;
  bool empty() const { return public_key.empty(); }
  bool operator==(const CurveKeys&) const = default;
};

/// A new pair from the system's source of randomness. For live hosts only: simulated links have no keys.
CurveKeys generate_curve_keys();
/// The pair that belongs to a secret half. Error: BadRequest when it is not 40 characters of Z85.
Result<CurveKeys> curve_keys_of(const std::string& secret_key);
/// Whether `text` is 40 characters of Z85.
bool is_curve_key(std::string_view text);

/// Which client keys are let in, and as whom: every key stands for one name, every name has one key. Names are hosts
/// (`host-3`) or, for hosts that have none yet, `joining/<id>`. Thread-safe; a change acts on open connections too.
class KeyRing {
 public:
  /// Replaces the name's former key.
  void allow(const std::string& public_key, const std::string& name);
  void revoke(const std::string& public_key);
  void revoke_name(const std::string& name);
  /// Whom the key stands for; none when it is not allowed.
  std::optional<std::string> name_of(std::string_view public_key) const;
  std::optional<std::string> key_of(const std::string& name) const;

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::string, std::less<>> names_;  // by key
  std::map<std::string, std::string> keys_;                // by name
};

/// First part of the names of clients that have proven a join file and nothing else.
inline constexpr std::string_view kJoiningPrefix = "joining/";

}  // namespace kabuki::runtime
