#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/result.hpp"
#include "runtime/transport/curve_keys.hpp"

namespace kabuki::runtime {

/// What a host needs to come into a cluster for the first time: where to knock, by which key the cluster is known,
/// and a key pair that opens the door for one message, Join. Whoever has the file can join: it is written readable by
/// its owner alone.
struct JoinFile {
  std::string id;           // the offer's name: the door knows the client as `joining/<id>`
  std::string endpoint;     // tcp://10.0.0.5:7600
  std::string server_host;  // host-1
  std::string server_key;   // public half of that host's key
  CurveKeys secret;
  uint32_t uses = 0;           // how many hosts may join with it; 0: any number until it is revoked
  bool control_plane = false;  // who has it may become a control-plane host
  /// Other control-plane hosts, where one may knock as well.
  struct Door {
    std::string endpoint;
    std::string host;
    std::string key;
    bool operator==(const Door&) const = default;
  };
  std::vector<Door> others;
  bool operator==(const JoinFile&) const = default;
};

/// The file's text: JSON with a format version.
std::string encode_join_file(const JoinFile& file);
/// Error: BadRequest that names `path` and says what to do.
Result<JoinFile> parse_join_file(std::string_view text, const std::string& path);

/// Reads and writes the file itself; written with mode 0600 and put in place whole. Errors name the path.
Result<JoinFile> read_join_file(const std::string& path);
Result<> write_join_file(const std::string& path, const JoinFile& file);

}  // namespace kabuki::runtime
