#include "kubernetes/curl_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <string>

namespace lifecycle::kubernetes {
namespace {

std::unexpected<Error> unusable(std::string_view reason) {
  return fail(ErrorCode::kFailedPrecondition, fmt::format("libcurl.so.4, which speaks to Kubernetes, cannot be used: {}", reason),
              "install it: apt-get install libcurl4 (version 7.77 or newer)");
}

// Looks each function up and keeps the name of the first that is not there.
class Lookup {
 public:
  explicit Lookup(void* library) : library_(library) {}

  template <class Function>
  void find(Function*& function, const char* name) {
    function = reinterpret_cast<Function*>(::dlsym(library_, name));
    if (function == nullptr && missing_.empty()) {
      missing_ = name;
    }
  }
  [[nodiscard]] const std::string& missing() const { return missing_; }

 private:
  void* library_;
  std::string missing_;
};

}  // namespace

Result<CurlLibrary> load_curl_library() {
  void* const library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return unusable(::dlerror());
  }
  CurlLibrary curl;
  Lookup lookup(library);
  lookup.find(curl.global_init, "curl_global_init");
  lookup.find(curl.easy_init, "curl_easy_init");
  lookup.find(curl.easy_setopt, "curl_easy_setopt");
  lookup.find(curl.easy_getinfo, "curl_easy_getinfo");
  lookup.find(curl.easy_reset, "curl_easy_reset");
  lookup.find(curl.easy_cleanup, "curl_easy_cleanup");
  lookup.find(curl.easy_strerror, "curl_easy_strerror");
  lookup.find(curl.easy_send, "curl_easy_send");
  lookup.find(curl.easy_recv, "curl_easy_recv");
  lookup.find(curl.multi_init, "curl_multi_init");
  lookup.find(curl.multi_add_handle, "curl_multi_add_handle");
  lookup.find(curl.multi_remove_handle, "curl_multi_remove_handle");
  lookup.find(curl.multi_perform, "curl_multi_perform");
  lookup.find(curl.multi_poll, "curl_multi_poll");
  lookup.find(curl.multi_wakeup, "curl_multi_wakeup");
  lookup.find(curl.multi_info_read, "curl_multi_info_read");
  lookup.find(curl.multi_cleanup, "curl_multi_cleanup");
  lookup.find(curl.slist_append, "curl_slist_append");
  lookup.find(curl.slist_free_all, "curl_slist_free_all");
  if (!lookup.missing().empty()) {
    return unusable(fmt::format("it has no {}", lookup.missing()));
  }
  if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return unusable("it cannot be initialised");
  }
  return curl;
}

}  // namespace lifecycle::kubernetes
