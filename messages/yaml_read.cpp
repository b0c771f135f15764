#include <set>
#include <yaml-cpp/yaml.h>

#include "messages/json.hpp"
#include "messages/status.hpp"
#include "messages/yaml.hpp"
#include "messages/yaml_guard.hpp"
#include "messages/yaml_scalar.hpp"

namespace kabuki {
namespace {

constexpr int kDepthMax = 200;
/// Aliases may multiply a small document: what comes out is at most this, and as many times what went in.
constexpr size_t kJsonBytesMax = 1 << 20;
constexpr size_t kGrowthMax = 8;

Error refused(const std::string& why) { return bad_request("error converting YAML to JSON: yaml: " + why); }

/// Each step returns false once `error_` says why.
class Writer {
 public:
  Writer(std::string* out, size_t bytes_max) : out_(out), bytes_max_(bytes_max) {}

  bool value(const YAML::Node& node) {
    if (++depth_ > kDepthMax) return fail(node, "nested too deeply");
    if (out_->size() > bytes_max_) return fail(node, "document contains excessive aliasing");
    const bool fine = value_here(node);
    --depth_;
    return fine;
  }
  const std::string& error() const { return error_; }

 private:
  bool value_here(const YAML::Node& node) {
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return scalar(node);
      case YAML::NodeType::Sequence:
        *out_ += '[';
        for (const auto& item : node) {
          if (!value(item)) return false;
          *out_ += ',';
        }
        return close(']');
      case YAML::NodeType::Map: {
        *out_ += '{';
        std::set<std::string> explicit_keys;
        return members(node, &explicit_keys) && close('}');
      }
      default:
        *out_ += "null";
        return true;
    }
  }

  bool close(char bracket) {
    if (out_->back() == ',') out_->pop_back();
    *out_ += bracket;
    return true;
  }

  static bool is_plain(const YAML::Node& node) { return node.Tag() == "?" || node.Tag().empty(); }

  bool scalar(const YAML::Node& node) {
    const std::string& tag = node.Tag();
    if (tag == "!" || tag == "tag:yaml.org,2002:str") {
      append_json_string(node.Scalar(), out_);
      return true;
    }
    const yaml::Scalar resolved = yaml::resolve(node.Scalar());
    if (resolved.type == yaml::Scalar::Type::not_a_number) return fail(node, "JSON has no " + node.Scalar());
    if (resolved.type == yaml::Scalar::Type::string) {
      append_json_string(node.Scalar(), out_);
    } else {
      *out_ += resolved.json;
    }
    return true;
  }

  /// Writes the entries whose key is not `taken`; what a merge key brings yields to the map's own.
  bool members(const YAML::Node& map, std::set<std::string>* taken) {
    if (++depth_ > kDepthMax) return fail(map, "nested too deeply");
    std::vector<YAML::Node> merged;
    const std::set<std::string> outer = *taken;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) return fail(entry.first, "a key must be a scalar");
      if (is_plain(entry.first) && entry.first.Scalar() == "<<") {
        merged.push_back(entry.second);
        continue;
      }
      const std::string key = key_text(entry.first);
      if (outer.contains(key)) continue;
      taken->insert(key);
      append_json_string(key, out_);
      *out_ += ':';
      if (!value(entry.second)) return false;
      *out_ += ',';
    }
    for (const YAML::Node& from : merged) {
      if (!merge(from, taken)) return false;
    }
    --depth_;
    return true;
  }

  bool merge(const YAML::Node& from, std::set<std::string>* taken) {
    if (from.IsMap()) return members(from, taken);
    if (!from.IsSequence()) return fail(from, "map merge requires map or sequence of maps as the value");
    for (const auto& item : from) {
      if (!item.IsMap()) return fail(item, "map merge requires map or sequence of maps as the value");
      if (!members(item, taken)) return false;
    }
    return true;
  }

  static std::string key_text(const YAML::Node& key) {
    if (!is_plain(key)) return key.Scalar();
    const yaml::Scalar resolved = yaml::resolve(key.Scalar());
    return resolved.json.empty() ? key.Scalar() : resolved.json;
  }

  bool fail(const YAML::Node& node, const std::string& why) {
    const YAML::Mark mark = node.Mark();
    error_ = (mark.is_null() ? "" : "line " + std::to_string(mark.line + 1) + ": ") + why;
    return false;
  }

  std::string* out_;
  size_t bytes_max_;
  int depth_ = 0;
  std::string error_;
};

}  // namespace

Result<std::vector<std::string>> yaml_documents_to_json(std::string_view text) {
  std::vector<std::string> documents;
  try {  // yaml-cpp reports by exceptions alone
    const std::string copy(text);
    yaml::guard_stream(copy);
    for (const YAML::Node& node : YAML::LoadAll(copy)) {
      if (!node.IsDefined() || node.IsNull()) continue;
      std::string json;
      Writer writer(&json, kJsonBytesMax + kGrowthMax * text.size());
      if (!writer.value(node)) return refused(writer.error());
      documents.push_back(std::move(json));
    }
  } catch (const YAML::Exception& error) {
    return refused("line " + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
  return documents;
}

Result<std::string> yaml_to_json(std::string_view text) {
  auto documents = yaml_documents_to_json(text);
  if (!documents) return documents.error();
  if (documents->empty()) return std::string("null");
  return std::move(documents->front());
}

}  // namespace kabuki
