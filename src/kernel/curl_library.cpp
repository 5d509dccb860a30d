#include "kernel/curl_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline {
namespace {

constexpr const char* file_name = "libcurl.so.4";

Error unusable(const std::string& why) {
  return Error(ErrorKind::unsupported, fmt::format("the HTTP library cannot be used: {}", why), {},
               "it comes with the package libcurl4 (apt-get install libcurl4)");
}

}  // namespace

CurlLibrary::CurlLibrary(const char* file) {
  // Never closed: its libraries keep threads' and process-wide state.
  void* const handle = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (!handle) throw unusable(::dlerror());
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
    if (!function) throw unusable(fmt::format("{} has no {}", file, name));
  };
  find(global_init, "curl_global_init");
  find(free, "curl_free");
  find(slist_append, "curl_slist_append");
  find(slist_free_all, "curl_slist_free_all");
  find(url, "curl_url");
  find(url_set, "curl_url_set");
  find(url_get, "curl_url_get");
  find(url_cleanup, "curl_url_cleanup");
  find(easy_init, "curl_easy_init");
  find(easy_setopt, "curl_easy_setopt");
  find(easy_getinfo, "curl_easy_getinfo");
  find(easy_strerror, "curl_easy_strerror");
  find(easy_cleanup, "curl_easy_cleanup");
  find(multi_init, "curl_multi_init");
  find(multi_add_handle, "curl_multi_add_handle");
  find(multi_remove_handle, "curl_multi_remove_handle");
  find(multi_perform, "curl_multi_perform");
  find(multi_info_read, "curl_multi_info_read");
  find(multi_poll, "curl_multi_poll");
  find(multi_strerror, "curl_multi_strerror");
  find(multi_cleanup, "curl_multi_cleanup");
  global_init(CURL_GLOBAL_DEFAULT);
}

const CurlLibrary& CurlLibrary::get() {
  static const CurlLibrary library(file_name);
  return library;
}

}  // namespace wattline
