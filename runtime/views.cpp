#include <map>
#include <utility>

#include "messages/bus_failure.hpp"
#include "messages/status.hpp"
#include "runtime/log.hpp"
#include "runtime/standing_children.hpp"
#include "runtime/view_actor.hpp"

namespace kabuki::runtime {
namespace {

constexpr io::Duration kRestartPause = std::chrono::milliseconds(100);

class Views final : public Actor, public StandingChildren {
 public:
  explicit Views(std::vector<ViewSpec> specs) : specs_(std::move(specs)) {}

  std::vector<StandingChildren::Child> standing_children() const override {
    std::vector<StandingChildren::Child> all;
    for (const auto& spec : specs_) all.push_back({spec.name, std::make_unique<ViewActor>(spec, Address{})});
    return all;
  }

 protected:
  void started() override {
    for (const auto& spec : specs_) {
      auto selection = Selection::parse(spec.selection);
      if (!selection) return fail("view " + spec.name + ": " + selection.error().message);
      selections_.push_back(std::move(*selection));
      start(spec);
    }
  }

  void received(Inbound& in) override {
    if (const auto* open = in.as<bus::OpenWatch>()) {
      open_watch(*open, in);
    } else if (const auto* credit = in.as<bus::WatchCredit>()) {
      auto it = routes_.find({credit->watcher(), credit->stream()});
      if (it == routes_.end()) return in.reply.fail(expired("there is no such stream; open it again"));
      forward(child(it->second), std::move(in));
    } else if (const auto* close = in.as<bus::CloseWatch>()) {
      close_watch(*close, in);
    } else if (const auto* list = in.as<bus::ListObjects>()) {
      auto selection = Selection::parse(list->selection());
      if (!selection) return in.reply.fail(selection.error());
      forward(holder(*selection), std::move(in));
    } else if (const auto* get = in.as<bus::GetObjects>()) {
      forward(get->keys().empty() ? role(roles::kApiServer) : holder_of(get->keys(0)), std::move(in));
    } else {
      in.reply.fail(bad_request("views do not understand " + in.message->body->GetTypeName()));
    }
  }

  void child_ended(const std::string& name, const ExitReason& reason) override {
    // Asked to, because this actor ends itself.
    if (reason.kind == ExitReason::Kind::shutdown) return;
    log(Level::warning, this->name(), "a view ended and is started again", {{"view", name}, {"why", reason.what}});
    for (auto it = routes_.begin(); it != routes_.end();) {
      if (it->second != name) {
        ++it;
        continue;
      }
      bus::WatchEnded ended;
      ended.set_stream(it->first.second);
      error_to_failure(unavailable("the view was restarted"), ended.mutable_failure());
      tell({it->first.first}, make_message(std::move(ended)));
      it = routes_.erase(it);
    }
    after(kRestartPause, [this, name] {
      for (const auto& spec : specs_) {
        if (spec.name == name) start(spec);
      }
    });
  }

  std::string health() const override { return std::to_string(routes_.size()) + " streams"; }

 private:
  Address child(const std::string& name) const { return {this->name() + "/" + name}; }

  void start(const ViewSpec& spec) {
    auto started = spawn(spec.name, std::make_unique<ViewActor>(spec, address()));
    if (!started) fail("cannot start view " + spec.name + ": " + started.error().message);
  }

  const ViewSpec* find(const Selection& selection) const {
    for (size_t i = 0; i < specs_.size(); ++i) {
      if (selections_[i].contains(selection)) return &specs_[i];
    }
    return nullptr;
  }

  Address holder(const Selection& selection) const {
    const auto* spec = find(selection);
    return spec ? child(spec->name) : role(roles::kApiServer);
  }

  Address holder_of(const bus::Key& key) const {
    for (size_t i = 0; i < specs_.size(); ++i) {
      if (selections_[i].kind() == key.kind()) return child(specs_[i].name);
    }
    return role(roles::kApiServer);
  }

  void open_watch(const bus::OpenWatch& request, Inbound& in) {
    auto selection = Selection::parse(request.selection());
    if (!selection) return in.reply.fail(selection.error());
    const auto* spec = find(*selection);
    if (!spec) {
      return in.reply.fail(bad_request("no view of this host holds all " + kind_of(selection->kind()).resource() +
                                       " that were asked for"));
    }
    routes_[{request.watcher(), request.stream()}] = spec->name;
    forward(child(spec->name), std::move(in));
  }

  void close_watch(const bus::CloseWatch& request, Inbound& in) {
    auto it = routes_.find({request.watcher(), request.stream()});
    if (it == routes_.end()) return in.reply.send(make_message(bus::Empty()));
    auto to = child(it->second);
    routes_.erase(it);
    // The view itself says so when it has dropped a stream.
    if (in.from != to) forward(to, std::move(in));
  }

  const std::vector<ViewSpec> specs_;
  std::vector<Selection> selections_;
  std::map<ViewStreams::Id, std::string> routes_;
};

}  // namespace

std::unique_ptr<Actor> make_views(std::vector<ViewSpec> views) { return std::make_unique<Views>(std::move(views)); }

}  // namespace kabuki::runtime
