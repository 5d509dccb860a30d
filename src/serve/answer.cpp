#include "serve/answer.h"

#include <iterator>

#include <fmt/format.h>

namespace wattline::serve {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view text) {
  fmt::format_to(std::back_inserter(out), ",\"{}\":", name);
  append_json_string(out, text);
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

std::string short_number(double v) { return fmt::format("{:.4g}", v); }

namespace {

void append_figure(std::string& out, const Impact& v, std::string_view tail) {
  fmt::format_to(std::back_inserter(out), "{{\"value\":{:.6g},\"low\":{:.6g},\"high\":{:.6g}", v.value, v.low, v.high);
  out += tail;
}

}  // namespace

void append_impact(std::string& out, const Impact& v, const FigureBasis& basis) { append_figure(out, v, basis.tail); }

void append_usage(std::string& out, const Answer& a) {
  out += "{\"energy\":";
  append_figure(out, a.joules, a.basis->energy.short_tail);
  out += ",\"carbon\":";
  append_figure(out, a.carbon, a.basis->carbon.short_tail);
  out += ",\"water\":";
  append_figure(out, a.water, a.basis->water.short_tail);
  out += ",\"answer_id\":\"";
  out += a.id;
  out += "\"}";
}

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
  append_member(out, "place", b.place);
  out += '}';
}

}  // namespace wattline::serve
