#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "actors/controllers/endpoint_slice.hpp"
#include "actors/controllers/endpoints.hpp"
#include "messages/api/core/v1/endpoints.pb.h"
#include "messages/int_or_string.hpp"
#include "tests/actors/controllers/workload_sim.hpp"

namespace kabuki::controllers::testing {

namespace discovery = ::k8s::io::api::discovery::v1;
using actors::Write;

inline const Key key{kinds::kService, "default", "web"};

template <class T>
T read(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

inline core::Service service(const std::string& spec = "") {
  auto service = read<core::Service>(
      R"(metadata { name: "web" namespace: "default" uid: "service-uid" labels { key: "team" value: "a" } }
         spec { selector { key: "app" value: "web" } clusterIP: "10.96.0.7" ipFamilies: "IPv4" })");
  service.MergeFrom(read<core::Service>("spec { " + spec + " }"));
  return service;
}

inline const std::string kPort = R"(ports { name: "http" protocol: "TCP" port: 80 targetPort { intVal: 8080 } } )";

/// "web-3": ready and on node n1, at 10.0.0.3; `more` adds.
inline core::Pod pod(int number, const std::string& more = "", bool ready = true) {
  const std::string name = "web-" + std::to_string(number);
  auto pod = read<core::Pod>("metadata { name: '" + name + "' namespace: 'default' uid: 'uid-" + name +
                             "' labels { key: 'app' value: 'web' } labels { key: 'x' value: 'y' } } " +
                             "spec { nodeName: 'n1' } status { phase: 'Running' podIP: '10.0.0." +
                             std::to_string(number) + "' podIPs { ip: '10.0.0." + std::to_string(number) + "' } }");
  auto* condition = pod.mutable_status()->add_conditions();
  condition->set_type("Ready");
  condition->set_status(ready ? "True" : "False");
  pod.MergeFrom(read<core::Pod>(more));
  return pod;
}

/// A service `web`, its nodes and pods, and what controllers make of them.
struct ServiceWorld {
  View view{View::kControllers | View::kNodes};

  ServiceWorld() {
    put(kinds::kNode,
        read<core::Node>(R"(metadata { name: "n1" labels { key: "topology.kubernetes.io/zone" value: "z1" } })"));
  }
  void put(KindId kind, const google::protobuf::Message& message) { view.put(Object::encode(kind, message, 4)); }

  /// "ips|not ready ips|name:port,..." per subset.
  std::string subsets() {
    const Plan plan = reconcile_endpoints(view, key);
    if (plan.empty()) return "rests";
    return text(plan.steps[0].write.object->as<core::Endpoints>());
  }
  static std::string text(const core::Endpoints& endpoints) {
    std::string out;
    for (const auto& subset : endpoints.subsets()) {
      auto list = [](const auto& items, auto show) {
        std::string text;
        for (const auto& item : items) text += (text.empty() ? "" : ",") + show(item);
        return text;
      };
      auto ip = [](const auto& address) { return address.ip(); };
      out += (out.empty() ? "" : " ") + list(subset.addresses(), ip) + "|" + list(subset.notreadyaddresses(), ip) +
             "|" +
             list(subset.ports(), [](const auto& port) { return port.name() + ":" + std::to_string(port.port()); });
    }
    return out;
  }
  /// Carries a plan out.
  void apply(const Plan& plan) {
    for (const Step& step : plan.steps) {
      if (step.write.verb == bus::WriteObjects::DELETE) {
        view.remove(step.write.key);
        continue;
      }
      auto message = FakeApi::parse(*step.write.object);
      ObjectMeta* meta = mutable_meta(message.get());
      if (meta->name().empty()) meta->set_name(meta->generatename() + std::to_string(++named));
      view.put(Object::encode(step.write.key.kind, *message, 8));
    }
  }
  /// Sizes of the slices by name.
  std::string slices() {
    std::string out;
    for (const ObjectPtr& object : view.all(kinds::kEndpointSlice)) {
      const auto slice = object->as<EndpointSlice>();
      out += (out.empty() ? "" : " ") + slice.metadata().name() + "=" + std::to_string(slice.endpoints_size());
    }
    return out;
  }
  /// What a reconcile of slices wrote: "+" created, "~" updated, "-" deleted.
  std::string reconcile_slices() {
    const Plan plan = reconcile_endpoint_slices(view, key);
    std::string out;
    for (const Step& step : plan.steps) {
      const auto verb = step.write.verb;
      out += verb == bus::WriteObjects::CREATE ? '+' : verb == bus::WriteObjects::DELETE ? '-' : '~';
    }
    apply(plan);
    return out;
  }
  int named = 0;
};

}  // namespace kabuki::controllers::testing
