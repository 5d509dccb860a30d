#include "serve/answer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

#include "serve/place_shown.h"

namespace wattline::serve {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view text) {
  fmt::format_to(std::back_inserter(out), ",\"{}\":", name);
  append_json_string(out, text);
}

constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                             1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// The decimal exponent of v in 1e-16 .. 1e16, from the binary one: that gives it to within one.
int decimal_exponent(double v) {
  const int binary = static_cast<int>(std::bit_cast<std::uint64_t>(v) >> 52) - 1023;
  const int low = (binary * 78913) >> 18;  // times lg 2, downwards
  const bool above = low + 1 >= 0 ? v >= powers[low + 1] : v * powers[-(low + 1)] >= 1;
  return above ? low + 1 : low;
}

// The digits of n, two at a time; it has exactly `count`.
void put_digits(char* to, std::uint32_t n, int count) {
  static constexpr auto pairs = [] {
    std::array<char, 200> out{};
    for (int i = 0; i < 100; ++i) {
      out[static_cast<std::size_t>(2 * i)] = static_cast<char>('0' + i / 10);
      out[static_cast<std::size_t>(2 * i + 1)] = static_cast<char>('0' + i % 10);
    }
    return out;
  }();
  for (; count > 1; count -= 2, n /= 100) std::memcpy(to + count - 2, &pairs[2 * (n % 100)], 2);
  if (count == 1) *to = static_cast<char>('0' + n % 10);
}

constexpr int longest_number = 24;

// As "%.{digits}g" writes it, many times faster: a dozen of them go with every answer. At most 8 digits; the last
// may differ where the number lies half-way. What is no number is null. `longest_number` bytes are enough; the end
// is returned.
char* put_number(char* to, double v, int digits) {
  const auto put = [&](const char* from, int count) { to = std::copy_n(from, count, to); };
  if (!std::isfinite(v)) {
    put("null", 4);
    return to;
  }
  if (v == 0) {
    *to++ = '0';
    return to;
  }
  if (std::abs(v) < 1e-15 || std::abs(v) > 1e15) return fmt::format_to(to, "{:.{}g}", v, digits);
  if (v < 0) {
    *to++ = '-';
    v = -v;
  }
  int exponent = decimal_exponent(v);
  const int shift = digits - 1 - exponent;
  auto n = static_cast<std::uint32_t>((shift >= 0 ? v * powers[shift] : v / powers[-shift]) + 0.5);
  if (n >= static_cast<std::uint32_t>(powers[digits])) {
    n /= 10;
    ++exponent;
  } else if (n < static_cast<std::uint32_t>(powers[digits - 1])) {
    n *= 10;
    --exponent;
  }
  char number[8];
  put_digits(number, n, digits);
  int size = digits;
  while (size > 1 && number[size - 1] == '0') --size;
  const auto zeros = [&](int count) { to = std::fill_n(to, count, '0'); };
  if (exponent >= 0 && exponent < digits) {
    const int whole = exponent + 1;
    put(number, std::min(whole, size));
    if (size <= whole) {
      zeros(whole - size);
    } else {
      *to++ = '.';
      put(number + whole, size - whole);
    }
  } else if (exponent < 0 && exponent >= -4) {
    put("0.", 2);
    zeros(-exponent - 1);
    put(number, size);
  } else {
    *to++ = number[0];
    if (size > 1) {
      *to++ = '.';
      put(number + 1, size - 1);
    }
    *to++ = 'e';
    *to++ = exponent < 0 ? '-' : '+';
    const int e = std::abs(exponent);
    *to++ = static_cast<char>('0' + e / 10);
    *to++ = static_cast<char>('0' + e % 10);
  }
  return to;
}

void append_number(std::string& out, double v, int digits) {
  char text[longest_number];
  out.append(text, put_number(text, v, digits));
}

}  // namespace

std::string_view to_string(AnswerStatus s) {
  switch (s) {
    case AnswerStatus::ok: return "ok";
    case AnswerStatus::error: return "error";
    case AnswerStatus::cancelled: return "cancelled";
  }
  return "error";
}

FigureBasis figure_basis(std::string unit, Method method, std::vector<std::string> sources) {
  FigureBasis out{std::move(unit), method, std::move(sources), {}, {}};
  out.short_tail = fmt::format(",\"unit\":\"{}\",\"method\":\"{}\"}}", out.unit, to_string(method));
  JsonWriter w;
  w.begin_object().member("unit", out.unit).member("method", to_string(method));
  w.key("sources").begin_array();
  for (const auto& s : out.sources) w.value(s);
  w.end_array().end_object();
  out.tail = w.take();
  out.tail[0] = ',';
  return out;
}

void append_short_number(std::string& out, double v) { append_number(out, v, 4); }

std::string short_number(double v) {
  std::string out;
  append_number(out, v, 4);
  return out;
}

namespace {

void append_figure(std::string& out, const Impact& v, std::string_view tail) {
  char text[64 + 3 * longest_number];
  char* to = text;
  const auto put = [&](std::string_view words, double number) {
    to = std::copy(words.begin(), words.end(), to);
    to = put_number(to, number, 6);
  };
  put("{\"value\":", v.value);
  put(",\"low\":", v.low);
  put(",\"high\":", v.high);
  out.append(text, to).append(tail);
}

}  // namespace

