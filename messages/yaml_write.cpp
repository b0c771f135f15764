#include <map>

#include "messages/json.hpp"
#include "messages/json_document.hpp"
#include "messages/yaml.hpp"
#include "messages/yaml_scalar.hpp"

namespace kabuki {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr size_t kSimpleKeyBytes = 128;

bool has_control(std::string_view text, bool newlines_too) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0x7f || (byte < 0x20 && (newlines_too || byte != '\n'))) return true;
  }
  // Unicode's separators end a line in YAML 1.1.
  return text.find("\u2028") != std::string_view::npos || text.find("\u2029") != std::string_view::npos;
}

bool is_syntax(std::string_view text) {
  constexpr std::string_view kIndicators = "-?:,[]{}#&*!|>'\"%@`";
  if (text.front() == ' ' || text.back() == ' ' || text.back() == ':') return true;
  if (kIndicators.find(text.front()) != std::string_view::npos) {
    const bool word = (text.front() == '-' || text.front() == '?' || text.front() == ':') && text.size() > 1 &&
                      text[1] != ' ' && text != "---";
    if (!word) return true;
  }
  return text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos;
}

class Writer {
 public:
  std::string take() { return std::move(out_); }

  /// Writes what follows `key:` or `-`, with the line's end.
  void value(const element& value, int indent, bool in_list) {
    switch (value.type()) {
      case element_type::OBJECT:
        return object(simdjson::dom::object(value), indent, in_list);
      case element_type::ARRAY:
        return array(simdjson::dom::array(value), indent, in_list);
      case element_type::STRING:
        return string(std::string_view(value), indent);
      default:
        space();
        json::append_raw(value, &out_);
        out_ += '\n';
    }
  }

  void object(const simdjson::dom::object& object, int indent, bool in_list) {
    std::map<std::string_view, element> sorted;
    for (const auto& field : object) sorted[field.key] = field.value;
    if (sorted.empty()) {
      space();
      out_ += "{}\n";
      return;
    }
    bool same_line = in_list;
    if (!in_list && !out_.empty()) out_ += '\n';
    for (const auto& [key, value] : sorted) {
      if (same_line) {
        space();
      } else {
        pad(indent);
      }
      same_line = false;
      key_string(key, indent);
      this->value(value, value.type() == element_type::ARRAY ? indent : indent + 2, false);
    }
  }

  void array(const simdjson::dom::array& array, int indent, bool in_list) {
    if (array.begin() == array.end()) {
      space();
      out_ += "[]\n";
      return;
    }
    bool same_line = in_list;
    if (!in_list && !out_.empty()) out_ += '\n';
    for (const element item : array) {
      if (same_line) {
        space();
      } else {
        pad(indent);
      }
      same_line = false;
      out_ += '-';
      value(item, indent + 2, true);
    }
  }

 private:
  void space() {
    if (!out_.empty() && out_.back() != '\n') out_ += ' ';
  }
  void pad(int indent) { out_.append(static_cast<size_t>(indent), ' '); }

  void string(std::string_view text, int indent) {
    const bool lines = text.find('\n') != std::string_view::npos;
    if (lines && !has_control(text, false) && text.front() != ' ' && text.front() != '\n') return block(text, indent);
    space();
    line_string(text);
    out_ += '\n';
  }

  /// A literal block: `|` keeps one newline at the end, `|-` none, `|+` all.
  void block(std::string_view text, int indent) {
    const bool ends = text.back() == '\n';
    const bool more = ends && text.size() > 1 && text[text.size() - 2] == '\n';
    out_ += more ? " |+\n" : ends ? " |\n" : " |-\n";
    if (ends) text.remove_suffix(1);
    while (true) {
      const size_t end = std::min(text.find('\n'), text.size());
      if (end != 0) pad(indent);
      out_ += text.substr(0, end);
      out_ += '\n';
      if (end == text.size()) return;
      text.remove_prefix(end + 1);
    }
  }

  /// Parsers look for the colon behind a key of some length only, so a longer one says that it is a key.
  void key_string(std::string_view key, int indent) {
    const size_t begin = out_.size();
    line_string(key);
    if (out_.size() - begin > kSimpleKeyBytes) {
      out_.insert(begin, "? ");
      out_ += '\n';
      pad(indent);
    }
    out_ += ':';
  }

  void line_string(std::string_view text) {
    // At the beginning of a document it would be a mark of its encoding.
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text.empty() || has_control(text, true) || text.starts_with(kByteOrderMark) || yaml::is_ambiguous(text) ||
        yaml::resolve(text).type != yaml::Scalar::Type::string) {
      append_json_string(text, &out_);  // JSON strings are YAML's double-quoted ones
    } else if (is_syntax(text)) {
      out_ += '\'';
      for (const char c : text) {
        out_ += c;
        if (c == '\'') out_ += c;
      }
      out_ += '\'';
    } else {
      out_ += text;
    }
  }

  std::string out_;
};

}  // namespace

Result<std::string> json_to_yaml(std::string_view text) {
  const auto root = json::parse_document(text);
  if (!root) return root.error();
  Writer writer;
  // Lines of text that is all there is are indented all the same.
  writer.value(*root, root->is_string() ? 2 : 0, false);
  return writer.take();
}

}  // namespace kabuki
