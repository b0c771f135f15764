// Feeds the corpora to the targets without libFuzzer: what was found once stays mended.
//   fuzz_replay TARGET FILE-OR-FOLDER...
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.hpp"

namespace kabuki::fuzz {
namespace {

std::map<std::string, Target, std::less<>>& targets() {
  static std::map<std::string, Target, std::less<>> all;
  return all;
}

std::vector<std::filesystem::path> files_of(const char* place) {
  if (!std::filesystem::is_directory(place)) return {place};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(place)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

bool add_target(const char* name, Target target) { return targets().emplace(name, target).second; }

int replay(int count, char** arguments) {
  const auto target = count > 2 ? targets().find(arguments[1]) : targets().end();
  if (target == targets().end()) {
    std::fprintf(stderr, "fuzz_replay TARGET FILE-OR-FOLDER...; the targets are:");
    for (const auto& [name, run] : targets()) std::fprintf(stderr, " %s", name.c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  size_t fed = 0;
  for (int i = 2; i < count; ++i) {
    for (const auto& file : files_of(arguments[i])) {
      std::ifstream stream(file, std::ios::binary);
      const std::string input{std::istreambuf_iterator<char>(stream), {}};
      std::fprintf(stderr, "%s\n", file.c_str());
      target->second(input);
      ++fed;
    }
  }
  std::printf("%s: %zu inputs\n", arguments[1], fed);
  return fed > 0 ? 0 : 1;
}

}  // namespace kabuki::fuzz

int main(int count, char** arguments) { return kabuki::fuzz::replay(count, arguments); }
