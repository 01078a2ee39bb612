# Debian 12's packages; scripts/packages-build lists them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
# Only the core, through pkg-config: the CMake package also requires CURL and zlib.
pkg_check_modules(prometheus_cpp REQUIRED IMPORTED_TARGET prometheus-cpp-core)
pkg_check_modules(libsystemd REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(spdlog REQUIRED IMPORTED_TARGET spdlog)
pkg_check_modules(libdeflate REQUIRED IMPORTED_TARGET libdeflate)
# pugixml: libvirt's state files. Its parser does not recurse and does not expand entities that a file defines.
pkg_check_modules(pugixml REQUIRED IMPORTED_TARGET pugixml)
# RE2: label patterns come from users and match untrusted labels. RE2 takes linear time, as in Prometheus itself.
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(yaml_cpp REQUIRED IMPORTED_TARGET yaml-cpp)
find_package(CLI11 REQUIRED)
