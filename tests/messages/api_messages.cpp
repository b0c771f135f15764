#include "tests/messages/api_messages.hpp"

#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace kabuki {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;

const std::vector<const Descriptor*>& api_messages() {
  static const std::vector<const Descriptor*> messages = [] {
    std::vector<const Descriptor*> found;
    std::set<const Descriptor*> seen;
    const auto add = [&](const std::string& name) {
      const Descriptor* message = DescriptorPool::generated_pool()->FindMessageTypeByName(name);
      if (message && seen.insert(message).second) found.push_back(message);
    };
    std::ifstream file(KABUKI_TEST_DATA "/api_fields.tsv");
    std::string text;
    std::getline(file, text);
    while (std::getline(file, text)) {
      std::istringstream row(text);
      std::string package, message;
      row >> package >> message;
      add(package + "." + message);
    }
    add("k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus");
    return found;
  }();
  return messages;
}

}  // namespace kabuki
