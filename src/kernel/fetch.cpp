#include "kernel/fetch.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "kernel/curl_library.h"
#include "kernel/error.h"
#include "kernel/time.h"

namespace wattline {
namespace {

constexpr int most_redirects = 3;
constexpr std::size_t largest_head = std::size_t{64} << 10;
constexpr int wait_ms = 100;  // between two looks at `cancelled`

// By a call of the library, which is open when there is something to free.
template <auto call>
struct FreedBy {
  template <class T>
  void operator()(T* held) const {
    (CurlLibrary::get().*call)(held);
  }
};
using HeldUrl = std::unique_ptr<CURLU, FreedBy<&CurlLibrary::url_cleanup>>;
using HeldList = std::unique_ptr<curl_slist, FreedBy<&CurlLibrary::slist_free_all>>;
// The library's two kinds of handles are one type to the compiler, and each has a way to be freed.
using HeldEasy = std::unique_ptr<CURL, FreedBy<&CurlLibrary::easy_cleanup>>;
using HeldMulti = std::unique_ptr<CURLM, FreedBy<&CurlLibrary::multi_cleanup>>;

struct UrlParts {
  std::string scheme, host, port, path;
  bool user = false;
  bool same_origin(const UrlParts& o) const { return scheme == o.scheme && host == o.host && port == o.port; }
};

std::optional<UrlParts> parts_of(std::string_view url) {
  const CurlLibrary& curl = CurlLibrary::get();
  const HeldUrl handle(curl.url());
  if (!handle || curl.url_set(handle.get(), CURLUPART_URL, std::string(url).c_str(), CURLU_NON_SUPPORT_SCHEME))
    return std::nullopt;
  const auto part = [&](CURLUPart what, unsigned flags = 0) {
    char* text = nullptr;
    std::string out;
    if (curl.url_get(handle.get(), what, &text, flags) == CURLUE_OK && text) out = text;
    curl.free(text);
    return out;
  };
  UrlParts out{part(CURLUPART_SCHEME), part(CURLUPART_HOST), part(CURLUPART_PORT, CURLU_DEFAULT_PORT),
               part(CURLUPART_PATH)};
  std::transform(out.host.begin(), out.host.end(), out.host.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  out.user = !part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty();
  return out;
}

bool plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

UrlParts checked(const FetchRequest& r) {
  const auto url = plain(r.url) && r.url.find(' ') == std::string::npos ? parts_of(r.url) : std::nullopt;
  if (!url || url->host.empty()) throw bad_input("is no URL", shown_url(r.url), "as in https://api.example.com/v3");
  if (url->scheme != "http" && url->scheme != "https")
    throw bad_input(fmt::format("'{}' found; http or https is allowed", url->scheme.substr(0, 20)), shown_url(r.url));
  if (url->user)
    throw bad_input("a user or password stands in the URL", shown_url(r.url), "keys are given apart, never in a URL");
  if (r.method != "GET" && r.method != "POST")
    throw bad_input(fmt::format("'{}' found; GET or POST is allowed", r.method.substr(0, 20)), "method");
  for (const auto& [name, value] : r.headers)
    if (name.empty() || !plain(name) || name.find_first_of(": ") != std::string::npos || !plain(value))
      throw bad_input("a header has a line end or control character in it", shown_url(r.url),
                      "a key that was read from a file may end with one");
  return *url;
}

struct Answer {
  FetchResponse response;
  std::size_t head = 0, limit = 0;
  bool head_too_large = false, body_too_large = false;
};

std::size_t take_body(char* data, std::size_t, std::size_t n, void* to) {
  auto& a = *static_cast<Answer*>(to);
  if (n > a.limit - std::min(a.limit, a.response.body.size())) {
    a.body_too_large = true;
    return 0;
  }
  a.response.body.append(data, n);
  return n;
}

std::size_t take_header(char* data, std::size_t, std::size_t n, void* to) {
  auto& a = *static_cast<Answer*>(to);
  if ((a.head += n) > largest_head) {
    a.head_too_large = true;
    return 0;
  }
  std::string_view line(data, n);
  // An answer may follow others: 100 Continue, or that of a proxy to CONNECT.
  if (line.starts_with("HTTP/")) a.response.headers.clear();
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return n;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  line.remove_prefix(colon + 1);
  const auto first = line.find_first_not_of(" \t\r\n"), last = line.find_last_not_of(" \t\r\n");
  a.response.headers.emplace_back(
      std::move(name), first == std::string_view::npos ? "" : std::string(line.substr(first, last - first + 1)));
  return n;
}

long milliseconds(Duration d) { return static_cast<long>(std::clamp(std::ceil(d.base() * 1e3), 1.0, 1e9)); }

// One request, no redirect followed. `target` becomes where it is redirected to.
class Exchange {
 public:
  Exchange(const FetchRequest& request, const std::string& url, Duration left) : r_(request), url_(url), left_(left) {
    easy_.reset(curl_.easy_init());
    multi_.reset(curl_.multi_init());
    if (!easy_ || !multi_) throw world_error("the HTTP library cannot be set up", shown_url(url));
  }
  ~Exchange() { curl_.multi_remove_handle(multi_.get(), easy_.get()); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  FetchResponse run(std::string& target) {
    set_up();
    curl_.multi_add_handle(multi_.get(), easy_.get());
    const CURLcode code = wait();
    if (code != CURLE_OK) fail(code);
    long status = 0;
    curl_.easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    answer_.response.status = static_cast<int>(status);
    char* location = nullptr;
    curl_.easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &location);
    target = location ? location : "";
    return std::move(answer_.response);
  }

 private:
  template <class V>
  void set(CURLoption option, V value) {
    if (const CURLcode code = curl_.easy_setopt(easy_.get(), option, value); code != CURLE_OK)
      throw Error(ErrorKind::unsupported,
                  fmt::format("the HTTP library refuses an option: {}", curl_.easy_strerror(code)), shown_url(url_));
  }

  void set_up() {
    answer_.limit = r_.body_limit;
    set(CURLOPT_URL, url_.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!r_.ca_file.empty()) set(CURLOPT_CAINFO, r_.ca_file.c_str());
    set(CURLOPT_PROXY, r_.proxy.c_str());
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_NOSIGNAL, 1L);
    // A name server that does not answer must not hold us beyond the deadline.
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, std::min(milliseconds(r_.connect_deadline), milliseconds(left_)));
    set(CURLOPT_TIMEOUT_MS, milliseconds(left_));
    set(CURLOPT_WRITEFUNCTION, &take_body);
    set(CURLOPT_WRITEDATA, &answer_);
    set(CURLOPT_HEADERFUNCTION, &take_header);
    set(CURLOPT_HEADERDATA, &answer_);
    // What says that it is too large is not even begun.
    set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(r_.body_limit));
    set(CURLOPT_ERRORBUFFER, reason_);
    set(CURLOPT_USERAGENT, "wattline");
    if (r_.method == "POST") {
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(r_.body.size()));
      set(CURLOPT_POSTFIELDS, r_.body.data());
    }
    curl_slist* list = nullptr;
    for (const auto& [name, value] : r_.headers)
      // "name;" is how the library is told of a header without a value.
      list =
          curl_.slist_append(list, value.empty() ? (name + ";").c_str() : fmt::format("{}: {}", name, value).c_str());
    list = curl_.slist_append(list, "Expect:");
    headers_.reset(list);
    set(CURLOPT_HTTPHEADER, list);
  }

  CURLcode wait() {
    int running = 1;
    while (true) {
      if (const CURLMcode m = curl_.multi_perform(multi_.get(), &running); m != CURLM_OK)
        throw world_error(curl_.multi_strerror(m), shown_url(url_));
      int left = 0;
      while (const CURLMsg* message = curl_.multi_info_read(multi_.get(), &left))
        if (message->msg == CURLMSG_DONE) return message->data.result;
      if (!running) return CURLE_RECV_ERROR;
      if (r_.cancelled && r_.cancelled()) throw Error(ErrorKind::cancelled, "cancelled", shown_url(url_));
      curl_.multi_poll(multi_.get(), nullptr, 0, wait_ms, nullptr);
    }
  }

  [[noreturn]] void fail(CURLcode code) {
    const std::string where = shown_url(url_);
    if (answer_.body_too_large || code == CURLE_FILESIZE_EXCEEDED)
      throw world_error(fmt::format("the answer is larger than the {} bytes that are allowed", r_.body_limit), where);
    if (answer_.head_too_large)
      throw world_error(fmt::format("the answer's head is larger than the {} bytes that are allowed", largest_head),
                        where);
    const std::string why = reason_[0] ? reason_ : curl_.easy_strerror(code);
    switch (code) {
      case CURLE_OPERATION_TIMEDOUT:
        if (curl_off_t ready = 0;
            curl_.easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &ready) == CURLE_OK && ready == 0)
          throw world_error(fmt::format("no connection within {:.3g} s", std::min(left_, r_.connect_deadline).base()),
                            where, "is the host up, and may this machine reach it?");
        throw world_error(fmt::format("no whole answer within {:.3g} s", left_.base()), where,
                          "the other side or the way there is slow: try again, or allow more time");
      case CURLE_COULDNT_RESOLVE_HOST:
        throw world_error("the host's name is not known", where, "is it spelt right, and is there a network?");
      case CURLE_PARTIAL_FILE: throw world_error(fmt::format("the answer was cut short: {}", why), where, "try again");
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CACERT_BADFILE:
        throw world_error(fmt::format("the certificate does not hold: {}", why), where,
                          "nothing was sent; a certificate of your own authority is trusted when its file is given");
      default: throw world_error(fmt::format("no answer: {}", why), where);
    }
  }

  const CurlLibrary& curl_ = CurlLibrary::get();
  const FetchRequest& r_;
  const std::string& url_;
  const Duration left_;
  Answer answer_;
  char reason_[CURL_ERROR_SIZE] = {};
  HeldList headers_;
  HeldEasy easy_;
  HeldMulti multi_;
};

}  // namespace

