#include "store/engines/etcd.hpp"

#include <cassert>
#include <mutex>
#include <optional>

#include "messages/status.hpp"
#include "store/engines/etcd_core.hpp"
#include "store/engines/etcd_load.hpp"
#include "store/engines/etcd_loop.hpp"

namespace kabuki::store {

namespace {

class EtcdEngine : public Engine {
 public:
  explicit EtcdEngine(EtcdOptions options) : options_(std::move(options)) {
    assert(options_.clock && options_.timers);
  }
  ~EtcdEngine() override { stop(); }

  Result<uint64_t> load(const std::function<void(ObjectPtr)>& sink) override {
    auto loaded = etcd::load(options_, sink);
    if (!loaded) return loaded.error();
    const uint64_t revision = loaded->revision;
    loaded_.emplace(std::move(*loaded));
    return revision;
  }

  void start(Feed feed, Failed failed) override {
    assert(loaded_ && "start follows a load that succeeded");
    core_ =
        std::make_unique<etcd::EtcdCore>(options_, loop_, std::move(*loaded_), std::move(feed), std::move(failed));
    loaded_.reset();
    loop_->post([this] { core_->start(); });
    loop_->start();
    const std::lock_guard lock(mutex_);
    running_ = true;
  }

  void submit(std::vector<Mutation> batch, Done done) override {
    {
      const std::lock_guard lock(mutex_);
      if (running_) {
        // A function is copied; a batch is not to be.
        auto shared = std::make_shared<std::vector<Mutation>>(std::move(batch));
        return loop_->post([this, shared, done = std::move(done)] { core_->submit(std::move(*shared), done); });
      }
    }
    done(std::vector<MutationResult>(batch.size()));
  }

  void barrier(std::function<void(Result<uint64_t>)> done) override {
    {
      const std::lock_guard lock(mutex_);
      if (running_) return loop_->post([this, done = std::move(done)] { core_->barrier(done); });
    }
    done(unavailable("the store is stopped"));
  }

  std::string how_to_make_room() const override {
    return "etcd is over its quota (--quota-backend-bytes of its members); run `kabuki store make-room --etcd "
           "URL,...`, "
           "which forgets old versions and clears the alarm, and raise the quota if that is not enough";
  }

  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      if (!std::exchange(running_, false)) return;
      loop_->post([this] { core_->stop(); });
    }
    loop_->join();
    core_.reset();
  }

 private:
  const EtcdOptions options_;
  std::optional<etcd::Loaded> loaded_;
  const std::shared_ptr<etcd::Loop> loop_ = std::make_shared<etcd::Loop>();
  std::unique_ptr<etcd::EtcdCore> core_;
  std::mutex mutex_;
  bool running_ = false;
};

}  // namespace

std::unique_ptr<Engine> make_etcd_engine(EtcdOptions options) {
  return std::make_unique<EtcdEngine>(std::move(options));
}

}  // namespace kabuki::store
