#include "tools/kubeconfig.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include "messages/status.hpp"

namespace kabuki::tools {
namespace {

namespace fs = std::filesystem;

std::string base64(const std::string& bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0);
    }
    for (size_t k = 0; k < 4; ++k) {
      out += i + k > bytes.size() ? '=' : kDigits[group >> (18 - 6 * k) & 63];
    }
  }
  return out;
}

// yaml-cpp throws on text that is no YAML; this is the one place where its exceptions end.
Result<YAML::Node> parse(const std::string& text) {
  YAML::Node root;
  try {
    root = YAML::Load(text);
  } catch (const YAML::Exception& problem) {
    return bad_request(std::string("the kubeconfig is not YAML: ") + problem.what());
  }
  if (!root || root.IsNull()) root = YAML::Node(YAML::NodeType::Map);
  if (!root.IsMap()) return bad_request("the kubeconfig is not a mapping");
  const YAML::Node& reading = root;  // a lookup through a mutable node would add the key
  for (const char* list : {"clusters", "contexts", "users"}) {
    if (reading[list] && !reading[list].IsNull() && !reading[list].IsSequence()) {
      return bad_request(std::string("the kubeconfig's \"") + list + "\" is not a list");
    }
  }
  return root;
}

YAML::Node without(const YAML::Node& list, const std::string& name) {
  YAML::Node out(YAML::NodeType::Sequence);
  for (const YAML::Node& entry : list) {
    bool ours = entry.IsMap() && entry["name"] && entry["name"].IsScalar() && entry["name"].Scalar() == name;
    if (!ours) out.push_back(entry);
  }
  return out;
}

void set_entry(YAML::Node root, const char* list, const char* what, const std::string& name,
               const YAML::Node& value) {
  YAML::Node entries = without(root[list], name);
  YAML::Node entry(YAML::NodeType::Map);
  entry["name"] = name;
  entry[what] = value;
  entries.push_back(entry);
  root[list] = entries;
}

/// Whether a reader of YAML 1.1, as kubectl is, might take text of ours for something else: a cluster may be called
/// n.
bool reads_as_another_type(const std::string& text) {
  static constexpr std::array kWords{"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return !std::isalpha(static_cast<unsigned char>(text.front())) || std::ranges::find(kWords, lower) != kWords.end();
}

// yaml-cpp alone would write a quoted "123" back as a number, and kubectl then refuse somebody else's password.
void emit(const YAML::Node& node, YAML::Emitter* out) {
  switch (node.Type()) {
    case YAML::NodeType::Map:
      *out << YAML::BeginMap;
      for (const auto& pair : node) {
        *out << YAML::Key;
        emit(pair.first, out);
        *out << YAML::Value;
        emit(pair.second, out);
      }
      *out << YAML::EndMap;
      break;
    case YAML::NodeType::Sequence:
      *out << YAML::BeginSeq;
      for (const YAML::Node& item : node) emit(item, out);
      *out << YAML::EndSeq;
      break;
    case YAML::NodeType::Scalar:
      // "!" was quoted where it was read; "" is ours.
      if (node.Tag() == "!" || node.Scalar().empty() ||
          (node.Tag().empty() && reads_as_another_type(node.Scalar()))) {
        *out << YAML::DoubleQuoted;
      }
      *out << node.Scalar();
      break;
    default:
      *out << YAML::Null;
  }
}

std::string to_text(const YAML::Node& root) {
  YAML::Emitter emitter;
  emit(root, &emitter);
  return std::string(emitter.c_str()) + "\n";
}

Error cannot(const std::string& what, const std::string& path, int error) {
  return internal_error("cannot " + what + " " + path + ": " + std::strerror(error));
}

Result<std::string> read_file(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT) return std::string();
    return cannot("read", path, errno);
  }
  std::string out;
  char buffer[16 * 1024];
  ssize_t got = 0;
  while ((got = ::read(fd, buffer, sizeof buffer)) > 0) out.append(buffer, static_cast<size_t>(got));
  int error = errno;
  ::close(fd);
  if (got < 0) return cannot("read", path, error);
  return out;
}

bool write_all(int fd, const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) done += static_cast<size_t>(n);
  }
  return true;
}

Result<> replace_file(const std::string& path, const std::string& text) {
  std::string fresh = path + ".kabuki-" + std::to_string(::getpid());
  ::unlink(fresh.c_str());
  int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return cannot("write", fresh, errno);
  bool written = write_all(fd, text) && ::fsync(fd) == 0;
  int error = errno;
  ::close(fd);
  if (written && ::rename(fresh.c_str(), path.c_str()) == 0) return Ok{};
  if (written) error = errno;
  ::unlink(fresh.c_str());
  return cannot("write", path, error);
}