std::string_view to_string(CacheUse c) {
  switch (c) {
    case CacheUse::miss: return "miss";
    case CacheUse::bypass: return "bypass";
    case CacheUse::hit: return "hit";
    case CacheUse::shared: return "single_flight";
    case CacheUse::similar: return "semantic";
    case CacheUse::audit: return "audit";
    default: return "";
  }
}

std::string energy_cause(const Basis& b) { return "serve.energy." + b.upstream + "." + b.model; }

void append_impact(std::string& out, const Impact& v, const FigureBasis& basis) { append_figure(out, v, basis.tail); }

namespace {

void write_plugins(JsonWriter& w, const RouteTold& r) {
  w.begin_array();
  for (const auto& p : r.plugins) w.begin_object().member("name", p.name).member("effect", p.effect).end_object();
  w.end_array();
}

// What did not happen is never measured, so the saving is modelled: as much as the first time.
void append_cache(std::string& out, const Answer& a) {
  if (a.cache == CacheUse::none) return;
  append_member(out, "cache", to_string(a.cache));
  if (a.cache == CacheUse::similar)
    fmt::format_to(std::back_inserter(out), ",\"similarity\":{:.4f}", a.look->similarity);
  if (!a.repeats()) return;
  out += ",\"saved\":{\"energy\":";
  append_figure(out, a.saved, ",\"unit\":\"J\",\"method\":\"modelled\"}");
  append_member(out, "answer_id", a.saved_from);
  out += '}';
}

}  // namespace

void append_usage(std::string& out, const Answer& a) {
  out += "{\"energy\":";
  append_figure(out, a.joules, a.basis->energy.short_tail);
  out += ",\"carbon\":";
  append_figure(out, a.carbon, a.basis->carbon.short_tail);
  out += ",\"water\":";
  append_figure(out, a.water, a.basis->water.short_tail);
  out += ",\"answer_id\":\"";
  out += a.id;
  out += '"';
  append_cache(out, a);
  if (a.route && !a.route->plugins.empty()) {
    JsonWriter w;
    write_plugins(w, *a.route);
    out += ",\"plugins\":";
    out += w.str();
  }
  out += '}';
}

namespace {

void append_route(std::string& out, const Answer& a) {
  const RouteTold& r = *a.route;
  JsonWriter w;
  w.begin_object().member("router", r.router).member("decision", r.decision).member("algorithm", r.algorithm);
  w.member("reason", r.reason).member("propensity", r.propensity).member("expected_quality", r.quality);
  w.member("expected_energy_j", r.joules).member("energy_j", a.routing.base());
  if (!r.user.empty()) w.member("user", r.user).member("shift", r.shift);
  w.key("considered").begin_array();
  for (const auto& c : r.considered) {
    w.begin_object().member("model", c.model).member("score", c.score).member("expected_quality", c.quality);
    w.member("expected_energy_j", c.joules);
    if (!c.unable_because.empty()) w.member("unable_because", c.unable_because);
    w.end_object();
  }
  w.end_array();
  if (!r.plugins.empty()) {
    w.key("plugins");
    write_plugins(w, r);
  }
  w.end_object();
  out += ",\"route\":";
  out += w.str();
}

}  // namespace

namespace {

void append_look(std::string& out, const Answer& a) {
  const LookTold& l = *a.look;
  JsonWriter w;
  w.begin_object().member("similarity", l.similarity).member("threshold", l.threshold);
  w.member("same_text", l.same_text).member("category", l.category);
  if (!l.why_not.empty()) w.member("why_not", l.why_not);
  w.member("energy_j", a.looking.base()).end_object();
  out += ",\"semantic_cache\":";
  out += w.str();
}

}  // namespace

void append_json(std::string& out, const Answer& a) {
  const Basis& b = *a.basis;
  out += "{\"id\":\"";
  out += a.id;
  out += '"';
  append_member(out, "time", to_string(a.begin, 3));
  append_member(out, "model", b.model);
  append_member(out, "upstream", b.upstream);
  append_member(out, "device", b.device);
  append_member(out, "status", to_string(a.status));
  if (!a.attempt.empty()) {
    append_member(out, "attempt", a.attempt);
    append_member(out, "of", a.of);
  }
  fmt::format_to(std::back_inserter(out), ",\"http_status\":{},\"streamed\":{}", a.http_status, a.streamed);
  fmt::format_to(std::back_inserter(out),
                 ",\"tokens_in\":{},\"tokens_out\":{},\"tokens_estimated\":{},\"latency_ms\":{:.6g},\"ttft_ms\":",
                 a.tokens_in, a.tokens_out, a.tokens_estimated, a.latency.in(units::ms));
  out += a.first_token ? fmt::format("{:.6g}", a.first_token->in(units::ms)) : "null";
  out += ",\"energy\":";
  append_impact(out, a.joules, b.energy);
  out += ",\"carbon\":";
  append_impact(out, a.carbon, b.carbon);
  out += ",\"water\":";
  append_impact(out, a.water, b.water);
  out += ",\"finish_reason\":";
  if (a.finish_reason.empty()) out += "null";
  else append_json_string(out, a.finish_reason);
  if (!a.error.empty()) append_member(out, "error", a.error);
  if (!a.request_id.empty()) append_member(out, "request_id", a.request_id);
  append_cache(out, a);
  if (a.route) append_route(out, a);
  if (a.look) append_look(out, a);
  append_member(out, "place", place_shown(b.place));
  if (a.requester) append_member(out, "tenant", a.requester->tenant);
  out += '}';
}

}  // namespace wattline::serve
