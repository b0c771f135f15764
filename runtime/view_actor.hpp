#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "messages/bus/types.pb.h"
#include "runtime/actor.hpp"
#include "runtime/address.hpp"
#include "runtime/view_streams.hpp"
#include "runtime/watch_client.hpp"

namespace kabuki::runtime {

/// One view of a host: which objects it holds, and where they come from.
struct ViewSpec {
  std::string name;  // within the host's views: `pods`
  bus::Selection selection;
  std::string index_field;  // that many watchers select one value of: `spec.nodeName`; may be empty
  Address source = role(roles::kApiServer);
};

/// Name of the actor that make_views makes, within its host.
inline constexpr const char* kViewsName = "views";

/// The address of a host's views.
inline Address views_of(const std::string& host) { return {host + "/" + kViewsName}; }

/// Holds the objects of one selection, fed by one watch, and serves them to the actors of its host by the same
/// protocol (OpenWatch, WatchCredit, CloseWatch) and by ListObjects and GetObjects, which it hands on to its source
/// when the view cannot answer them. Until its first list is complete, OpenWatch waits.
class ViewActor final : public Actor {
 public:
  /// `parent` is told CloseWatch when a stream has ended by itself.
  ViewActor(ViewSpec spec, Address parent);

 protected:
  void started() override;
  void received(Inbound& in) override;
  std::string health() const override;

 private:
  void open_watch(const bus::OpenWatch& request, Inbound& in, bool last_try = false);
  void close_watch(const bus::CloseWatch& request);
  void list(const bus::ListObjects& request, Inbound& in);
  void get(const bus::GetObjects& request, Inbound& in);
  void begin_list();
  void list_ended();
  void watch_watcher(const std::string& watcher);
  void dropped(const ViewStreams::Id& id);

  const ViewSpec spec_;
  const Address parent_;
  Selection selection_;
  ViewState state_;
  ViewStreams streams_;
  WatchClient watch_;
  bool listing_ = false;
  std::vector<Inbound> waiting_;  // OpenWatch before the first list
  std::map<std::string, MonitorId> watchers_;
};

/// The actor `<host>/views`: starts the views and keeps them alive, and routes every request to the first view of its
/// kind whose selection contains what is asked for. OpenWatch is refused with BadRequest when there is none;
/// ListObjects and GetObjects then go to the API server.
std::unique_ptr<Actor> make_views(std::vector<ViewSpec> views);

}  // namespace kabuki::runtime
