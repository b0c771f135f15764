#include "runtime/log.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace kabuki::runtime {
namespace {

constexpr size_t kQueuedLines = 8192;
constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%eZ %^%L%$ %v";

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

/// Passes lines on and counts them, for flush_logs.
class CountingSink final : public spdlog::sinks::sink {
 public:
  explicit CountingSink(std::shared_ptr<spdlog::sinks::sink> target) : target_(std::move(target)) {}

  void log(const spdlog::details::log_msg& line) override {
    target_->log(line);
    std::lock_guard lock(mutex_);
    ++written_;
    changed_.notify_all();
  }
  void flush() override { target_->flush(); }
  void set_pattern(const std::string& pattern) override { target_->set_pattern(pattern); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    target_->set_formatter(std::move(formatter));
  }

  /// Waits until `done(written)`. Overwritten lines never arrive, so it looks again from time to time.
  template <class Done>
  void wait(Done done) {
    std::unique_lock lock(mutex_);
    while (!done(written_)) changed_.wait_for(lock, std::chrono::milliseconds(20));
  }

 private:
  std::shared_ptr<spdlog::sinks::sink> target_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t written_ = 0;
};

struct Output {
  std::shared_ptr<CountingSink> sink;
  std::shared_ptr<spdlog::details::thread_pool> threads;  // destroyed first: it drains the queue
  std::shared_ptr<spdlog::async_logger> logger;
  std::atomic<uint64_t> accepted{0};

  explicit Output(const std::string& path) {
    std::shared_ptr<spdlog::sinks::sink> target;
    if (path.empty()) {
      target = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      target = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    }
    sink = std::make_shared<CountingSink>(std::move(target));
    threads = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
    logger = std::make_shared<spdlog::async_logger>("kabuki", sink, threads,
                                                    spdlog::async_overflow_policy::overrun_oldest);
    logger->set_level(spdlog::level::trace);
    logger->set_pattern(kPattern, spdlog::pattern_time_type::utc);
    logger->flush_on(spdlog::level::trace);
  }

  void flush() {
    sink->wait([this](uint64_t written) { return written + threads->overrun_counter() >= accepted.load(); });
    sink->flush();
  }
};

std::mutex output_mutex;
std::atomic<Level> lowest{Level::warning};

std::shared_ptr<Output>& output_slot() {
  static std::shared_ptr<Output> output = std::make_shared<Output>("");
  return output;
}

std::shared_ptr<Output> output() {
  std::lock_guard lock(output_mutex);
  return output_slot();
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"=\n\t\\") != std::string_view::npos;
}

void append_value(std::string* line, std::string_view value) {
  if (!needs_quotes(value)) {
    line->append(value);
    return;
  }
  line->push_back('"');
  for (const char c : value) {
    if (c == '\n') {
      line->append("\\n");
      continue;
    }
    if (c == '"' || c == '\\') line->push_back('\\');
    line->push_back(c);
  }
  line->push_back('"');
}

}  // namespace

bool log_enabled(Level level) { return level >= lowest.load(std::memory_order_relaxed); }

void log(Level level, std::string_view who, std::string_view what, std::initializer_list<Field> fields) {
  if (!log_enabled(level)) return;
  std::string line;
  line.reserve(who.size() + what.size() + 32 * fields.size() + 2);
  line.append(who).append(": ").append(what);
  for (const auto& field : fields) {
    line.append(" ").append(field.key).append("=");
    append_value(&line, field.value);
  }
  auto out = output();
  out->accepted.fetch_add(1);
  out->logger->log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

void configure_logging(const std::string& path, Level level) {
  auto fresh = std::make_shared<Output>(path);
  lowest = level;
  std::lock_guard lock(output_mutex);
  output_slot().swap(fresh);
}

void flush_logs() { output()->flush(); }

}  // namespace kabuki::runtime
