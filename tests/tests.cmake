# Tests that are not C++: the rules of the house, and real clients against real processes.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

add_test(NAME House.IncludesGoOneWay
         COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/house/includes_go_one_way.py ${CMAKE_SOURCE_DIR})

add_test(NAME House.FormsHaveTests
         COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/house/forms_have_tests.py ${CMAKE_SOURCE_DIR})

add_test(NAME House.CoverageTables
         COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/house/coverage_tables.py ${CMAKE_SOURCE_DIR})

# Each starts clusters of its own on free ports. KUBECTL=FILE in the environment of ctest names another client.
file(GLOB e2e_tests CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/tests/e2e ${CMAKE_SOURCE_DIR}/tests/e2e/*_test.py)
foreach(file ${e2e_tests})
  string(REGEX REPLACE "_test.py$" "" name ${file})
  add_test(NAME E2e.${name} COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/e2e/${name}_test.py)
  set_tests_properties(E2e.${name} PROPERTIES LABELS e2e TIMEOUT 900 PROCESSORS 1
                       ENVIRONMENT "KABUKI=$<TARGET_FILE:kabuki>;PYTHONUNBUFFERED=1;PYTHONDONTWRITEBYTECODE=1")
endforeach()

add_test(NAME Sim.SameHashInTwoProcesses
         COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/sim/same_hash_in_two_processes.py
                 ${CMAKE_BINARY_DIR}/kabuki)
# A short form of `tools/soak sim`.
add_test(NAME Sim.soak COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/sim/soak.py --seeds 36 --from 2001
                               --kabuki ${CMAKE_BINARY_DIR}/kabuki)
set_tests_properties(Sim.soak PROPERTIES TIMEOUT 600)

# Histories of the store, simulated and live, and the checks of them: in this program alone the store has mistakes built
# in, to be switched on one at a time, so it compiles the store's sources itself.
file(GLOB histories_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/histories/*.cpp ${CMAKE_SOURCE_DIR}/tools/check/*.cpp
     ${CMAKE_SOURCE_DIR}/store/*.cpp ${CMAKE_SOURCE_DIR}/store/engines/memory*.cpp
     ${CMAKE_SOURCE_DIR}/actors/store_shard/*.cpp)
add_executable(test_histories ${histories_sources})
target_link_libraries(test_histories PRIVATE kabuki_tools kabuki_runtime kabuki_store GTest::gmock GTest::gtest_main)
target_compile_definitions(test_histories PRIVATE KABUKI_PLANTED_FAULTS)
kabuki_test_headers(test_histories)
kabuki_warnings(test_histories)
gtest_discover_tests(test_histories DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 300)

# Crashes of stores: a few with the tests, as many as one wants by tools/soak.
file(GLOB soak_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/soak/*.cpp)
add_executable(kabuki_soak ${soak_sources})
target_link_libraries(kabuki_soak PRIVATE kabuki_test_etcd kabuki_store kabuki_runtime CLI11::CLI11)
kabuki_test_headers(kabuki_soak)
kabuki_warnings(kabuki_soak)
add_test(NAME Soak.disk COMMAND kabuki_soak disk --seeds 104)
add_test(NAME Soak.store COMMAND kabuki_soak store --rounds 10)
add_test(NAME Soak.etcd COMMAND kabuki_soak store --engine etcd --rounds 5)
set_tests_properties(Soak.disk Soak.store Soak.etcd PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)

# What comes from outside, made up by a fuzzer (tests/fuzz/README.md). With the fuzz preset each target is a program that
# tools/fuzz runs; otherwise one program replays their corpora.
set(fuzz_targets json yaml protobuf patches apply selectors quantities continue_tokens web_socket)
set(fuzz_continue_tokens_sources actors/api_server/parameters.cpp actors/api_server/http/exchange.cpp)
set(fuzz_web_socket_sources actors/api_server/http/web_socket.cpp)
set(fuzz_libraries kabuki_messages absl::strings ${WSLAY} OpenSSL::Crypto)
if(KABUKI_FUZZ)
  foreach(name ${fuzz_targets})
    add_executable(fuzz_${name} tests/fuzz/${name}.cpp tests/fuzz/fuzz_target.cpp ${fuzz_${name}_sources})
    target_compile_definitions(fuzz_${name} PRIVATE KABUKI_LIBFUZZER)
    target_link_libraries(fuzz_${name} PRIVATE ${fuzz_libraries})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    kabuki_warnings(fuzz_${name})
  endforeach()
else()
  add_executable(fuzz_replay tests/fuzz/replay.cpp tests/fuzz/fuzz_target.cpp ${fuzz_continue_tokens_sources}
                             ${fuzz_web_socket_sources})
  foreach(name ${fuzz_targets})
    target_sources(fuzz_replay PRIVATE tests/fuzz/${name}.cpp)
    add_test(NAME Fuzz.${name} COMMAND fuzz_replay ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
  endforeach()
  target_link_libraries(fuzz_replay PRIVATE ${fuzz_libraries})
  kabuki_warnings(fuzz_replay)
endif()
