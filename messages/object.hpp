#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "messages/kinds.hpp"
#include "messages/result.hpp"

namespace kabuki {

/// Names one object: its kind, its namespace ("" for cluster-scoped kinds) and its name. Ordered by kind,
/// namespace, name, which is the order of lists.
struct Key {
  KindId kind = 0;
  std::string ns;
  std::string name;
  auto operator<=>(const Key&) const = default;

  /// "pods/default/web-1": for logs.
  std::string text() const;
};

class ObjectPtr;

/// One version of an object: immutable, encoded, reference-counted, in one allocation. The body is the kind's
/// Protobuf message, deterministically serialised, *without* metadata.resourceVersion: that is `revision()`.
/// Safe to share between threads.
class Object {
 public:
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  /// `revision` 0 means not stored yet.
  static ObjectPtr make(KindId kind, std::string_view ns, std::string_view name, uint64_t revision,
                        std::string_view body);
  /// Encodes `message` (its metadata.namespace and name make the key; its resourceVersion is left out).
  static ObjectPtr encode(KindId kind, const google::protobuf::Message& message, uint64_t revision = 0);
  /// The same object at another revision: one copy of the body.
  static ObjectPtr at_revision(const Object& object, uint64_t revision);

  KindId kind() const { return kind_; }
  uint64_t revision() const { return revision_; }
  std::string_view ns() const { return {data(), ns_size_}; }
  std::string_view name() const { return {data() + ns_size_, name_size_}; }
  std::string_view body() const { return {data() + ns_size_ + name_size_, body_size_}; }
  Key key() const { return {kind_, std::string(ns()), std::string(name())}; }
  /// metadata.uid, read from the body without parsing it.
  std::string_view uid() const;
  /// Bytes of memory this object takes.
  size_t size() const { return sizeof(Object) + ns_size_ + name_size_ + body_size_; }

  /// Parses the body into `out` (cleared first) and sets metadata.resourceVersion. Fails only when the bytes are
  /// corrupt; the error names the key.
  Result<> parse(google::protobuf::Message* out) const;

  /// The parsed message; asserts that the bytes are sound and of type T.
  template <class T>
  T as() const {
    T message;
    auto parsed = parse(&message);
    assert(parsed.ok());
    return message;
  }

 private:
  friend class ObjectPtr;
  Object(KindId kind, uint64_t revision, uint32_t ns_size, uint32_t name_size, uint32_t body_size)
      : revision_(revision),
        kind_(kind),
        name_size_(static_cast<uint16_t>(name_size)),
        ns_size_(ns_size),
        body_size_(body_size) {}
  ~Object() = default;
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }

  const uint64_t revision_;
  mutable std::atomic<uint32_t> references_{1};
  const KindId kind_;
  const uint16_t name_size_;
  const uint32_t ns_size_;
  const uint32_t body_size_;
};

/// Owns a share of an Object. 8 bytes; null by default.
class ObjectPtr {
 public:
  ObjectPtr() = default;
  ObjectPtr(std::nullptr_t) {}  // NOLINT: null is a pointer
  ObjectPtr(const ObjectPtr& other) : object_(other.object_) { acquire(); }
  ObjectPtr(ObjectPtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  ObjectPtr& operator=(ObjectPtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~ObjectPtr() { release(); }

  const Object* get() const { return object_; }
  const Object& operator*() const { return *object_; }
  const Object* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  bool operator==(const ObjectPtr&) const = default;

 private:
  friend class Object;
  explicit ObjectPtr(const Object* adopted) : object_(adopted) {}
  void acquire() const {
    if (object_) object_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  void release();

  const Object* object_ = nullptr;
};

}  // namespace kabuki
