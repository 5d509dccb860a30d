#include "serve/http_text.h"

#include <array>
#include <charconv>
#include <ctime>

#include <fmt/format.h>

namespace wattline::serve {

std::string_view reason_of(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return status < 400 ? "OK" : "Error";
  }
}

std::string http_date(std::int64_t unix_seconds) {
  constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t t = unix_seconds;
  std::tm tm{};
  ::gmtime_r(&t, &tm);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[static_cast<std::size_t>(tm.tm_wday)], tm.tm_mday,
                     months[static_cast<std::size_t>(tm.tm_mon)], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

namespace {

void append_integer(std::string& out, std::int64_t value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

}  // namespace

void append_status(std::string& out, int status, std::string_view date) {
  out += "HTTP/1.1 ";
  append_integer(out, status);
  out += ' ';
  out += reason_of(status);
  out += "\r\nserver: wattline\r\ndate: ";
  out += date;
  out += "\r\n";
}

void append_json_body_headers(std::string& out, std::size_t size) {
  out += "content-type: application/json\r\ncontent-length: ";
  append_integer(out, static_cast<std::int64_t>(size));
  out += "\r\n";
}

void append_begun_headers(std::string& out, const Answer& a, std::string_view fixed) {
  out += fixed;
  out += "x-wattline-answer-id: ";
  out += a.id;
  out += "\r\n";
  if (a.route) {
    const auto text = [&](std::string_view name, std::string_view value) {
      out += name;
      for (const unsigned char c : value) out += c < ' ' || c >= 0x7f ? '?' : static_cast<char>(c);
    };
    text("x-wattline-router: ", a.route->router);
    text("\r\nx-wattline-decision: ", a.route->decision);
    text("\r\nx-wattline-algorithm: ", a.route->algorithm);
    text("\r\nx-wattline-reason: ", a.route->reason);
    out += "\r\n";
    if (!a.route->plugins.empty()) {
      out += "x-wattline-plugins: ";
      std::string_view before;
      for (const auto& p : a.route->plugins) {
        if (p.name == before) continue;
        if (!before.empty()) out += ", ";
        out += before = p.name;
      }
      out += "\r\n";
    }
  }
  if (a.cache != CacheUse::none) {
    out += "x-wattline-cache: ";
    out += a.cache == CacheUse::similar ? "semantic" : a.repeats() ? "hit" : to_string(a.cache);
    out += "\r\n";
    if (a.cache == CacheUse::similar) {
      out += "x-wattline-cache-similarity: ";
      append_short_number(out, a.look->similarity);
      out += "\r\n";
    }
  }
}

void append_account_headers(std::string& out, const Answer& a, std::string_view fixed) {
  append_begun_headers(out, a, fixed);
  const auto number = [&](std::string_view name, double value) {
    out += name;
    append_short_number(out, value);
  };
  const auto count = [&](std::string_view name, std::int64_t value) {
    out += name;
    append_integer(out, value);
  };
  number("x-wattline-energy-j: ", a.joules.value);
  out += "\r\nx-wattline-energy-method: ";
  out += to_string(a.basis->energy.method);
  number("\r\nx-wattline-carbon-mgco2e: ", a.carbon.value);
  number("\r\nx-wattline-water-ml: ", a.water.value);
  count("\r\nx-wattline-tokens-in: ", a.tokens_in);
  count("\r\nx-wattline-tokens-out: ", a.tokens_out);
  number("\r\nx-wattline-latency-ms: ", a.latency.in(units::ms));
  if (a.first_token) number("\r\nx-wattline-ttft-ms: ", a.first_token->in(units::ms));
  if (a.repeats()) number("\r\nx-wattline-saved-j: ", a.saved.value);
  out += "\r\n";
}

std::string usage_chunk(const Answer& a, std::string_view account, bool completions) {
  std::string model;
  append_json_string(model, a.basis->model);
  return fmt::format(
      "{{\"id\":\"{}-{}\",\"object\":\"{}\",\"created\":{},\"model\":{},\"choices\":[],"
      "\"usage\":{{\"prompt_tokens\":{},\"completion_tokens\":{},\"total_tokens\":{},\"wattline\":{}}}}}",
      completions ? "cmpl" : "chatcmpl", a.id, completions ? "text_completion" : "chat.completion.chunk",
      a.begin.ns / 1'000'000'000, model, a.tokens_in, a.tokens_out, a.tokens_in + a.tokens_out, account);
}

std::string own_chunk(const Answer& a, std::string_view delta, std::string_view finish) {
  std::string model;
  append_json_string(model, a.basis->model);
  return fmt::format(
      "{{\"id\":\"chatcmpl-{}\",\"object\":\"chat.completion.chunk\",\"created\":{},\"model\":{},"
      "\"choices\":[{{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":{}}}]}}",
      a.id, a.begin.ns / 1'000'000'000, model, delta, finish.empty() ? "null" : fmt::format("\"{}\"", finish));
}

std::string content_delta(std::string_view text) {
  std::string out = "{\"content\":";
  append_json_string(out, text);
  return out + "}";
}

std::string own_completion(const Answer& a, std::string_view text) {
  std::string model, content;
  append_json_string(model, a.basis->model);
  append_json_string(content, text);
  return fmt::format(
      "{{\"id\":\"chatcmpl-{}\",\"object\":\"chat.completion\",\"created\":{},\"model\":{},\"choices\":[{{\"index\":0,"
      "\"message\":{{\"role\":\"assistant\",\"content\":{}}},\"logprobs\":null,\"finish_reason\":\"{}\"}}],"
      "\"usage\":{{\"prompt_tokens\":{},\"completion_tokens\":{},\"total_tokens\":{}}}}}",
      a.id, a.begin.ns / 1'000'000'000, model, content, a.finish_reason, a.tokens_in, a.tokens_out,
      a.tokens_in + a.tokens_out);
}

std::string error_event(std::string_view error_json) { return fmt::format("data: {}\n\n", error_json); }

}  // namespace wattline::serve
