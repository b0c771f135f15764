#include "tools/host_run.hpp"

#include <charconv>
#include <filesystem>
#include <signal.h>
#include <string_view>
#include <unistd.h>

#include "messages/status.hpp"
#include "runtime/log.hpp"
#include "tools/cluster_files.hpp"
#include "tools/seed.hpp"

namespace kabuki::tools {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

void HostRun::block_signals() {
  sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

HostRun::HostRun(std::unique_ptr<LiveServices> live, const std::string& name, uint64_t incarnation)
    : live_(std::move(live)),
      host_(runtime::make_live_host({.name = name, .incarnation = incarnation, .seed = random_seed()},
                                    live_->services())) {}

HostRun::~HostRun() {
  door_.reset();
  live_->network().stop();
  host_.reset();
}

membership::Door& HostRun::open_door(const std::string& control_public_key) {
  door_ = std::make_unique<membership::Door>(network(), *host_, serve_control(network(), *host_, control_public_key));
  return *door_;
}

Result<> HostRun::start(actors::TreeParts parts) {
  // A root that gave up ends the process, so that the guardian starts it anew.
  host_->on_root_ended([this](const runtime::ExitReason& reason) {
    runtime::log(runtime::Level::error, host_->options().name, "the root supervisor gave up", {{"why", reason.what}});
    root_ended_ = true;
    ::kill(::getpid(), SIGTERM);
  });
  network().start();
  return host_->start(actors::supervision_tree(std::move(parts)));
}

int HostRun::run() {
  sigset_t set = stop_signals();
  int signal = 0;
  ::sigwait(&set, &signal);
  runtime::log(runtime::Level::info, host_->options().name, "stopping");
  host_->stop();
  return root_ended_ ? 1 : 0;
}

Result<uint64_t> next_incarnation(const std::string& path) {
  uint64_t last = 0;
  if (std::filesystem::exists(path)) {
    auto text = read_text(path);
    if (!text) return text.error();
    std::string_view digits = *text;
    while (!digits.empty() && digits.back() == '\n') digits.remove_suffix(1);
    auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), last);
    // Starting again from 1 would make this host a past life of itself.
    if (failure != std::errc() || end != digits.data() + digits.size()) {
      return internal_error(path + " does not hold a number; write into it one above every incarnation there was");
    }
  }
  if (auto written = write_text(path, std::to_string(last + 1) + "\n"); !written) return written.error();
  return last + 1;
}

}  // namespace kabuki::tools
