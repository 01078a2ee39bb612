# Debian 12's packages; .ci/packages lists them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
# Core alone, through pkg-config: the CMake package also wants CURL and zlib.
pkg_check_modules(prometheus_cpp REQUIRED IMPORTED_TARGET prometheus-cpp-core)
pkg_check_modules(libsystemd REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(spdlog REQUIRED IMPORTED_TARGET spdlog)
pkg_check_modules(libdeflate REQUIRED IMPORTED_TARGET libdeflate)
# pugixml: libvirt's state files; its parser does not recurse and expands no entities of a file's own.
pkg_check_modules(pugixml REQUIRED IMPORTED_TARGET pugixml)
# RE2: label patterns come from users and run over strangers' labels: linear time, as in Prometheus itself.
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(yaml_cpp REQUIRED IMPORTED_TARGET yaml-cpp)
find_package(CLI11 REQUIRED)
