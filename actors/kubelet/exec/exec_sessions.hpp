#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "actors/kubelet/exec/simulated_process.hpp"
#include "messages/bus/exec.pb.h"
#include "messages/bus/pods.pb.h"
#include "messages/object.hpp"
#include "runtime/actor_tools.hpp"

namespace kabuki::kubelet {

/// The programs that clients run in the containers of a node (bus.StartExec and what follows it), and who is attached
/// to one. Each writes only as much as its reader takes. A session ends with its program, its container (137), its
/// reader, or this kubelet: it is kept nowhere. A member of the node's actor.
class ExecSessions {
 public:
  /// `api` is asked for the ConfigMaps and Secrets that a container shows; `find` gives the newest version known of a
  /// pod of this node, by `namespace/name`; null: there is none.
  ExecSessions(runtime::Actor& owner, runtime::Address api, std::function<ObjectPtr(const std::string& pod)> find);

  /// Whether the message was one of a session's; then it is dealt with.
  bool received(runtime::Inbound& in);
  /// A pod has another version, or is gone.
  void pod_changed(const std::string& pod);
  size_t count() const { return sessions_.size(); }

 private:
  struct Session {
    bus::StartExec request;
    ObjectPtr shown;                            // the pod that came with the request
    std::string run;                            // the container's id
    std::unique_ptr<SimulatedProcess> process;  // null: attached
    bus::ReadLog log;                           // of what is attached
    bus::ReadExecReply output;                  // not read yet
    size_t output_bytes = 0;
    runtime::Reply reader, writer;
    runtime::ActorTools::TimerId wake = 0;      // something comes by itself
    runtime::ActorTools::TimerId patience = 0;  // the reader has waited long enough
    runtime::ActorTools::TimerId full = 0;      // the writer has
    runtime::ActorTools::TimerId idle = 0;      // nobody has read
  };
  using Sessions = std::map<std::string, Session>;

  void start(const bus::StartExec& request, runtime::Inbound& in);
  void begin(bus::StartExec request, ObjectPtr shown, runtime::Reply asker, const std::vector<Key>& needs,
             const Result<runtime::MessagePtr>& found);
  void read(const bus::ReadExec& request, runtime::Inbound& in);
  void write(const bus::WriteExec& request, runtime::Inbound& in);
  ObjectPtr newest(const bus::StartExec& request, const ObjectPtr& shown) const;
  /// Lets the session go on as far as it can, and tells who waits for it. It may be gone then.
  void go_on(Sessions::iterator at);
  void run_process(const std::string& name, Session& session);
  void listen(const std::string& name, Session& session);
  void add(Session& session, bool err, std::string text);
  void wake_at(const std::string& name, Session& session, int64_t at_ns);
  void answer(Sessions::iterator at);
  void answer_writer(Session& session, bool full);
  void used(const std::string& name, Session& session);
  void remove(Sessions::iterator at);

  runtime::ActorTools actor_;
  const runtime::Address api_;
  const std::function<ObjectPtr(const std::string&)> find_;
  Sessions sessions_;
  size_t starting_ = 0;
};

}  // namespace kabuki::kubelet
