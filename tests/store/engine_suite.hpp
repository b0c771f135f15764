#pragma once

#include <string>
#include <vector>

#include "tests/store/engine_homes.hpp"
#include "tests/store/running_engine.hpp"

namespace kabuki::store::test {

inline const ShardIdentity kIdentity{"pods", "objects=*;pods=pods"};

class HomeTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "etcd") KABUKI_NEEDS_ETCD();
  }
  std::unique_ptr<Engine> engine(ShardIdentity identity = kIdentity) { return home_->engine(std::move(identity)); }
  std::unique_ptr<EngineHome> home_ = make_engine_home(GetParam());
};
/// "committed conflict ..."
inline std::string outcomes(const Results& results) {
  static constexpr const char* kNames[] = {"committed", "conflict", "unknown", "refused", "deposed", "unmet"};
  std::string out;
  for (const auto& result : results)
    out += (out.empty() ? "" : " ") + std::string(kNames[static_cast<int>(result.outcome)]);
  return out;
}

/// What the feed told, without revisions that others than the test choose.
inline Texts told(const std::vector<Change>& changes) {
  Texts out;
  for (const auto& change : changes) {
    out.push_back((change.type == Change::Type::put ? "put " : "deleted ") + std::string(change.object->name()) +
                  "=" + std::string(change.object->body()) +
                  (change.previous ? " was " + std::string(change.previous->body()) : ""));
  }
  return out;
}

inline std::string name_of_engine(const testing::TestParamInfo<std::string>& info) { return info.param; }

}  // namespace kabuki::store::test
