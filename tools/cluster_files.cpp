#include "tools/cluster_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "messages/status.hpp"

namespace kabuki::tools {
namespace {

namespace fs = std::filesystem;

/// Of everything below a host's directory. Grows when an older Kabuki could not read it any more.
constexpr const char* kDataFormat = "kabuki data 1";

std::string states_dir() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state) return std::string(state) + "/kabuki";
  const char* home = std::getenv("HOME");
  return std::string(home && *home ? home : "/root") + "/.local/state/kabuki";
}

/// A lock of the open file, shared with forked processes.
struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

/// A rename is only durable with its directory.
bool sync_directory(const std::string& path) {
  std::string directory = fs::path(path).parent_path().string();
  int descriptor = ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  return synced;
}

std::string text_in(const nlohmann::json& json, const char* name) {
  auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

int number_in(const nlohmann::json& json, const char* name) {
  auto found = json.find(name);
  return found != json.end() && found->is_number_integer() ? found->get<int>() : 0;
}

Error io_error(const std::string& what, const std::string& path) {
  return internal_error("cannot " + what + " " + path + ": " + std::strerror(errno));
}

}  // namespace

std::string default_data_dir(const std::string& name) { return states_dir() + "/" + name; }

std::vector<std::string> host_dirs(const std::string& name) {
  std::vector<std::string> dirs;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(states_dir(), failure)) {
    std::string file = entry.path().filename().string();
    if (file == name || file.starts_with(name + "@")) dirs.push_back(entry.path().string());
  }
  std::sort(dirs.begin(), dirs.end());
  return dirs;
}

Result<std::string> read_text(const std::string& path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return io_error("read", path);
  std::string text;
  char buffer[8192];
  ssize_t size;
  while ((size = ::read(descriptor, buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<size_t>(size));
  bool failed = size < 0;
  ::close(descriptor);
  if (failed) return io_error("read", path);
  return text;
}

Result<> write_text(const std::string& path, const std::string& text, int mode) {
  std::error_code failure;
  fs::create_directories(fs::path(path).parent_path(), failure);
  std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode));
  if (descriptor < 0) return io_error("write", fresh);
  size_t written = 0;
  while (written < text.size()) {
    ssize_t size = ::write(descriptor, text.data() + written, text.size() - written);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) break;
    written += static_cast<size_t>(size);
  }
  bool sound = written == text.size() && ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!sound) return io_error("write", fresh);
  if (::rename(fresh.c_str(), path.c_str()) != 0 || !sync_directory(path)) return io_error("replace", path);
  return {};
}

std::string context_name(const HostState& state) {
  return state.host == "host-1" ? state.cluster : state.cluster + "-" + state.host;
}

Result<HostState> read_host_state(const std::string& path) {
  auto text = read_text(path);
  if (!text) return text.error();
  auto json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object()) return internal_error(path + " is not a JSON object; remove it and start the cluster again");
  HostState state;
  state.cluster = text_in(json, "cluster");
  state.host = text_in(json, "host");
  state.guardian_pid = number_in(json, "guardianPid");
  state.pid = number_in(json, "pid");
  state.endpoint = text_in(json, "endpoint");
  state.public_key = text_in(json, "publicKey");
  state.api_server = text_in(json, "apiServer");
  state.started_at = text_in(json, "startedAt");
  state.kubeconfig = text_in(json, "kubeconfig");
  state.mapping = text_in(json, "shards");
  return state;
}

Result<> write_host_state(const std::string& path, const HostState& state) {
  nlohmann::ordered_json json{{"cluster", state.cluster},          {"host", state.host},
                              {"guardianPid", state.guardian_pid}, {"pid", state.pid},
                              {"endpoint", state.endpoint},        {"publicKey", state.public_key},
                              {"apiServer", state.api_server},     {"startedAt", state.started_at},
                              {"kubeconfig", state.kubeconfig},    {"shards", state.mapping}};
  return write_text(path, json.dump(2) + "\n");
}

Result<> prepare_data_dir(const ClusterFiles& files) {
  std::error_code failure;
  fs::create_directories(files.root, failure);
  if (failure) return internal_error("cannot make directory " + files.root + ": " + failure.message());
  ::chmod(files.root.c_str(), 0700);
  if (!fs::exists(files.format())) {
    if (fs::exists(files.store())) {
      return bad_request(files.root + " holds data but no file `format`: it is not a data directory of Kabuki's; " +
                         "choose another with --data");
    }
    return write_text(files.format(), std::string(kDataFormat) + "\n");
  }
  auto format = read_text(files.format());
  if (!format) return format.error();
  while (!format->empty() && format->back() == '\n') format->pop_back();
  if (*format != kDataFormat) {
    return bad_request(files.root + " holds data of another version (\"" + *format + "\"; this program reads \"" +
                       kDataFormat + "\"): use the program that wrote it, or another directory with --data");
  }
  return {};
}

Result<DirectoryLock> DirectoryLock::take(const std::string& path) {
  int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return io_error("open", path);
  struct flock whole = whole_file(F_WRLCK);
  if (::fcntl(descriptor, F_OFD_SETLK, &whole) != 0) {
    char holder[32] = {};
    ssize_t size = ::read(descriptor, holder, sizeof holder - 1);
    ::close(descriptor);
    return Error{
        .code = 409,
        .reason = "AlreadyExists",
        .message = path + " is held by process " + std::string(holder, size > 0 ? static_cast<size_t>(size) : 0)};
  }
  std::string pid = std::to_string(::getpid());
  if (::ftruncate(descriptor, 0) != 0 || ::write(descriptor, pid.data(), pid.size()) < 0) {
    ::close(descriptor);
    return io_error("write", path);
  }
  return DirectoryLock(descriptor);
}

bool DirectoryLock::is_held(const std::string& path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  // Asks without taking, so that nobody who wants the lock meets the asker.
  struct flock whole = whole_file(F_WRLCK);
  bool held = ::fcntl(descriptor, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
  ::close(descriptor);
  return held;
}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace kabuki::tools
