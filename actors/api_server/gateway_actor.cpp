#include "actors/api_server/gateway_actor.hpp"

#include <stdexcept>

#include "actors/api_server/http/server.hpp"
#include "actors/api_server/presence/presence_actor.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

/// Before a presence that has ended begins anew.
constexpr io::Duration kPresencePause = std::chrono::seconds(1);

class Gateway : public runtime::Actor {
 public:
  explicit Gateway(std::shared_ptr<GatewayOptions> options) : options_(std::move(options)) {}

 protected:
  void started() override {
    auto tls = http::TlsContext::make(options_->certificate_pem, options_->key_pem, options_->client_authority_pem);
    if (!tls) return fail(tls.error().message);
    http::ServerOptions server{.address = options_->address, .port = options_->port, .tls = *tls};
    server_ = std::make_unique<http::Server>(server, [gate = options_->gate](http::Request request, auto sink) {
      gate->dispatch(std::move(request), std::move(sink));
    });
    auto listening = server_->start();
    if (!listening) return fail(listening.error().message);
    options_->port = server_->port();
    if (options_->listening) options_->listening(options_->port);
    if (!options_->advertised.empty()) keep_presence();
  }
  /// Whatever is wrong with it is no reason to break off every connection.
  void child_ended(const std::string&, const runtime::ExitReason& reason) override {
    if (!reason.abnormal()) return;
    trouble_ = reason.what;
    after(kPresencePause, [this] { keep_presence(); });
  }

  void received(runtime::Inbound& in) override { in.reply.fail(bad_request("a gateway takes no messages")); }

  void stopping() override {
    if (server_) server_->stop();
  }

  std::string health() const override {
    return "port " + std::to_string(options_->port) + ", " + std::to_string(server_ ? server_->connections() : 0) +
           " connections" + (trouble_.empty() ? "" : ", presence ended: " + trouble_);
  }

 private:
  void keep_presence() {
    auto spawned = spawn("presence", make_presence({.server = {options_->advertised, options_->port}}));
    if (spawned) return;
    trouble_ = spawned.error().message;
    after(kPresencePause, [this] { keep_presence(); });
  }

  std::shared_ptr<GatewayOptions> options_;
  std::unique_ptr<http::Server> server_;
  std::string trouble_;  // why the presence has ended last
};

}  // namespace

std::function<std::unique_ptr<runtime::Actor>()> gateway(GatewayOptions options) {
  auto shared = std::make_shared<GatewayOptions>(std::move(options));
  return [shared] { return std::make_unique<Gateway>(shared); };
}

}  // namespace kabuki::api_server
