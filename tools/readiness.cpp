#include "tools/readiness.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "messages/api/core/v1/node.pb.h"
#include "messages/bus/control.pb.h"
#include "messages/bus/objects.pb.h"
#include "messages/kinds.hpp"
#include "messages/status.hpp"

namespace kabuki::tools {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr std::chrono::seconds kAskTimeout{2};
constexpr std::chrono::milliseconds kLookAgain{5};
constexpr size_t kNamespacesOfEveryCluster = 4;

bool is_ready(const Object& object) {
  core::Node node = object.as<core::Node>();
  for (const auto& condition : node.status().conditions()) {
    if (condition.type() == "Ready") return condition.status() == "True" && !node.spec().podcidr().empty();
  }
  return false;
}

runtime::MessagePtr list(KindId kind) {
  bus::ListObjects verb;
  verb.mutable_selection()->set_kind(kind);
  return runtime::make_message(std::move(verb));
}

/// One thing that must be so: whom to ask, and what is missing by the answer ("" when nothing is).
struct Condition {
  runtime::Address to;
  runtime::MessagePtr question;
  std::function<std::string(const runtime::Message&)> missing;
};

/// Asks until every condition has been met once, in order.
class Waiter : public std::enable_shared_from_this<Waiter> {
 public:
  Waiter(runtime::Host& host, std::vector<Condition> conditions) : host_(host), conditions_(std::move(conditions)) {}

  Result<> wait(io::Duration timeout) {
    look();
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, timeout, [this] { return done_; })) return {};
    done_ = true;
    return timed_out("the cluster is not ready: " + missing_);
  }

 private:
  void look() {
    // Held while asking: once wait() has returned, the host may go.
    std::lock_guard lock(mutex_);
    if (done_) return;
    const Condition& condition = conditions_[met_];
    host_.ask(condition.to, condition.question, kAskTimeout,
              [self = shared_from_this()](Result<runtime::MessagePtr> answer) { self->answered(answer); });
  }

  void answered(const Result<runtime::MessagePtr>& answer) {
    std::lock_guard lock(mutex_);
    if (done_) return;
    missing_ = answer ? conditions_[met_].missing(**answer) : answer.error().message;
    if (missing_.empty() && ++met_ == conditions_.size()) {
      done_ = true;
      changed_.notify_all();
      return;
    }
    host_.services().timers->after(missing_.empty() ? io::Duration(0) : io::Duration(kLookAgain),
                                   [self = shared_from_this()] { self->look(); });
  }

  runtime::Host& host_;
  const std::vector<Condition> conditions_;
  std::recursive_mutex mutex_;  // an ask may be answered at once
  std::condition_variable_any changed_;
  size_t met_ = 0;
  bool done_ = false;
  std::string missing_ = "no answer yet";
};

Condition at_least(KindId kind, size_t count, std::function<bool(const Object&)> good) {
  std::string what = kind_of(kind).plural;
  return {runtime::role(runtime::roles::kApiServer), list(kind), [=](const runtime::Message& answer) {
            size_t found = 0;
            for (const ObjectPtr& object : answer.objects) found += good(*object);
            if (found >= count) return std::string();
            return std::to_string(found) + " of " + std::to_string(count) + " " + what;
          }};
}

}  // namespace

Result<> wait_until_ready(runtime::Host& host, size_t nodes, io::Duration timeout) {
  auto any = [](const Object&) { return true; };
  std::vector<Condition> conditions;
  conditions.push_back(at_least(kinds::kNamespace, kNamespacesOfEveryCluster, any));
  conditions.push_back(at_least(kinds::kServiceAccount, kNamespacesOfEveryCluster, any));
  conditions.push_back({runtime::role(runtime::roles::kMembership), runtime::make_message(bus::GetMembers()),
                        [name = host.options().name](const runtime::Message& answer) -> std::string {
                          const auto* members = answer.as<bus::Members>();
                          for (int i = 0; members && i < members->hosts_size(); ++i) {
                            if (members->hosts(i).name() == name && members->hosts(i).up()) return "";
                          }
                          return name + " is not a member yet";
                        }});
  conditions.push_back(at_least(kinds::kNode, nodes, is_ready));
  return std::make_shared<Waiter>(host, std::move(conditions))->wait(timeout);
}

}  // namespace kabuki::tools
