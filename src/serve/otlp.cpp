#include "serve/otlp.h"

#include <fmt/format.h>

#include "kernel/json.h"
#include "kernel/otlp_attributes.h"
#include "serve/place_shown.h"

namespace wattline::serve {
namespace {

enum Kind { server = 2, client = 3 };
constexpr int status_error = 2;

using Attributes = OtlpAttributes;

// Who provides the model, where the conventions have a name for it.
std::string_view provider(const std::string& upstream) {
  return upstream == "builtin" ? std::string_view("wattline") : std::string_view(upstream);
}

void append_answer(Attributes& to, const Answer& a) {
  const Basis& b = *a.basis;
  to.text("gen_ai.provider.name", provider(b.upstream));
  to.text("gen_ai.request.model", b.model);
  if (!a.finish_reason.empty()) to.list("gen_ai.response.finish_reasons", a.finish_reason);
  to.integer("gen_ai.usage.input_tokens", a.tokens_in);
  to.integer("gen_ai.usage.output_tokens", a.tokens_out);
  if (a.first_token) to.number("gen_ai.response.time_to_first_chunk", a.first_token->base());
  to.number("energy.joules", a.joules.value);
  to.number("energy.joules.low", a.joules.low);
  to.number("energy.joules.high", a.joules.high);
  to.text("energy.method", to_string(b.energy.method));
  to.number("carbon.g_co2e", a.carbon.value * 1e-3);
  to.text("carbon.method", to_string(b.carbon.method));
  to.number("water.litres", a.water.value * 1e-3);
  to.text("water.method", to_string(b.water.method));
  if (a.repeats()) to.number("energy.saved_joules", a.saved.value);
  to.text("wattline.cache", to_string(a.cache));
  to.text("wattline.answer_id", a.id);
  to.text("wattline.place", place_shown(b.place));
  to.text("wattline.device", b.device);
  if (a.requester) to.text("wattline.tenant", a.requester->tenant);
}

void append_id(std::string& out, std::string_view name, const std::uint8_t* bytes, std::size_t n) {
  out += ",\"";
  out += name;
  out += "\":\"";
  append_hex(out, bytes, n);
  out += '"';
}

}  // namespace

void append_span(std::string& out, const SpanRecord& s) {
  const RequestInfo& r = *s.request;
  const bool whole = !s.answer;
  const Answer* a = s.answer ? s.answer.get() : r.answers.empty() ? nullptr : r.answers.back().get();
  out += "{\"kind\":";
  out += std::to_string(whole ? server : client);
  append_id(out, "traceId", r.context.trace.data(), r.context.trace.size());
  if (whole) {
    append_id(out, "spanId", r.context.span.data(), r.context.span.size());
    if (r.parent != decltype(r.parent){}) append_id(out, "parentSpanId", r.parent.data(), r.parent.size());
  } else {
    append_id(out, "spanId", a->span.data(), a->span.size());
    append_id(out, "parentSpanId", r.context.span.data(), r.context.span.size());
  }
  if (!r.trace_state.empty()) {
    out += ",\"traceState\":";
    append_json_string(out, r.trace_state);
  }
  out += ",\"name\":";
  append_json_string(out, a ? fmt::format("{} {}", r.operation, a->basis->model) : r.operation);
  const Time begin = whole ? r.begin : a->begin, end = whole ? r.end : a->end;
  fmt::format_to(std::back_inserter(out), ",\"startTimeUnixNano\":\"{}\",\"endTimeUnixNano\":\"{}\",\"attributes\":[",
                 begin.ns, end.ns);
  Attributes to(out);
  to.text("gen_ai.operation.name", r.operation);
  to.text("wattline.request_id", r.id);
  if (a) append_answer(to, *a);
  const int status = whole ? r.status : a->http_status;
  if (whole) {
    to.text("http.request.method", r.method);
    to.text("url.path", r.path);
    to.text("client.address", r.client);
    if (r.answers.size() > 1) to.integer("wattline.tries", static_cast<std::int64_t>(r.answers.size()));
  } else {
    to.text("wattline.upstream", a->basis->upstream);
  }
  if (status > 0) to.integer("http.response.status_code", status);
  // Of a server's span only its own failures are errors (semantic conventions of HTTP).
  const bool failed =
      whole ? status >= 500 || (a && a->status == AnswerStatus::error && status < 400) : a->status != AnswerStatus::ok;
  if (failed)
    to.text("error.type",
            a && a->status == AnswerStatus::cancelled ? std::string("cancelled") : std::to_string(status));
  out += ']';
  if (failed) {
    out += fmt::format(",\"status\":{{\"code\":{}", status_error);
    if (a && !a->error.empty()) {
      out += ",\"message\":";
      append_json_string(out, a->error);
    }
    out += '}';
  }
  out += '}';
}

std::string otlp_request(const OtlpResource& resource, std::span<const SpanRecord> spans) {
  std::string out = "{\"resourceSpans\":[{\"resource\":{\"attributes\":[";
  Attributes to(out);
  to.text("service.name", resource.service_name);
  to.text("service.version", resource.service_version);
  to.text("service.instance.id", resource.instance_id);
  out += "]},\"scopeSpans\":[{\"scope\":{\"name\":\"wattline\",\"version\":";
  append_json_string(out, resource.service_version);
  out += "},\"spans\":[";
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (i > 0) out += ',';
    append_span(out, spans[i]);
  }
  out += "]}]}]}";
  return out;
}

}  // namespace wattline::serve
