#include "messages/kinds.hpp"

#include <cassert>
#include <google/protobuf/message.h>

#include "messages/kinds_table.hpp"
#include "messages/versions.hpp"

namespace kabuki {
namespace {

const std::vector<Kind>& table() {
  static const std::vector<Kind> lines = make_kinds_table();
  return lines;
}

template <class Predicate>
const Kind* find_if(Predicate predicate) {
  for (const Kind& kind : table()) {
    if (predicate(kind)) return &kind;
  }
  return nullptr;
}

}  // namespace

google::protobuf::Message* Kind::make() const {
  return google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor)->New();
}

std::span<const Kind> all_kinds() { return table(); }

const Kind* find_kind(KindId id) { return id >= 1 && id <= table().size() ? &table()[id - 1] : nullptr; }

const Kind* find_kind(std::string_view group, std::string_view name) {
  return find_if([&](const Kind& kind) { return kind.kind == name && kind.group == group; });
}

const Kind* find_resource(std::string_view group, std::string_view version, std::string_view plural) {
  return find_if(
      [&](const Kind& kind) { return kind.plural == plural && kind.group == group && kind.version == version; });
}

const Kind& kind_of(KindId id) {
  const Kind* kind = find_kind(id);
  if (const Version* version = kind ? nullptr : find_version(id)) kind = &version->kind;
  assert(kind && "no kind has this id");
  return *kind;
}

}  // namespace kabuki
