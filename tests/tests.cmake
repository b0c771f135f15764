# Tests that are not C++: the rules of the house, and real clients against real processes.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

add_test(NAME House.IncludesGoOneWay
         COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/house/includes_go_one_way.py ${CMAKE_SOURCE_DIR})
