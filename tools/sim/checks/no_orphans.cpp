#include <algorithm>
#include <memory>
#include <set>

#include "messages/meta.hpp"
#include "tools/sim/checks/all.hpp"

namespace kabuki::tools {

Lines orphans(const Observed& observed) {
  std::set<std::string> uids;
  for (const auto& [key, object] : observed.served) uids.emplace(object->uid());
  Lines wrong;
  for (const auto& [key, object] : observed.served) {
    std::unique_ptr<google::protobuf::Message> message(kind_of(key.kind).make());
    if (!object->parse(message.get())) continue;
    const auto& owners = meta_of(*message).ownerreferences();
    if (owners.empty()) continue;
    if (std::ranges::any_of(owners, [&](const auto& owner) { return uids.contains(owner.uid()); })) continue;
    wrong.push_back(key.text() + " is there and its owner " + owners[0].name() + " is not");
  }
  return wrong;
}

Lines homeless(const Observed& observed) {
  Lines wrong;
  for (const auto& [key, object] : observed.served) {
    if (key.ns.empty() || observed.served.contains({kinds::kNamespace, "", key.ns})) continue;
    wrong.push_back(key.text() + " is there and its namespace is not");
  }
  return wrong;
}

}  // namespace kabuki::tools
