# The few rules the house is built by: a library is a folder, a test program mirrors it.

function(kabuki_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers)
endfunction()

# Compiles every .proto below `folder` to one library; generated headers are included as "messages/....pb.h".
function(kabuki_protos target folder)
  file(GLOB_RECURSE protos CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.proto)
  set(sources)
  foreach(proto ${protos})
    file(RELATIVE_PATH relative ${CMAKE_SOURCE_DIR} ${proto})
    string(REGEX REPLACE "\\.proto$" "" stem ${relative})
    set(out ${CMAKE_BINARY_DIR}/generated/${stem})
    add_custom_command(
      OUTPUT ${out}.pb.cc ${out}.pb.h
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated
      COMMAND protobuf::protoc -I${CMAKE_SOURCE_DIR} --cpp_out=${CMAKE_BINARY_DIR}/generated ${proto}
      DEPENDS ${proto} VERBATIM)
    list(APPEND sources ${out}.pb.cc ${out}.pb.h)
  endforeach()
  add_library(${target} STATIC ${sources})
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf)
  target_precompile_headers(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tools/cmake/protobuf_pch.hpp)
endfunction()

# The same with services: for gRPC, which only this library and those who link it compile against.
function(kabuki_grpc_protos target folder)
  file(GLOB protos CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.proto)
  set(sources)
  foreach(proto ${protos})
    file(RELATIVE_PATH relative ${CMAKE_SOURCE_DIR} ${proto})
    string(REGEX REPLACE "\\.proto$" "" stem ${relative})
    set(out ${CMAKE_BINARY_DIR}/generated/${stem})
    add_custom_command(
      OUTPUT ${out}.pb.cc ${out}.pb.h ${out}.grpc.pb.cc ${out}.grpc.pb.h
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated
      COMMAND protobuf::protoc -I${CMAKE_SOURCE_DIR} --cpp_out=${CMAKE_BINARY_DIR}/generated
              --grpc_out=${CMAKE_BINARY_DIR}/generated --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} ${proto}
      DEPENDS ${proto} VERBATIM)
    list(APPEND sources ${out}.pb.cc ${out}.pb.h ${out}.grpc.pb.cc ${out}.grpc.pb.h)
  endforeach()
  add_library(${target} STATIC ${sources})
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf ${GRPC_CPP} grpc gpr)
endfunction()

# A folder's .cpp files as one library. runtime/io is a library of its own, and tools/main.cpp is a program.
function(kabuki_library target folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cpp)
  if(folder STREQUAL "runtime")
    list(FILTER sources EXCLUDE REGEX "/runtime/io/")
  elseif(folder STREQUAL "tools")
    list(FILTER sources EXCLUDE REGEX "/tools/(main\\.cpp|benchmarks/|cmake/)")
  endif()
  if(NOT sources)
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${ARGN})
    return()
  endif()
  add_library(${target} STATIC ${sources})
  target_link_libraries(${target} PUBLIC ${ARGN} Threads::Threads)
  kabuki_warnings(${target})
  if(NOT folder STREQUAL "runtime/io")
    target_precompile_headers(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tools/cmake/pch.hpp)
  endif()
endfunction()

include(GoogleTest)

# Helpers of tests in a library, for several programs. Their files are left out of the programs of their folders.
function(kabuki_test_library target libraries)
  add_library(${target} STATIC ${ARGN})
  target_link_libraries(${target} PUBLIC ${libraries} GTest::gmock rapidcheck)
  kabuki_warnings(${target})
  list(TRANSFORM ARGN PREPEND ${CMAKE_SOURCE_DIR}/)
  set_property(GLOBAL APPEND PROPERTY KABUKI_TEST_HELPERS ${ARGN})
endfunction()

# What kabuki_test_support precompiles, all test programs use.
function(kabuki_test_headers target)
  target_precompile_headers(${target} REUSE_FROM kabuki_test_support)
endfunction()

# One program of the tests in the files named last; ctest lists every test of it.
function(kabuki_test_program target folder libraries)
  add_executable(${target} ${ARGN})
  target_link_libraries(${target} PRIVATE ${libraries} kabuki_test_support GTest::gtest_main)
  target_compile_definitions(${target} PRIVATE KABUKI_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/${folder}/data")
  kabuki_warnings(${target})
  kabuki_test_headers(${target})
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 300)
endfunction()

# tests/<folder>/**/*.cpp as programs: test_<part> of each of its folders that are named last, test_<folder> of the rest.
function(kabuki_tests folder libraries)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${folder}/*.cpp)
  get_property(helpers GLOBAL PROPERTY KABUKI_TEST_HELPERS)
  list(REMOVE_ITEM sources ${helpers})
  foreach(part ${ARGN})
    set(of_part ${sources})
    list(FILTER of_part INCLUDE REGEX "/tests/${folder}/${part}/")
    list(REMOVE_ITEM sources ${of_part})
    kabuki_test_program(test_${part} ${folder} "${libraries}" ${of_part})
  endforeach()
  kabuki_test_program(test_${folder} ${folder} "${libraries}" ${sources})
endfunction()