/// kubectl's lock: FILE.lock, which exists while somebody changes FILE.
class LockFile {
 public:
  explicit LockFile(const std::string& path) : path_(path + ".lock") {
    int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    error_ = fd < 0 ? errno : 0;
    if (fd >= 0) ::close(fd);
  }
  ~LockFile() {
    if (error_ == 0) ::unlink(path_.c_str());
  }
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

  Result<> held() const {
    if (error_ == 0) return Ok{};
    if (error_ != EEXIST) return cannot("create", path_, error_);
    return internal_error("the kubeconfig is being changed by another program (" + path_ +
                          " exists). Try again; if no such program runs, delete that file.");
  }

 private:
  const std::string path_;
  int error_ = 0;
};

template <class Change>
Result<> change_file(const std::string& given, Change change) {
  std::error_code error;
  fs::path path = given;
  if (fs::is_symlink(fs::symlink_status(path, error))) {
    path = fs::canonical(path, error);
    if (error) return internal_error("cannot follow the link " + given + ": " + error.message());
  }
  error.clear();
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (error) return internal_error("cannot create " + path.parent_path().string() + ": " + error.message());
  LockFile lock(path.string());
  if (auto held = lock.held(); !held.ok()) return held.error();
  auto existing = read_file(path.string());
  if (!existing.ok()) return existing.error();
  Result<std::string> changed = change(*existing);
  if (!changed.ok()) {
    Error out = changed.error();
    out.message = path.string() + ": " + out.message + ". Repair or move the file, or choose another one.";
    return out;
  }
  if (*changed == *existing) return Ok{};
  return replace_file(path.string(), *changed);
}

}  // namespace

Result<std::string> merge_kubeconfig(const std::string& existing, const KubeconfigEntry& entry) {
  auto parsed = parse(existing);
  if (!parsed.ok()) return parsed.error();
  YAML::Node root = *parsed;
  root["apiVersion"] = "v1";
  root["kind"] = "Config";

  YAML::Node cluster(YAML::NodeType::Map);
  cluster["server"] = entry.server;
  if (!entry.authority_pem.empty()) cluster["certificate-authority-data"] = base64(entry.authority_pem);
  set_entry(root, "clusters", "cluster", entry.name, cluster);

  YAML::Node user(YAML::NodeType::Map);
  if (!entry.client_certificate_pem.empty()) {
    user["client-certificate-data"] = base64(entry.client_certificate_pem);
    user["client-key-data"] = base64(entry.client_key_pem);
  }
  set_entry(root, "users", "user", entry.name, user);

  YAML::Node context(YAML::NodeType::Map);
  context["cluster"] = entry.name;
  context["user"] = entry.name;
  set_entry(root, "contexts", "context", entry.name, context);
  if (entry.current) root["current-context"] = entry.name;
  return to_text(root);
}

Result<std::string> remove_from_kubeconfig(const std::string& existing, const std::string& name) {
  auto parsed = parse(existing);
  if (!parsed.ok()) return parsed.error();
  YAML::Node root = *parsed;
  bool changed = false;
  const YAML::Node& reading = root;
  for (const char* list : {"clusters", "contexts", "users"}) {
    if (!reading[list] || !reading[list].IsSequence()) continue;
    YAML::Node rest = without(root[list], name);
    changed = changed || rest.size() != root[list].size();
    root[list] = rest;
  }
  YAML::Node current = reading["current-context"];
  if (current && current.IsScalar() && current.Scalar() == name) {
    root["current-context"] = "";
    changed = true;
  }
  return changed ? to_text(root) : existing;
}

std::string default_kubeconfig_path(const std::string& kubeconfig, const std::string& home) {
  size_t from = kubeconfig.find_first_not_of(':');
  if (from != std::string::npos) return kubeconfig.substr(from, kubeconfig.find(':', from) - from);
  return (home.empty() ? "/root" : home) + "/.kube/config";
}

Result<> merge_kubeconfig_file(const std::string& path, const KubeconfigEntry& entry) {
  return change_file(path, [&](const std::string& existing) { return merge_kubeconfig(existing, entry); });
}

Result<> remove_from_kubeconfig_file(const std::string& path, const std::string& name) {
  return change_file(path, [&](const std::string& existing) { return remove_from_kubeconfig(existing, name); });
}

}  // namespace kabuki::tools
