#pragma once

#include <cstddef>
#include <cstdint>
#include <google/protobuf/message.h>
#include <memory>
#include <string>
#include <string_view>

#include "messages/kinds.hpp"

namespace kabuki::fuzz {

using Target = void (*)(std::string_view input);

/// Makes a target known to the program that replays the corpora; true, so that it can initialise a constant.
bool add_target(const char* name, Target target);

/// Ends the process, loudly, when a promise does not hold: libFuzzer keeps the input, ctest says the test failed.
void require(bool holds, const char* promise);

/// Takes the text before the first line `---` off `input`; all of it where there is none.
std::string_view take_section(std::string_view* input);

/// The kind that the first line of `input` names ("Deployment"); of a line that names none, one by its first byte.
const Kind& take_kind(std::string_view* input);

/// A message of this kind.
std::unique_ptr<google::protobuf::Message> make(const Kind& kind);

/// Deterministic bytes.
std::string bytes_of(const google::protobuf::Message& message);

/// Kubernetes' JSON with kind and apiVersion.
std::string json_of(const Kind& kind, const google::protobuf::Message& message);

}  // namespace kabuki::fuzz

/// KABUKI_FUZZ_TARGET(json) { ... input ... }: with the fuzz preset what libFuzzer calls, else a target to replay.
#ifdef KABUKI_LIBFUZZER
#define KABUKI_FUZZ_TARGET(name)                                              \
  static void fuzz_##name(std::string_view input);                            \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {   \
    fuzz_##name(std::string_view(reinterpret_cast<const char*>(data), size)); \
    return 0;                                                                 \
  }                                                                           \
  static void fuzz_##name(std::string_view input)
#else
#define KABUKI_FUZZ_TARGET(name)                                                                  \
  static void fuzz_##name(std::string_view input);                                                \
  [[maybe_unused]] static const bool added_##name = kabuki::fuzz::add_target(#name, fuzz_##name); \
  static void fuzz_##name(std::string_view input)
#endif
