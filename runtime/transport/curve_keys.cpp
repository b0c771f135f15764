#include "runtime/transport/curve_keys.hpp"

#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <zmq.h>

#include "messages/status.hpp"

namespace kabuki::runtime {
namespace {

constexpr size_t kTextSize = 40;

}  // namespace

CurveKeys generate_curve_keys() {
  char public_key[kTextSize + 1];
  char secret_key[kTextSize + 1];
  if (zmq_curve_keypair(public_key, secret_key) != 0) throw std::runtime_error("libzmq was built without CURVE");
  return {public_key, secret_key};
}

Result<CurveKeys> curve_keys_of(const std::string& secret_key) {
  char public_key[kTextSize + 1];
  if (!is_curve_key(secret_key) || zmq_curve_public(public_key, secret_key.c_str()) != 0) {
    return bad_request("not a CURVE secret key: expected 40 characters of Z85");
  }
  return CurveKeys{public_key, secret_key};
}

bool is_curve_key(std::string_view text) {
  if (text.size() != kTextSize) return false;
  uint8_t raw[32];
  return zmq_z85_decode(raw, std::string(text).c_str()) != nullptr;
}

void KeyRing::allow(const std::string& public_key, const std::string& name) {
  std::unique_lock lock(mutex_);
  if (auto it = keys_.find(name); it != keys_.end() && it->second != public_key) names_.erase(it->second);
  if (auto it = names_.find(public_key); it != names_.end() && it->second != name) keys_.erase(it->second);
  names_[public_key] = name;
  keys_[name] = public_key;
}

void KeyRing::revoke(const std::string& public_key) {
  std::unique_lock lock(mutex_);
  auto it = names_.find(public_key);
  if (it == names_.end()) return;
  keys_.erase(it->second);
  names_.erase(it);
}

void KeyRing::revoke_name(const std::string& name) {
  std::unique_lock lock(mutex_);
  auto it = keys_.find(name);
  if (it == keys_.end()) return;
  names_.erase(it->second);
  keys_.erase(it);
}

std::optional<std::string> KeyRing::name_of(std::string_view public_key) const {
  std::shared_lock lock(mutex_);
  auto it = names_.find(public_key);
  if (it == names_.end()) return std::nullopt;
  return it->second;
}

std::optional<std::string> KeyRing::key_of(const std::string& name) const {
  std::shared_lock lock(mutex_);
  auto it = keys_.find(name);
  if (it == keys_.end()) return std::nullopt;
  return it->second;
}

}  // namespace kabuki::runtime
