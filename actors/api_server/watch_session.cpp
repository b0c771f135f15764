#include "actors/api_server/watch_session.hpp"

#include <utility>

#include "actors/api_server/deprecation.hpp"
#include "actors/api_server/render.hpp"

namespace kabuki::api_server {
namespace {

std::string_view type_text(bus::WatchEvents::Type type) {
  switch (type) {
    case bus::WatchEvents::ADDED:
      return "ADDED";
    case bus::WatchEvents::MODIFIED:
      return "MODIFIED";
    case bus::WatchEvents::DELETED:
      return "DELETED";
    default:
      return "BOOKMARK";
  }
}

constexpr size_t kLengthBytes = 4;  // before each event of a Protobuf stream
constexpr std::string_view kTokenProtocol = "base64url.bearer.authorization.k8s.io.";

http::Chunk shared(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

}  // namespace

// A watch speaks no subprotocol, but a client that offers some takes only an answer with one of them.
Result<std::optional<std::string>> watch_web_socket(const http::Request& request) {
  if (!http::asks_for_web_socket(request)) return std::optional<std::string>();
  if (auto fit = http::check_web_socket(request); !fit) return fit.error();
  for (std::string& protocol : http::offered_protocols(request)) {
    if (!protocol.starts_with(kTokenProtocol)) return std::optional(std::move(protocol));
  }
  return std::optional<std::string>("");
}

WatchSession::WatchSession(Options options, std::shared_ptr<http::ResponseSink> sink, EncodedCache* cache)
    : options_(std::move(options)), sink_(std::move(sink)), cache_(cache) {
  if (options_.web_socket) {
    sink_->start_web_socket(*options_.web_socket, options_.format.encoding == Encoding::protobuf, nullptr);
  } else {
    Response start{.headers = {{"content-type", content_type(options_.format, true)}}};
    if (const char* why = deprecation_of(options_.kind->id)) add_warnings({why}, &start);
    sink_->start_stream(200, std::move(start.headers));
  }
}

bool WatchSession::unframed() const { return options_.web_socket && options_.format.encoding == Encoding::protobuf; }

// A message needs no length before it. A line feed at its end harms nobody: streams and messages share their JSON.
std::string WatchSession::in_frame(std::string event) const {
  if (unframed()) event.erase(0, kLengthBytes);
  return event;
}

http::Chunk WatchSession::chunk_for(const bus::WatchEvents::Event& event, const ObjectPtr& object, io::WallTime now) {
  std::string_view type = type_text(event.type());
  // A Table's cells tell ages, so its events cannot be shared over time.
  if (options_.format.as == Format::As::table) {
    bool first = !std::exchange(columns_sent_, true);
    return shared(render_event(*options_.kind, type, object, options_.format, options_.include_object, first, now));
  }
  const std::string identity =
      std::string(object->uid()) + "/" + std::string(object->ns()) + "/" + std::string(object->name());
  return cache_->get(
      {options_.kind->id, object->revision(), static_cast<int>(event.type()), options_.format, unframed()}, identity,
      [&] {
        return in_frame(
            render_event(*options_.kind, type, object, options_.format, options_.include_object, false, now));
      });
}

uint64_t WatchSession::take(const runtime::Message& message, const bus::WatchEvents& events, io::WallTime now) {
  last_sequence_ = events.sequence();
  std::vector<http::Chunk> chunks;
  chunks.reserve(static_cast<size_t>(events.events_size()));
  size_t object = 0;
  for (const auto& event : events.events()) {
    if (event.type() == bus::WatchEvents::BOOKMARK) {
      if (options_.bookmarks) {
        chunks.push_back(shared(
            in_frame(render_bookmark(*options_.kind, event.revision(), event.initial_end(), options_.format))));
      }
      continue;
    }
    if (object >= message.objects.size()) break;
    chunks.push_back(chunk_for(event, message.objects[object++], now));
  }
  if (!parked_.empty()) {
    parked_.insert(parked_.end(), chunks.begin(), chunks.end());
    ++parked_batches_;
    return 0;
  }
  if (chunks.empty() || sink_->send(chunks)) return 1;
  parked_ = std::move(chunks);
  parked_batches_ = 1;
  return 0;
}

uint64_t WatchSession::resume() {
  if (parked_.empty() || !sink_->send(parked_)) return 0;
  parked_.clear();
  return std::exchange(parked_batches_, 0);
}

void WatchSession::end(const Error* error) {
  if (error) sink_->send({shared(in_frame(render_error_event(*error, options_.format)))});
  sink_->end_stream();
}

}  // namespace kabuki::api_server
