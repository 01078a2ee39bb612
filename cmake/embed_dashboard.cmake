# Writes a C++ file with the files below DIR, compressed, for agent/api/dashboard_files.h:
#   cmake -DDIR=dashboards/web/dist -DOUT=dashboard_files.cc -P embed_dashboard.cmake
# Without files, or without DIR, the table is empty.
file(GLOB_RECURSE files RELATIVE ${DIR} ${DIR}/*)
list(SORT files)
set(data "")
set(table "")
set(number 0)
foreach(name IN LISTS files)
  file(SHA256 ${DIR}/${name} hash)
  string(SUBSTRING ${hash} 0 32 hash)
  file(SIZE ${DIR}/${name} size)
  file(ARCHIVE_CREATE OUTPUT ${OUT}.gz PATHS ${DIR}/${name} FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
  file(READ ${OUT}.gz hex HEX)
  file(REMOVE ${OUT}.gz)
  # Clears bytes 4 to 7, the time of compression, so that the same input gives the same binary.
  string(SUBSTRING ${hex} 0 8 magic)
  string(SUBSTRING ${hex} 16 -1 rest)
  string(REGEX REPLACE "(..)" "0x\\1," hex ${magic}00000000${rest})
  string(APPEND data "constexpr unsigned char kFile${number}[] = {${hex}};\n")
  string(APPEND table "    {\"${name}\", \"${hash}\", text_of(kFile${number}), ${size}},\n")
  math(EXPR number "${number} + 1")
endforeach()
if(number EQUAL 0)
  set(body "std::span<const DashboardFile> embedded_dashboard() { return {}; }\n")
else()
  set(body "namespace {

${data}
template <std::size_t kSize>
std::string_view text_of(const unsigned char (&bytes)[kSize]) {
  return {reinterpret_cast<const char*>(bytes), kSize};
}

}  // namespace

std::span<const DashboardFile> embedded_dashboard() {
  static const DashboardFile kFiles[] = {
${table}  };
  return kFiles;
}
")
endif()
file(WRITE ${OUT} "// Made by cmake/embed_dashboard.cmake.
#include \"agent/api/dashboard_files.h\"

namespace tallyman {

${body}
}  // namespace tallyman
")
