#include "actors/kubelet/exec/exec_sessions.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "actors/kubelet/lifecycle/view.hpp"
#include "actors/kubelet/limits.hpp"
#include "actors/kubelet/log_page.hpp"
#include "messages/bus/objects.pb.h"
#include "messages/bus_failure.hpp"
#include "messages/status.hpp"

namespace kabuki::kubelet {
namespace {

constexpr int32_t kKilled = 137;

std::string pod_of(const bus::StartExec& request) { return request.namespace_() + "/" + request.pod(); }

/// The id under which the container runs now; "": it does not.
std::string running_id(const PodMessage& pod, const std::string& container) {
  for (const auto* list : {&pod.status().containerstatuses(), &pod.status().initcontainerstatuses(),
                           &pod.status().ephemeralcontainerstatuses()}) {
    for (const auto& status : *list) {
      if (status.name() == container && status.state().has_running()) return status.containerid();
    }
  }
  return {};
}

Error not_running(const bus::StartExec& request) {
  return internal_error("container not found (\"" + request.container() + "\")");
}

Error no_session() { return internal_error("the kubelet of the node has started anew, or nobody read for too long"); }

}  // namespace

ExecSessions::ExecSessions(runtime::Actor& owner, runtime::Address api,
                           std::function<ObjectPtr(const std::string& pod)> find)
    : actor_(owner), api_(std::move(api)), find_(std::move(find)) {}

bool ExecSessions::received(runtime::Inbound& in) {
  if (const auto* request = in.as<bus::StartExec>()) {
    start(*request, in);
  } else if (const auto* request = in.as<bus::ReadExec>()) {
    read(*request, in);
  } else if (const auto* request = in.as<bus::WriteExec>()) {
    write(*request, in);
  } else if (const auto* request = in.as<bus::EndExec>()) {
    if (const auto found = sessions_.find(request->session()); found != sessions_.end()) remove(found);
  } else {
    return false;
  }
  return true;
}

ObjectPtr ExecSessions::newest(const bus::StartExec& request, const ObjectPtr& shown) const {
  ObjectPtr pod = find_(pod_of(request));
  if (shown && (!pod || pod->revision() < shown->revision())) pod = shown;
  return pod && pod->uid() == request.uid() ? pod : nullptr;
}

void ExecSessions::start(const bus::StartExec& request, runtime::Inbound& in) {
  if (sessions_.size() + starting_ >= limits::kExecSessionsMax) {
    return in.reply.fail(too_many_requests("too many programs are run in containers of this node", 1));
  }
  if (!request.attach() && request.command().empty()) return in.reply.fail(bad_request("there is nothing to run"));
  ObjectPtr shown = in.message->objects.empty() ? nullptr : in.message->objects.front();
  const ObjectPtr pod = newest(request, shown);
  if (!pod) return in.reply.fail(not_found(kind_of(kinds::kPod), request.pod()));
  const auto message = pod->as<PodMessage>();
  if (running_id(message, request.container()).empty()) return in.reply.fail(not_running(request));
  const PodView view = view_of(message);
  const size_t container = view.find(request.container());
  if (container == view.containers.size()) return in.reply.fail(not_running(request));
  std::vector<Key> needs = request.attach() ? std::vector<Key>() : world_needs(view, container);
  bus::GetObjects wanted;
  for (const Key& need : needs) {
    auto* key = wanted.add_keys();
    key->set_kind(need.kind);
    key->set_namespace_(need.ns);
    key->set_name(need.name);
  }
  if (needs.empty()) return begin(request, shown, std::move(in.reply), needs, runtime::MessagePtr());
  ++starting_;
  auto asker = std::make_shared<runtime::Reply>(std::move(in.reply));
  actor_.ask(api_, runtime::make_message(std::move(wanted)), limits::kExecLookUp,
             [this, request, shown, asker, needs](const Result<runtime::MessagePtr>& found) {
               --starting_;
               if (!found) return asker->fail(found.error());
               begin(request, shown, std::move(*asker), needs, found);
             });
}

void ExecSessions::begin(bus::StartExec request, ObjectPtr shown, runtime::Reply asker, const std::vector<Key>& needs,
                         const Result<runtime::MessagePtr>& found) {
  const ObjectPtr pod = newest(request, shown);
  if (!pod) return asker.fail(not_found(kind_of(kinds::kPod), request.pod()));
  const auto message = pod->as<PodMessage>();
  Session session;
  session.run = running_id(message, request.container());
  if (session.run.empty()) return asker.fail(not_running(request));
  if (request.attach()) {
    session.log.set_namespace_(request.namespace_());
    session.log.set_pod(request.pod());
    session.log.set_uid(request.uid());
    session.log.set_container(request.container());
    session.log.set_follow(true);
    session.log.set_has_tail(true);
  } else {
    const auto* reply = found.ok() && *found ? (*found)->as<bus::GetObjectsReply>() : nullptr;
    const auto look_up = [&](const Key& key) -> ObjectPtr {
      const auto at = std::lower_bound(needs.begin(), needs.end(), key);
      const auto place = static_cast<int>(at - needs.begin());
      if (at == needs.end() || *at != key || !reply || place >= reply->items_size()) return nullptr;
      const auto& item = reply->items(place);
      return item.found() && item.object() < (*found)->objects.size() ? (*found)->objects[item.object()] : nullptr;
    };
    const PodView view = view_of(message);
    auto world = std::make_shared<const ProcessWorld>(world_of(view, view.find(request.container()), look_up));
    const std::vector<std::string> command(request.command().begin(), request.command().end());
    const std::string why = SimulatedProcess::why_not(*world, command);
    if (!why.empty()) {
      return asker.fail(internal_error("error executing command in container: failed to exec in container: " + why));
    }
    session.process = std::make_unique<SimulatedProcess>(std::move(world), command, request.tty());
    if (!request.stdin()) session.process->end_input();
  }
  char name[20];
  do {
    std::snprintf(name, sizeof name, "%016llx", static_cast<unsigned long long>(actor_.random().next()));
  } while (sessions_.contains(name));
  session.request = std::move(request);
  session.shown = std::move(shown);
  const auto at = sessions_.emplace(name, std::move(session)).first;
  used(at->first, at->second);
  bus::StartExecReply reply;
  reply.set_session(at->first);
  asker.send(runtime::make_message(std::move(reply)));
  go_on(at);
}

/// A reader that is never heard of again leaves nothing behind.
void ExecSessions::used(const std::string& name, Session& session) {
  if (session.idle) actor_.cancel(session.idle);
  session.idle = actor_.after(limits::kExecIdle, [this, name] {
    const auto at = sessions_.find(name);
    at->second.idle = 0;
    remove(at);
  });
}

void ExecSessions::remove(Sessions::iterator at) {
  for (const auto timer : {at->second.wake, at->second.patience, at->second.full, at->second.idle}) {
    if (timer) actor_.cancel(timer);
  }
  if (at->second.reader.wanted()) at->second.reader.fail(no_session());
  if (at->second.writer.wanted()) answer_writer(at->second, false);
  sessions_.erase(at);
}

void ExecSessions::read(const bus::ReadExec& request, runtime::Inbound& in) {
  const auto at = sessions_.find(request.session());
  if (at == sessions_.end()) return in.reply.fail(no_session());
  Session& session = at->second;
  used(at->first, session);
  if (request.keep()) return in.reply.send(runtime::make_message(bus::ReadExecReply()));
  if (session.reader.wanted()) session.reader.fail(bad_request("somebody else reads this session"));
  session.reader = std::move(in.reply);
  if (!session.patience) {
    session.patience = actor_.after(limits::kExecWait, [this, name = at->first] {
      const auto waiting = sessions_.find(name);
      waiting->second.patience = 0;
      if (waiting->second.reader.wanted()) answer(waiting);
    });
  }
  go_on(at);
}

void ExecSessions::write(const bus::WriteExec& request, runtime::Inbound& in) {
  const auto at = sessions_.find(request.session());
  if (at == sessions_.end()) return in.reply.fail(no_session());
  Session& session = at->second;
  if (session.writer.wanted()) return in.reply.fail(bad_request("the last input is still being taken"));
  if (session.process) {
    session.process->input(request.text());
    if (request.end()) session.process->end_input();
  }
  session.writer = std::move(in.reply);
  session.full = actor_.after(limits::kExecWait, [this, name = at->first] {
    Session& waiting = sessions_.at(name);
    waiting.full = 0;
    answer_writer(waiting, true);
  });
  go_on(at);
}

void ExecSessions::pod_changed(const std::string& pod) {
  std::vector<std::string> concerned;
  const bool gone = !find_(pod);
  for (auto& [name, session] : sessions_) {
    if (pod_of(session.request) != pod) continue;
    // What the API server had seen before was of a pod that has been since.
    if (gone) session.shown = nullptr;
    concerned.push_back(name);
  }
  for (const std::string& name : concerned) go_on(sessions_.find(name));
}

void ExecSessions::go_on(Sessions::iterator at) {
  const std::string& name = at->first;
  Session& session = at->second;
  if (!session.output.ended()) session.process ? run_process(name, session) : listen(name, session);
  const bool room = !session.process || session.process->unread() <= limits::kExecInput;
  if (session.writer.wanted() && (room || session.output.ended())) answer_writer(session, false);
  if (session.reader.wanted() && (session.output.ended() || session.output_bytes > 0)) answer(at);
}

void ExecSessions::run_process(const std::string& name, Session& session) {
  const ObjectPtr pod = newest(session.request, session.shown);
  if (!pod || running_id(pod->as<PodMessage>(), session.request.container()) != session.run) {
    session.output.set_ended(true);
    session.output.set_exit_code(kKilled);
    return;
  }
  const size_t taken = std::min(session.output_bytes, limits::kExecOutput);
  auto turn = session.process->run(actor_.now(), limits::kExecOutput - taken);
  for (auto& piece : turn.pieces) add(session, piece.err, std::move(piece.text));
  if (turn.exit_code) {
    session.output.set_ended(true);
    session.output.set_exit_code(*turn.exit_code);
  }
  wake_at(name, session, turn.wake_ns);
}

void ExecSessions::listen(const std::string& name, Session& session) {
  if (session.output_bytes > 0) return;
  const ObjectPtr pod = newest(session.request, session.shown);
  if (!pod) return session.output.set_ended(true);
  auto page = log_page(pod->as<PodMessage>(), session.log, actor_.now());
  if (!page) {
    session.output.set_ended(true);
    return error_to_failure(page.error(), session.output.mutable_failure());
  }
  session.log.set_run(page->reply.run().empty() ? session.run : page->reply.run());
  session.log.set_next(page->reply.next());
  add(session, false, std::move(*page->reply.mutable_text()));
  session.output.set_ended(page->reply.ended());
  wake_at(name, session, page->next_ns);
}

void ExecSessions::add(Session& session, bool err, std::string text) {
  const bool wanted = err ? session.request.stderr() : session.request.stdout();
  if (!wanted || text.empty()) return;
  session.output_bytes += text.size();
  auto* piece = session.output.add_pieces();
  piece->set_err(err);
  piece->set_text(std::move(text));
}

void ExecSessions::wake_at(const std::string& name, Session& session, int64_t at_ns) {
  if (session.wake) actor_.cancel(std::exchange(session.wake, 0));
  if (at_ns == 0 || session.output.ended()) return;
  session.wake = actor_.after(io::Duration(std::max<int64_t>(at_ns - actor_.now().ns, 0)), [this, name] {
    const auto at = sessions_.find(name);
    at->second.wake = 0;
    go_on(at);
  });
}

void ExecSessions::answer_writer(Session& session, bool full) {
  if (session.full) actor_.cancel(std::exchange(session.full, 0));
  bus::WriteExecReply reply;
  reply.set_full(full);
  session.writer.send(runtime::make_message(std::move(reply)));
}

void ExecSessions::answer(Sessions::iterator at) {
  Session& session = at->second;
  if (session.patience) actor_.cancel(std::exchange(session.patience, 0));
  const bool ended = session.output.ended();
  runtime::Reply reader = std::move(session.reader);
  session.output_bytes = 0;
  reader.send(runtime::make_message(std::exchange(session.output, {})));
  if (ended) remove(at);
}

}  // namespace kabuki::kubelet
