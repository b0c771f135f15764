// What a person writes as YAML: read as JSON, printed as YAML, read again.
#include "messages/yaml.hpp"

#include "messages/json_syntax.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace kabuki::fuzz {

KABUKI_FUZZ_TARGET(yaml) {
  (void)yaml_to_json(input);
  const auto documents = yaml_documents_to_json(input);
  if (!documents.ok()) return;
  for (const std::string& json : *documents) {
    require(explain_json_error(json).empty(), "YAML becomes JSON");
    const auto yaml = json_to_yaml(json);
    if (!yaml.ok()) continue;
    const auto back = yaml_to_json(*yaml);
    require(back.ok(), "what is printed as YAML can be read");
    const auto again = json_to_yaml(*back);
    require(again.ok() && *again == *yaml, "YAML keeps a document");
  }
}

}  // namespace kabuki::fuzz
