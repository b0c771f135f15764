#include "tools/store/shard_layout.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "messages/status.hpp"

namespace kabuki::tools {
namespace {

// Names of shards have no dot.
std::string layout_file(const ClusterFiles& files) { return files.store() + "/layout.json"; }

}  // namespace

Result<std::optional<ShardLayout>> read_layout(const ClusterFiles& files) {
  const std::string path = layout_file(files);
  std::error_code failure;
  if (!std::filesystem::exists(path, failure)) {
    const bool shards = std::filesystem::is_directory(files.store() + "/objects", failure);
    if (!shards) return std::optional<ShardLayout>();
    return std::optional<ShardLayout>(ShardLayout{.engine = "rocksdb"});
  }
  auto text = read_text(path);
  if (!text) return text.error();
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  const bool sound = json.is_object() && json.contains("mapping") && json["mapping"].is_string() &&
                     json.contains("engine") && json["engine"].is_string() && json.contains("made") &&
                     json["made"].is_boolean();
  if (!sound) return internal_error(path + " cannot be read: it is not what Kabuki wrote");
  auto mapping = store::ShardMap::parse(json["mapping"].get<std::string>());
  if (!mapping)
    return internal_error(path + " has a mapping that this program does not know: " + mapping.error().message);
  ShardLayout layout{*mapping, json["engine"].get<std::string>(), json["made"].get<bool>()};
  // A first start that failed before it made a shard binds nobody to its mapping.
  const auto names = layout.mapping.names();
  const bool begun = std::any_of(names.begin(), names.end(), [&](const std::string& shard) {
    return std::filesystem::exists(files.store() + "/" + shard, failure);
  });
  if (layout.engine == "rocksdb" && !layout.made && !begun) return std::optional<ShardLayout>();
  return std::optional<ShardLayout>(std::move(layout));
}

Result<> write_layout(const ClusterFiles& files, const ShardLayout& layout) {
  const nlohmann::ordered_json json{
      {"mapping", layout.mapping.text()}, {"engine", layout.engine}, {"made", layout.made}};
  return write_text(layout_file(files), json.dump(2) + "\n");
}

Result<store::ShardMap> settle_mapping(const std::optional<store::ShardMap>& stored, const std::string& asked,
                                       const std::string& where) {
  if (asked.empty()) return stored ? *stored : store::ShardMap::standard();
  auto wanted = store::ShardMap::parse(asked);
  if (!wanted) {
    Error error = wanted.error();
    error.message = "--shard: " + error.message;
    return error;
  }
  if (!stored || stored->text() == wanted->text()) return wanted;
  return Error{.code = 409,
               .reason = "Conflict",
               .message = where + " keeps its resources in shards as \"" + stored->text() +
                          "\", and --shard asks for \"" + wanted->text() +
                          "\": leave --shard out to go on with what is there; another mapping needs another cluster"};
}

Result<store::ShardMap> settle_replacement(const std::optional<store::ShardMap>& stored, const store::ShardMap& taken,
                                           const std::string& snapshot) {
  if (!stored || stored->text() == taken.text()) return taken;
  return bad_request(snapshot + " was taken under the mapping \"" + taken.text() + "\", and the cluster has \"" +
                     stored->text() + "\"");
}

std::string how_to_replace(const ClusterFiles& files, const std::string& shard) {
  return how_to_replace(shard, "--data " + files.root);
}

std::string how_to_replace(const std::string& shard, const std::string& where) {
  return "put a backup's in its place with `kabuki store replace " + shard + " --from SNAPSHOT " + where +
         "`, or an empty one with --empty";
}

}  // namespace kabuki::tools