std::string_view FetchResponse::header(std::string_view name) const {
  for (const auto& [n, v] : headers)
    if (n == name) return v;
  return {};
}

FetchResponse fetch(const FetchRequest& request) {
  const UrlParts origin = checked(request);
  const std::int64_t begin = monotonic_ns();
  std::string url = request.url, target;
  for (int followed = 0;; ++followed) {
    const Duration left = request.deadline - Duration(static_cast<double>(monotonic_ns() - begin) * 1e-9);
    if (!(left.base() > 0))
      throw world_error(fmt::format("no whole answer within {:.3g} s", request.deadline.base()), shown_url(url));
    FetchResponse out = Exchange(request, url, left).run(target);
    if (out.status < 300 || out.status >= 400 || out.status == 304 || target.empty() || request.method != "GET")
      return out;
    const auto there = parts_of(target);
    if (!there || !there->same_origin(origin) || there->user)
      throw world_error(fmt::format("leads to {}, and that is another place", shown_url(target)), shown_url(url),
                        "redirects to another host, port or scheme are not followed: give the URL itself");
    if (followed == most_redirects)
      throw world_error(fmt::format("leads on and on: {} redirects", followed + 1), shown_url(url));
    url = target;
  }
}

std::string shown_url(std::string_view url) {
  std::optional<UrlParts> parts;
  try {
    parts = parts_of(url);
  } catch (const Error&) {
    // Without the library nothing is known of it; whoever fetches is told why.
  }
  // What cannot be taken apart may hold anything anywhere.
  if (!parts || parts->host.empty()) return "the URL";
  const bool usual =
      (parts->scheme == "https" && parts->port == "443") || (parts->scheme == "http" && parts->port == "80");
  return fmt::format("{}://{}{}{}", parts->scheme, parts->host,
                     usual || parts->port.empty() ? "" : fmt::format(":{}", parts->port), parts->path);
}

bool is_loopback_url(std::string_view url) {
  const auto parts = parts_of(url);
  return parts &&
         (parts->host == "localhost" || parts->host == "[::1]" ||
          (parts->host.starts_with("127.") && parts->host.find_first_not_of("0123456789.") == std::string::npos));
}

std::string url_encoded(std::string_view text) {
  std::string out;
  for (const unsigned char c : text) {
    const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '_' || c == '.' || c == '~';
    if (safe) out += static_cast<char>(c);
    else out += fmt::format("%{:02X}", c);
  }
  return out;
}

}  // namespace wattline
