#include "messages/status.hpp"
#include "runtime/actor_cell.hpp"
#include "runtime/caf_host.hpp"

namespace kabuki::runtime {
namespace {

constexpr io::Duration kChildrenStopLimit = std::chrono::seconds(5);

EnvelopePtr end_envelope(bool kill) {
  // A kill overtakes what is waiting; a stop comes after it.
  return kill ? std::make_unique<Envelope>(Envelope::Kind::kill, true)
              : std::make_unique<Envelope>(Envelope::Kind::stop);
}

/// Finds the child whose name is the longest prefix of `rest`, whole parts only. `left` is what remains of it.
template <class Children>
auto longest_prefix(Children& children, std::string_view rest, std::string_view* left) {
  std::string_view prefix = rest;
  for (;;) {
    if (auto found = children.find(prefix); found != children.end()) {
      *left = rest.size() > prefix.size() ? rest.substr(prefix.size() + 1) : std::string_view();
      return found;
    }
    const auto slash = prefix.rfind('/');
    if (slash == std::string_view::npos) return children.end();
    prefix = prefix.substr(0, slash);
  }
}

}  // namespace

Result<uint64_t> ActorCell::spawn(const std::string& child, std::unique_ptr<Actor> actor, bool supervised,
                                  uint32_t restarts) {
  if (state_ >= State::ending || (state_ == State::stopping && !supervised))
    return unavailable("actor " + name_ + " is ending");
  if (child.empty() || has_child(child)) return unavailable("actor " + name_ + "/" + child + " is there already");
  CellInit init;
  init.host = host_;
  init.actor = std::move(actor);
  init.name = name_ + "/" + child;
  init.parent = CellPtr(ctrl());
  init.instance = host_->next_instance();
  init.seed = io::Random(seed_).split(child + "#" + std::to_string(++children_made_)).next();
  init.restarts = restarts;
  init.registered = supervised;
  init.supervised = supervised;
  const uint64_t instance = init.instance;
  CellPtr cell = host_->spawn_cell(std::move(init));
  if (!children_) children_ = std::make_unique<Children>();
  const auto& full = static_cast<ActorCell*>(caf::actor_cast<caf::abstract_actor*>(cell))->name_;
  children_->emplace(child_name(full), std::move(cell));
  return instance;
}

void ActorCell::stop_child(std::string_view child, bool kill) {
  if (!children_) return;
  if (auto found = children_->find(child); found != children_->end()) post(found->second, end_envelope(kill));
}

bool ActorCell::has_child(std::string_view child) const { return children_ && children_->contains(child); }

std::vector<std::string> ActorCell::children() const {
  std::vector<std::string> names;
  if (children_)
    for (const auto& [name, cell] : *children_) names.emplace_back(name);
  return names;
}

void ActorCell::stop_all_children(bool kill) {
  if (!children_) return;
  for (auto& [name, cell] : *children_) post(cell, end_envelope(kill));
  if (!kill) after(kChildrenStopLimit, [this] { stop_all_children(true); });
}

bool ActorCell::hand_to_child(Envelope& e) {
  if (!children_) return false;
  std::string_view left;
  auto found = longest_prefix(*children_, e.in.rest, &left);
  if (found == children_->end()) return false;
  auto copy = std::make_unique<Envelope>(e.kind, e.is_high_priority());
  copy->id = e.id;
  copy->instance = e.instance;
  std::string rest(left);
  copy->in = std::move(e.in);
  copy->in.rest = std::move(rest);
  copy->watch = std::move(e.watch);
  post(found->second, std::move(copy));
  return true;
}

void ActorCell::handle_child_ended(Envelope& e) {
  const std::string child(child_name(e.in.rest));
  CellPtr ended;  // held until its name is no longer used as a key
  if (children_) {
    if (auto found = children_->find(child); found != children_->end()) {
      ended = std::move(found->second);
      children_->erase(found);
      if (children_->empty()) children_.reset();
    }
  }
  if (takes_messages()) {
    if (supervisor_) {
      guarded([&] { supervisor_->child_exited(e.instance, e.reason); });
    } else {
      guarded([&] { component_->child_ended(child, e.reason); });
    }
  }
  if (state_ >= State::stopping && !exit_) finish_if_alone();
  if (state_ == State::ending) finish_if_alone();
}

}  // namespace kabuki::runtime
