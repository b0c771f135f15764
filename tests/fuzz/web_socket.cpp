// A byte that says how the rest is cut, then what a client sends over its WebSocket.
#include "actors/api_server/http/web_socket.hpp"

#include <algorithm>
#include <vector>

#include "tests/fuzz/fuzz_target.hpp"

namespace kabuki::fuzz {
namespace {

using api_server::http::WebSocket;

constexpr size_t kMost = 300;

/// Ends the process unless `frames` is whole frames as a server may send them, a Close the last at most.
void require_frames(std::string_view frames) {
  while (!frames.empty()) {
    const int opcode = static_cast<uint8_t>(frames[0]) & 0xf;
    require((static_cast<uint8_t>(frames[0]) & 0xf0) == 0x80, "a frame is whole and has no reserved bit");
    require(frames.size() >= 2 && static_cast<uint8_t>(frames[1]) < 126, "what answers is short and unmasked");
    const size_t size = 2 + static_cast<size_t>(frames[1]);
    require(frames.size() >= size, "no frame is cut");
    require(opcode == 0x8 || opcode == 0xa, "pongs and a Close are what answers");
    require(opcode != 0x8 || frames.size() == size, "nothing follows a Close");
    frames.remove_prefix(size);
  }
}

std::vector<std::string> hear(std::string_view input, size_t step) {
  std::vector<std::string> messages;
  std::string answer;
  WebSocket socket({.message_bytes_max = kMost, .on_message = [&](std::string message) {
                      require(message.size() <= kMost, "no message is larger than it may be");
                      messages.push_back(std::move(message));
                    }});
  for (; !input.empty(); input.remove_prefix(std::min(step, input.size()))) {
    socket.take(input.substr(0, step));
    socket.append_control(&answer);
  }
  require_frames(answer);
  require(socket.closed() == socket.deaf(), "who is not heard any more has been told");
  return messages;
}

}  // namespace

KABUKI_FUZZ_TARGET(web_socket) {
  if (input.empty()) return;
  const size_t step = 1 + static_cast<uint8_t>(input[0]) % 32;
  input.remove_prefix(1);
  require(hear(input, step) == hear(input, input.size()), "messages are the same however they arrive");
}

}  // namespace kabuki::fuzz
