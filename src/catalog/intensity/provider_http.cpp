#include "catalog/intensity/provider_http.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <thread>

#include <fmt/format.h>

namespace wattline::catalog {
namespace {

// Of JSON: a year of five-minute values is some 8 MB, and no question asks for a year.
constexpr std::size_t largest_answer = std::size_t{16} << 20;
constexpr std::size_t most_words = 200;
constexpr Duration first_pause{0.5};  // before the first repeat; twice as long before each further one

// "Thu, 26 Nov 2026 03:00:00 GMT" (RFC 9110, 5.6.7).
std::optional<Time> http_date(std::string_view text) {
  std::tm t{};
  const char* end = ::strptime(std::string(text).c_str(), "%a, %d %b %Y %H:%M:%S GMT", &t);
  if (!end) return std::nullopt;
  return Time{static_cast<std::int64_t>(::timegm(&t)) * 1'000'000'000};
}

}  // namespace

std::optional<Duration> retry_after(std::string_view header, Time now) {
  if (header.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, ec] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (ec == std::errc() && end == header.data() + header.size() && seconds >= 0)
    return Duration(static_cast<double>(seconds));
  if (const auto at = http_date(header)) return std::max(Duration(0), *at - now);
  return std::nullopt;
}

std::string words_of(std::string_view body) {
  std::string out;
  try {
    const Json json = parse_json(body);
    for (const char* member : {"error", "message", "detail"})
      if (const Json* m = json.find(member); m && m->is_string() && !m->as_string().empty())
        out += (out.empty() ? "" : " ") + m->as_string();
  } catch (const Error&) {
    return {};
  }
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  if (out.size() > most_words) {
    std::size_t cut = most_words;
    while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xc0) == 0x80) --cut;
    out = out.substr(0, cut) + " ...";
  }
  return out;
}

void check_is_json(std::string_view body, std::string_view type, const std::string& where) {
  const auto first = body.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first == std::string_view::npos) throw world_error("the answer is empty", where);
  if (body[first] == '<' || type.starts_with("text/html"))
    throw world_error("a web page came instead of JSON", where,
                      "a proxy or a log-in stands in between, or url is wrong");
  if (body[first] != '{' && body[first] != '[')
    throw world_error(fmt::format("the answer is no JSON: it is {} bytes of something else", body.size()), where,
                      "is url right?");
}

Duration ProviderHttp::left() const {
  return config_.deadline - Duration(static_cast<double>(monotonic_ns() - began_ns_) * 1e-9);
}

bool ProviderHttp::wait(Duration pause) {
  if (pause >= left()) return false;
  const std::int64_t until = monotonic_ns() + static_cast<std::int64_t>(pause.base() * 1e9);
  while (monotonic_ns() < until) {
    if (cancelled_ && cancelled_()) throw Error(ErrorKind::cancelled, "cancelled", shown_url(config_.url));
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::min<std::int64_t>(until - monotonic_ns(), 50'000'000)));
  }
  return true;
}

std::string ProviderHttp::without_secrets(std::string text) const {
  constexpr std::string_view shown = "***";
  for (const auto& s : secrets_)
    for (std::size_t at = 0; !s.empty() && (at = text.find(s, at)) != std::string::npos; at += shown.size())
      text.replace(at, s.size(), shown);
  return text;
}

void ProviderHttp::refuse(const FetchResponse& r, const std::string& where) const {
  std::string words = without_secrets(words_of(r.body));
  if (!words.empty()) words = fmt::format(": it says \"{}\"", words);
  const std::string_view who = title_of(config_.name);
  switch (r.status) {
    case 401:
    case 403:
      throw Error(ErrorKind::denied, fmt::format("{} refuses (HTTP {}){}", who, r.status, words), where,
                  "the key is wrong or ran out, or its contract does not hold this zone or these times");
    case 404: throw Error(ErrorKind::not_found, fmt::format("{} does not know this (HTTP 404){}", who, words), where);
    case 429: {
      const auto asked = retry_after(r.header("retry-after"), Time::now());
      throw world_error(asked
                            ? fmt::format("{} says to ask again in {:.0f} s (HTTP 429), and the deadline is {:.3g} s{}",
                                          who, asked->base(), config_.deadline.base(), words)
                            : fmt::format("{} was asked too often (HTTP 429){}", who, words),
                        where, "ask later, for less, or with a longer deadline");
    }
    default:
      if (r.status >= 500)
        throw world_error(fmt::format("{} fails (HTTP {}){}", who, r.status, words), where, "try again later");
      throw world_error(fmt::format("{} does not take the question (HTTP {}){}", who, r.status, words), where);
  }
}

std::string ProviderHttp::get(const std::string& path, const Query& query, const HttpHeaders& headers) {
  FetchRequest request;
  request.url = config_.url + path;
  char join = '?';
  for (const auto& [name, value] : query) {
    request.url += fmt::format("{}{}={}", join, name, url_encoded(value));
    join = '&';
  }
  request.headers = headers;
  request.headers.emplace_back("accept", "application/json");
  request.body_limit = largest_answer;
  request.proxy = config_.proxy;
  request.ca_file = config_.ca_file;
  request.cancelled = cancelled_;
  const std::string at = where(path);
  Duration pause = first_pause;
  for (int tries = 0;; ++tries, pause = pause * 2.0) {
    request.deadline = left();
    if (!(request.deadline.base() > 0))
      throw world_error(fmt::format("no answer within the deadline of {:.3g} s", config_.deadline.base()), at);
    FetchResponse r;
    try {
      r = fetch(request);
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::world || tries >= config_.retries || !wait(pause)) throw;
      continue;
    }
    if (r.status >= 200 && r.status < 300) {
      check_is_json(r.body, r.header("content-type"), at);
      return std::move(r.body);
    }
    const bool may_do_better = r.status == 429 || r.status >= 500;
    if (!may_do_better || tries >= config_.retries) refuse(r, at);
    if (!wait(retry_after(r.header("retry-after"), Time::now()).value_or(pause))) refuse(r, at);
  }
}

}  // namespace wattline::catalog
