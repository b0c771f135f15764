#include "actors/api_server/http/gzip.hpp"

#include <cassert>
#include <zlib.h>

namespace kabuki::api_server::http {
namespace {

constexpr int kLevel = 1;
constexpr int kGzipFormat = 15 + 16;  // zlib: the largest window, and gzip's header instead of its own
constexpr int kMemory = 8;            // zlib's default
constexpr size_t kRoom = 16 * 1024;   // of one step's output

std::string_view take_until(std::string_view* text, char separator) {
  const size_t end = text->find(separator);
  std::string_view item = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
  while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
  return item;
}

bool is_zero_quality(std::string_view parameter) {
  if (!parameter.starts_with("q=")) return false;
  parameter.remove_prefix(2);
  return !parameter.empty() && parameter.find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    std::string_view item = take_until(&accept_encoding, ',');
    if (take_until(&item, ';') != "gzip") continue;
    bool wanted = true;
    while (!item.empty()) wanted &= !is_zero_quality(take_until(&item, ';'));
    return wanted;
  }
  return false;
}

struct GzipStream::State {
  z_stream stream{};
};

GzipStream::GzipStream() : state_(std::make_unique<State>()) {
  [[maybe_unused]] const int made =
      deflateInit2(&state_->stream, kLevel, Z_DEFLATED, kGzipFormat, kMemory, Z_DEFAULT_STRATEGY);
  assert(made == Z_OK);
}

GzipStream::~GzipStream() { deflateEnd(&state_->stream); }

void GzipStream::add(std::string_view piece, bool last, std::string* out) {
  z_stream& stream = state_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));  // zlib only reads it
  stream.avail_in = static_cast<uInt>(piece.size());
  do {
    const size_t had = out->size();
    out->resize(had + kRoom);
    stream.next_out = reinterpret_cast<Bytef*>(out->data() + had);
    stream.avail_out = kRoom;
    [[maybe_unused]] const int done = deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
    assert(done != Z_STREAM_ERROR);
    out->resize(out->size() - stream.avail_out);
  } while (stream.avail_out == 0);
}

}  // namespace kabuki::api_server::http
