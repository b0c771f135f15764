#include "tools/benchmarks/store_beside_etcd.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdlib.h>
#include <unistd.h>
#include <vector>

#include "messages/status.hpp"
#include "runtime/io/live_clock.hpp"
#include "tools/benchmarks/etcd_driver.hpp"
#include "tools/benchmarks/kabuki_driver.hpp"

namespace kabuki::bench {
namespace {

constexpr size_t kInFlight[] = {1, 64, 512};
constexpr size_t kListed = 100'000;
struct Watching {
  size_t watchers, events, events_in_process;
};
constexpr Watching kWatching[] = {{1, 20'000, 100'000}, {100, 5'000, 20'000}, {1'000, 500, 10'000}};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

std::string text(const char* format, ...) __attribute__((format(printf, 1, 2)));
std::string text(const char* format, ...) {
  char out[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(out, sizeof out, format, arguments);
  va_end(arguments);
  return out;
}

/// 12,345,678
std::string number(double value) {
  std::string digits = text("%.0f", value);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

void row(const std::string& what, const std::string& ours, const std::string& theirs, const std::string& ratio) {
  std::printf("| %s | %s | %s | %s |\n", what.c_str(), ours.c_str(), theirs.c_str(), ratio.c_str());
  std::fflush(stdout);
}

void say(const std::string& what) { std::fprintf(stderr, "bench store: %s\n", what.c_str()); }

/// Appends of 1 KB a second, each followed by fdatasync: what no store that syncs one by one can do more of.
Result<double> syncs_per_second(const std::string& directory, const io::Clock& clock) {
  const std::string path = directory + "/syncs";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0) return internal_error("cannot make " + path);
  const std::string block(1024, 'x');
  size_t done = 0;
  const int64_t began = clock.mono().ns;
  int64_t passed = 0;
  bool ok = true;
  for (; ok && passed < 1'000'000'000; ++done, passed = clock.mono().ns - began) {
    ok = ::write(file, block.data(), block.size()) == static_cast<ssize_t>(block.size()) && ::fdatasync(file) == 0;
  }
  ::close(file);
  std::filesystem::remove(path);
  if (!ok) return internal_error("cannot write " + path);
  return static_cast<double>(done) * 1e9 / static_cast<double>(passed);
}

/// A store and what was measured of it.
struct Side {
  std::unique_ptr<StoreDriver> driver;
  std::vector<WriteFigures> writes[3];
  std::vector<double> lists;
  std::vector<double> deliveries[3];
};

class Bench {
 public:
  Bench(const StoreBenchOptions& options, std::string directory)
      : options_(options), directory_(std::move(directory)) {}

  Result<> run() {
    std::vector<double> syncs;
    for (int i = 0; i < 3; ++i) {
      auto rate = syncs_per_second(directory_, clock_);
      if (!rate) return rate.error();
      syncs.push_back(*rate);
    }
    std::printf("fdatasync of 1 KB: %s/s\n\n| | Kabuki | etcd | ratio |\n|---|---|---|---|\n",
                number(median(syncs)).c_str());
    if (wanted("writes") || wanted("lists") || wanted("watches")) {
      if (auto made = make_sides("small"); !made) return made;
      for (size_t round = 0; round < options_.rounds; ++round) {
        say("round " + std::to_string(round + 1) + " of " + std::to_string(options_.rounds));
        for (Side& side : sides_) {
          if (auto measured = measure(side, round); !measured) return measured;
        }
      }
      print_small();
      sides_.clear();
    }
    if (wanted("watches")) {
      if (auto done = in_process(); !done) return done;
    }
    return wanted("restart") ? restart() : Result<>();
  }

 private:
  bool wanted(const std::string& part) const { return options_.parts.find(part) != std::string::npos; }

  Result<> make_sides(const std::string& name) {
    sides_.clear();
    for (const bool etcd : {false, true}) {
      if (etcd && !options_.etcd) continue;
      const std::string directory = directory_ + "/" + name + (etcd ? "-etcd" : "-kabuki");
      std::filesystem::create_directory(directory);
      sides_.push_back({.driver = etcd ? make_etcd_driver(directory) : make_kabuki_driver(directory)});
      if (auto started = sides_.back().driver->start(); !started) return started;
    }
    return {};
  }

  Result<> measure(Side& side, size_t round) {
    StoreDriver& driver = *side.driver;
    if (wanted("writes")) {
      for (size_t i = 0; i < 3; ++i) {
        auto figures = driver.write(kInFlight[i], options_.seconds);
        if (!figures) return figures.error();
        side.writes[i].push_back(*figures);
        say(driver.name() + ", " + std::to_string(kInFlight[i]) + " in flight: " + number(figures->per_second) +
            "/s, CPU of its process " + text("%.1f us each", figures->server_cpu_us));
      }
    }
    if (wanted("lists")) {
      if (round == 0) {
        if (auto loaded = driver.load("list/", kListed); !loaded) return loaded;
      }
      const int64_t began = clock_.mono().ns;
      auto listed = driver.list("list/");
      if (!listed) return listed.error();
      if (*listed != kListed) return internal_error("a list of " + driver.name() + " is not complete");
      side.lists.push_back(static_cast<double>(clock_.mono().ns - began) * 1e-6);
      say(driver.name() + ", list: " + text("%.0f ms", side.lists.back()));
    }
    if (wanted("watches")) {
      for (size_t i = 0; i < 3; ++i) {
        const auto& [watchers, events, unused] = kWatching[i];
        const std::string prefix = "watch-" + std::to_string(round) + "-" + std::to_string(watchers) + "/";
        auto rate = driver.watch(watchers, events, prefix);
        if (!rate) return rate.error();
        side.deliveries[i].push_back(*rate);
        say(driver.name() + ", " + std::to_string(watchers) + " watchers: " + number(*rate) + " deliveries/s");
      }
    }
    return {};
  }

  /// A row of one figure of both sides; `better` is 1 where more is better, -1 where less is.
  void compare(const std::string& what, const std::function<double(const Side&)>& figure, const char* format,
               int better) {
    const double ours = figure(sides_[0]);
    const auto shown = [&](double value) { return *format ? text("%.*f", *format - '0', value) : number(value); };
    if (sides_.size() == 1) return row(what, shown(ours), "", "");
    const double theirs = figure(sides_[1]);
    row(what, shown(ours), shown(theirs), text("%.1f", better > 0 ? ours / theirs : theirs / ours));
  }

  void print_small() {
    for (size_t i = 0; wanted("writes") && i < 3; ++i) {
      const auto of = [i](double WriteFigures::*member) {
        return [i, member](const Side& side) {
          std::vector<double> values;
          for (const auto& figures : side.writes[i]) values.push_back(figures.*member);
          return median(values);
        };
      };
      const std::string in_flight = std::to_string(kInFlight[i]) + " in flight";
      compare("durable writes/s, " + in_flight, of(&WriteFigures::per_second), "", 1);
      compare("p50 ms, " + in_flight, of(&WriteFigures::p50_ms), "2", -1);
      compare("p99 ms, " + in_flight, of(&WriteFigures::p99_ms), "2", -1);
      compare("CPU us a write, " + in_flight, of(&WriteFigures::server_cpu_us), "1", -1);
    }
    if (wanted("lists")) {
      compare(
          "list of 100,000 in pages of 10,000, ms", [](const Side& side) { return median(side.lists); }, "0", -1);
    }
    for (size_t i = 0; wanted("watches") && i < 3; ++i) {
      compare(
          "watch deliveries/s to " + number(static_cast<double>(kWatching[i].watchers)) + ", over loopback",
          [i](const Side& side) { return median(side.deliveries[i]); }, "", 1);
    }
  }

  Result<> in_process() {
    for (const auto& [watchers, unused, events] : kWatching) {
      std::vector<double> rates;
      for (size_t round = 0; round < options_.rounds; ++round) {
        const std::string directory = directory_ + "/in-process";
        std::filesystem::create_directory(directory);
        auto rate = deliveries_in_process(directory, watchers, events);
        std::filesystem::remove_all(directory);
        if (!rate) return rate.error();
        rates.push_back(*rate);
        say("in process, " + std::to_string(watchers) + " watchers: " + number(*rate) + " deliveries/s");
      }
      row("watch deliveries/s to " + number(static_cast<double>(watchers)) + ", in process", number(median(rates)),
          "", "");
    }
    return {};
  }

  Result<> restart() {
    if (auto made = make_sides("big"); !made) return made;
    std::vector<double> loaded, restarted, overhead, overhead_after;
    const auto count = static_cast<double>(options_.objects);
    // Key and value: 1,024 bytes, a prefix of one byte, the number of the object.
    const double own = 1024 + 1 + static_cast<double>(std::to_string(options_.objects - 1).size());
    for (Side& side : sides_) {
      const auto empty = static_cast<double>(side.driver->resident_bytes());
      int64_t began = clock_.mono().ns;
      if (auto done = side.driver->load("b", options_.objects); !done) return done;
      loaded.push_back(count * 1e9 / static_cast<double>(clock_.mono().ns - began));
      overhead.push_back((static_cast<double>(side.driver->resident_bytes()) - empty) / count - own);
      side.driver->kill();
      began = clock_.mono().ns;
      if (auto done = side.driver->start(); !done) return done;
      restarted.push_back(static_cast<double>(clock_.mono().ns - began) * 1e-9);
      overhead_after.push_back((static_cast<double>(side.driver->resident_bytes()) - empty) / count - own);
      say(side.driver->name() + text(": loaded, started anew in %.1f s", restarted.back()));
      side.driver->kill();
    }
    const std::string objects = number(count) + " objects";
    const auto both = [&](const std::string& what, const std::vector<double>& values, int digits, int better) {
      const auto shown = [&](double value) { return digits > 0 ? text("%.*f", digits, value) : number(value); };
      if (values.size() == 1) return row(what, shown(values[0]), "", "");
      const double ratio = better > 0 ? values[0] / values[1] : values[1] / values[0];
      row(what, shown(values[0]), shown(values[1]), better ? text("%.1f", ratio) : "");
    };
    both("load of " + objects + " in batches, a second", loaded, 0, 1);
    both("memory beyond key and value, bytes an object, after the load", overhead, 0, 0);
    both("the same after a restart", overhead_after, 0, 0);
    both("restart with " + objects + " after kill -9, s", restarted, 1, -1);
    return {};
  }

  const StoreBenchOptions options_;
  const std::string directory_;
  const io::LiveClock clock_;
  std::vector<Side> sides_;  // ours, then etcd
};

}  // namespace

Result<> run_store_bench(const StoreBenchOptions& options) {
  std::string made = options.directory + "/kabuki-bench-XXXXXX";
  if (!::mkdtemp(made.data())) return internal_error("cannot make a directory below " + options.directory);
  auto done = Bench(options, made).run();
  std::filesystem::remove_all(made);
  return done;
}

}  // namespace kabuki::bench
