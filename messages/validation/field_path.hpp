#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kabuki::validation {

/// Where a field stands (`spec.containers[0].name`), as a chain of steps on the stack: the text is made only when
/// something is wrong. A path refers to its parent, which must outlive it (so a temporary has no children), and to
/// the names it was given; a name may be several steps ("fieldRef.fieldPath").
class FieldPath {
 public:
  explicit FieldPath(std::string_view name) : name_(name) {}

  FieldPath child(std::string_view name) const& { return {this, Step::child, name, 0}; }
  FieldPath index(size_t index) const& { return {this, Step::index, {}, index}; }
  FieldPath key(std::string_view key) const& { return {this, Step::key, key, 0}; }
  FieldPath child(std::string_view name) const&& = delete;
  FieldPath index(size_t index) const&& = delete;
  FieldPath key(std::string_view key) const&& = delete;

  std::string text() const;

 private:
  enum class Step { child, index, key };
  FieldPath(const FieldPath* parent, Step step, std::string_view name, size_t index)
      : parent_(parent), step_(step), name_(name), index_(index) {}

  const FieldPath* parent_ = nullptr;
  Step step_ = Step::child;
  std::string_view name_;
  size_t index_ = 0;
};

}  // namespace kabuki::validation
