#include "actors/scheduler/pod_match.hpp"

#include <algorithm>

namespace kabuki::scheduler {
namespace {

bool matches(const LabelSelector& selector, const Labels& labels) {
  return selector.matches([&](std::string_view key) { return find_label(labels, key); });
}

}  // namespace

bool selects(const PodSelector& selector, const Labels& own, const Labels& others) {
  if (selector.nothing || !matches(selector.labels, others)) return false;
  const auto same = [&](const std::string& key, bool wanted) {
    const std::string* mine = find_label(own, key);
    if (!mine) return true;  // a key that the pod does not have says nothing
    const std::string* theirs = find_label(others, key);
    return (theirs && *theirs == *mine) == wanted;
  };
  return std::all_of(selector.same_label_keys.begin(), selector.same_label_keys.end(),
                     [&](const std::string& key) { return same(key, true); }) &&
         std::all_of(selector.other_label_keys.begin(), selector.other_label_keys.end(),
                     [&](const std::string& key) { return same(key, false); });
}

bool is_about(const PodTerm& term, std::string_view ns, const Labels& own, std::string_view other_ns,
              const Labels& others, const std::map<std::string, Labels>& namespaces) {
  bool there = false;
  if (term.namespaces.empty() && !term.namespace_selector) {
    there = other_ns == ns;
  } else {
    there = std::find(term.namespaces.begin(), term.namespaces.end(), other_ns) != term.namespaces.end();
    if (!there && term.namespace_selector) {
      const auto known = namespaces.find(std::string(other_ns));
      there = matches(*term.namespace_selector, known == namespaces.end() ? Labels() : known->second);
    }
  }
  return there && selects(term.pods, own, others);
}

}  // namespace kabuki::scheduler
