#include "runtime/transport/join_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "messages/status.hpp"

namespace kabuki::runtime {
namespace {

constexpr int kFormat = 1;
constexpr size_t kMaxBytes = 64 * 1024;
constexpr const char* kRemedy = "; write a new one with `kabuki up --listen ADDRESS` and copy it here";

Error broken(const std::string& path, const std::string& why) {
  return bad_request("join file " + path + ": " + why + kRemedy);
}

Error failed(const std::string& doing, const std::string& path) {
  return internal_error("cannot " + doing + " " + path + ": " + std::strerror(errno));
}

}  // namespace

std::string encode_join_file(const JoinFile& file) {
  nlohmann::ordered_json json;
  json["kabukiJoin"] = kFormat;
  json["id"] = file.id;
  json["address"] = file.endpoint;
  json["host"] = file.server_host;
  json["serverKey"] = file.server_key;
  json["secret"] = file.secret.secret_key;
  json["uses"] = file.uses;
  if (file.control_plane) json["controlPlane"] = true;
  for (const auto& door : file.others) {
    json["alsoAt"].push_back({{"address", door.endpoint}, {"host", door.host}, {"serverKey", door.key}});
  }
  return json.dump(2) + "\n";
}

Result<JoinFile> parse_join_file(std::string_view text, const std::string& path) {
  auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded() || !json.is_object()) return broken(path, "is not JSON");
  auto format = json.find("kabukiJoin");
  if (format == json.end() || !format->is_number_integer()) return broken(path, "has no field \"kabukiJoin\"");
  if (*format != kFormat) {
    return broken(path, "has format " + format->dump() + ", this kabuki reads format " + std::to_string(kFormat));
  }
  JoinFile file;
  std::string secret;
  struct Text {
    const char* name;
    std::string* to;
  };
  for (auto [name, to] : {Text{"id", &file.id}, Text{"address", &file.endpoint}, Text{"host", &file.server_host},
                          Text{"serverKey", &file.server_key}, Text{"secret", &secret}}) {
    auto it = json.find(name);
    if (it == json.end() || !it->is_string() || it->get_ref<const std::string&>().empty()) {
      return broken(path, "has no field \"" + std::string(name) + "\"");
    }
    *to = it->get<std::string>();
  }
  if (auto uses = json.find("uses"); uses != json.end()) {
    if (!uses->is_number_unsigned()) return broken(path, "field \"uses\" is not a number");
    file.uses = uses->get<uint32_t>();
  }
  if (auto plane = json.find("controlPlane"); plane != json.end()) {
    if (!plane->is_boolean()) return broken(path, "field \"controlPlane\" is neither true nor false");
    file.control_plane = plane->get<bool>();
  }
  if (auto others = json.find("alsoAt"); others != json.end()) {
    if (!others->is_array()) return broken(path, "field \"alsoAt\" is not a list");
    for (const auto& other : *others) {
      JoinFile::Door& door = file.others.emplace_back();
      for (auto [name, to] :
           {Text{"address", &door.endpoint}, Text{"host", &door.host}, Text{"serverKey", &door.key}}) {
        if (!other.is_object() || !other.contains(name) || !other[name].is_string()) {
          return broken(path, "field \"alsoAt\" has an entry without \"" + std::string(name) + "\"");
        }
        *to = other[name].get<std::string>();
      }
      if (!is_curve_key(door.key)) return broken(path, "field \"alsoAt\" has a \"serverKey\" that is not a key");
    }
  }
  if (!is_curve_key(file.server_key)) return broken(path, "field \"serverKey\" is not a key");
  auto keys = curve_keys_of(secret);
  if (!keys) return broken(path, "field \"secret\" is not a key");
  file.secret = *keys;
  return file;
}

Result<JoinFile> read_join_file(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed("read join file", path);
  std::string text;
  char buffer[4096];
  ssize_t count = 0;
  while (text.size() <= kMaxBytes && (count = ::read(fd, buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<size_t>(count));
  }
  ::close(fd);
  if (count < 0) return failed("read join file", path);
  return parse_join_file(text, path);
}

Result<> write_join_file(const std::string& path, const JoinFile& file) {
  auto text = encode_join_file(file);
  auto part = path + ".part";
  ::unlink(part.c_str());
  int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return failed("write join file", part);
  bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(part.c_str(), path.c_str()) != 0) {
    auto error = failed("write join file", path);
    ::unlink(part.c_str());
    return error;
  }
  return {};
}

}  // namespace kabuki::runtime
