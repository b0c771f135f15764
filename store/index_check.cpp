#include "store/index_check.hpp"

#include <algorithm>
#include <iterator>

#include "messages/kinds.hpp"
#include "store/selection.hpp"

namespace kabuki::store {

IndexCheck::IndexCheck(std::vector<Index> indexes, size_t values_max)
    : indexes_(std::move(indexes)), values_max_(values_max), by_value_(indexes_.size()) {}

void IndexCheck::add(const Object& object) {
  for (size_t i = 0; i < indexes_.size(); ++i) {
    if (indexes_[i].kind != object.kind()) continue;
    auto values = indexes_[i].values(object);
    std::ranges::sort(values);
    const auto twice = std::ranges::unique(values);
    values.erase(twice.begin(), twice.end());
    auto& known = by_value_[i];
    for (const auto value : values) {
      auto found = known.find(std::string(value));
      if (found == known.end()) {
        if (known.size() >= values_max_) continue;
        found = known.emplace(value, std::vector<Key>()).first;
      }
      found->second.push_back(object.key());
    }
  }
}

std::vector<IndexCheck::Probe> IndexCheck::probes() const {
  std::vector<Probe> probes;
  for (size_t i = 0; i < indexes_.size(); ++i) {
    const Index& index = indexes_[i];
    for (const auto& [value, keys] : by_value_[i]) {
      Probe probe;
      probe.selection.set_kind(index.kind);
      std::string by = index.name;
      if (index.by == Index::By::label) {
        probe.selection.set_label_selector(index.name + "=" + value);
      } else {
        if (index.by == Index::By::owner) by = std::string(kOwnerField);
        auto* field = probe.selection.add_fields();
        field->set_field(by);
        field->add_values(value);
      }
      probe.what = kind_of(index.kind).resource() + " by " + by + " \"" + value + "\"";
      probe.expected = keys;
      probes.push_back(std::move(probe));
    }
  }
  return probes;
}

std::vector<Finding> judge_probe(const std::string& shard, const IndexCheck::Probe& probe,
                                 const std::vector<ObjectPtr>& listed) {
  std::vector<Key> found;
  for (const ObjectPtr& object : listed) found.push_back(object->key());
  std::vector<Key> missing, extra;
  std::ranges::sort(found);
  std::ranges::set_difference(probe.expected, found, std::back_inserter(missing));
  std::ranges::set_difference(found, probe.expected, std::back_inserter(extra));
  std::vector<Finding> findings;
  for (const Key& key : missing) findings.push_back({true, shard, key.text(), "is not found among " + probe.what});
  for (const Key& key : extra) findings.push_back({true, shard, key.text(), "is wrongly found among " + probe.what});
  return findings;
}

}  // namespace kabuki::store
