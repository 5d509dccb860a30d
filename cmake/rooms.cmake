# A room is a folder of src/ and one library. Its link list is the list of rooms it may include:
# every room's headers are reachable only through its own include root (a folder holding one link
# named after the room), so an include that the list does not allow does not build.

include(GoogleTest)

# Outside the build folder, so that every preset compiles with the same flags and ccache serves all.
set(WATTLINE_ROOM_ROOTS ${CMAKE_SOURCE_DIR}/build/rooms)

# wattline_room(NAME kernel USES other rooms... LIBS outside libraries...)
# Sources are NAME/*.cpp and, where a room has many subjects, NAME/SUBJECT/*.cpp; *_test.cpp go to wattline_NAME_test, *_fuzz.cpp each to a fuzz target.
function(wattline_room)
  cmake_parse_arguments(ROOM "" "NAME" "USES;LIBS;PRIVATE_LIBS;TEST_USES;TEST_LIBS" ${ARGN})
  set(dir ${CMAKE_CURRENT_SOURCE_DIR})
  set(root ${WATTLINE_ROOM_ROOTS}/${ROOM_NAME})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${dir} ${root}/${ROOM_NAME} SYMBOLIC)

  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cpp ${dir}/*/*.cpp)
  file(GLOB tests CONFIGURE_DEPENDS ${dir}/*_test.cpp ${dir}/*/*_test.cpp)
  file(GLOB fuzzers CONFIGURE_DEPENDS ${dir}/*_fuzz.cpp ${dir}/*/*_fuzz.cpp)
  list(REMOVE_ITEM sources ${tests} ${fuzzers} ${dir}/main.cpp)

  set(target wattline_${ROOM_NAME})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(reach PUBLIC)
    target_link_libraries(${target} PRIVATE ${ROOM_PRIVATE_LIBS})
    wattline_warnings(${target})
  else()
    add_library(${target} INTERFACE)
    set(reach INTERFACE)
  endif()
  target_include_directories(${target} ${reach} ${root})
  foreach(used ${ROOM_USES})
    target_link_libraries(${target} ${reach} wattline_${used})
  endforeach()
  target_link_libraries(${target} ${reach} ${ROOM_LIBS})

  if(tests AND WATTLINE_TESTS)
    # Where the source lies is told to tests by a file of its own, so that the objects of all others are the same
    # in every checkout and the compiler's cache can share them.
    if(NOT TARGET wattline_source_dir)
      file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/source_dir.cpp @ONLY CONTENT
           "namespace wattline::tests {\nextern const char* const source_dir;\nconst char* const source_dir = \"@CMAKE_SOURCE_DIR@\";\n}\n")
      add_library(wattline_source_dir STATIC ${CMAKE_BINARY_DIR}/source_dir.cpp)
    endif()
    add_executable(${target}_test ${tests})
    target_link_libraries(${target}_test PRIVATE ${target} GTest::gmock GTest::gtest_main
                                                 ${ROOM_TEST_LIBS})
    foreach(used ${ROOM_TEST_USES})
      target_link_libraries(${target}_test PRIVATE wattline_${used})
    endforeach()
    target_link_libraries(${target}_test PRIVATE wattline_source_dir)
    wattline_warnings(${target}_test)
    gtest_discover_tests(${target}_test TEST_PREFIX ${ROOM_NAME}. DISCOVERY_MODE PRE_TEST
                         DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
  endif()

  if(WATTLINE_TESTS)
    foreach(fuzzer ${fuzzers})
      get_filename_component(name ${fuzzer} NAME_WE)
      wattline_fuzz(${ROOM_NAME}_${name} ${fuzzer} ${target})
    endforeach()
  endif()
endfunction()

# One file with LLVMFuzzerTestOneInput. Under the fuzz preset it is a libFuzzer program; elsewhere
# a small driver feeds it a fixed-seed set of mutated seeds, so each parser is fuzzed in every test run.
function(wattline_fuzz name source)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE ${ARGN})
  if(WATTLINE_FUZZ)
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${name})
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tools/fuzz_seeds.cpp)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    if(NOT TARGET wattline_fuzz_driver)
      add_library(wattline_fuzz_driver OBJECT ${CMAKE_SOURCE_DIR}/tools/fuzz_driver.cpp)
    endif()
    target_link_libraries(${name} PRIVATE wattline_fuzz_driver)
    add_test(NAME fuzz.${name} COMMAND ${name})
    set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT 120)
  endif()
endfunction()

function(wattline_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                           -Woverloaded-virtual -Wno-missing-field-initializers)
  if(WATTLINE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
