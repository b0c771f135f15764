#include "actors/api_server/table/cells.hpp"

#include <map>

#include "actors/api_server/table/printer.hpp"
#include "messages/selectors.hpp"

namespace kabuki::api_server::table {

std::string container_names(const ::k8s::io::api::core::v1::PodTemplateSpec& pods) {
  std::vector<std::string> out;
  for (const auto& container : pods.spec().containers()) out.push_back(container.name());
  return joined(out);
}

std::string container_images(const ::k8s::io::api::core::v1::PodTemplateSpec& pods) {
  std::vector<std::string> out;
  for (const auto& container : pods.spec().containers()) out.push_back(container.image());
  return joined(out);
}

std::string selector_text(const LabelSelectorMessage& message) {
  auto selector = LabelSelector::from_message(message);
  return selector.ok() ? or_none(selector->text()) : "<invalid>";
}

std::string labels_text(const google::protobuf::Map<std::string, std::string>& labels) {
  const std::map<std::string, std::string> sorted(labels.begin(), labels.end());
  std::vector<std::string> out;
  for (const auto& [key, value] : sorted) out.push_back(key + "=" + value);
  return or_none(joined(out));
}

std::string with_more(std::vector<std::string> list, size_t max, const char* separator) {
  const size_t count = list.size();
  if (count > max) list.resize(max);
  std::string out;
  for (const std::string& part : list) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return count > max ? out + " + " + std::to_string(count - max) + " more..." : out;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

}  // namespace kabuki::api_server::table
