#include "actors/membership/api_server_choice.hpp"

#include <cstdint>
#include <tuple>

namespace kabuki::membership {
namespace {

/// FNV-1a, then mixed: the same on every machine.
uint64_t weight(const std::string& host, const std::string& candidate) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : host + "\n" + candidate) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

}  // namespace

std::string choose_api_server(const std::string& host, const bus::Members& members,
                              const std::set<std::string>& silent) {
  std::string best;
  std::tuple<bool, bool, uint64_t> best_rank;
  for (const auto& candidate : members.hosts()) {
    if (!candidate.control_plane()) continue;
    const bool heard = !silent.contains(candidate.name());
    const std::tuple rank{heard, candidate.up(), weight(host, candidate.name())};
    if (!best.empty() && rank <= best_rank) continue;
    best = candidate.name();
    best_rank = rank;
  }
  return best;
}

}  // namespace kabuki::membership
