# Tests that are not C++: the rules of the house, and real clients against real processes.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

add_test(NAME House.IncludesGoOneWay
         COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/house/includes_go_one_way.py ${CMAKE_SOURCE_DIR})

# Each starts clusters of its own on free ports. KUBECTL=FILE in the environment of ctest names another client.
foreach(name kubectl http recovery bad_input hosts pods)
  add_test(NAME E2e.${name} COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/e2e/${name}_test.py)
  set_tests_properties(E2e.${name} PROPERTIES LABELS e2e TIMEOUT 300 PROCESSORS 1
                       ENVIRONMENT "KABUKI=$<TARGET_FILE:kabuki>;PYTHONUNBUFFERED=1;PYTHONDONTWRITEBYTECODE=1")
endforeach()

add_test(NAME Sim.SameHashInTwoProcesses
         COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/sim/same_hash_in_two_processes.py
                 ${CMAKE_BINARY_DIR}/kabuki)
