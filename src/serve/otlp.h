// Spans as OTLP/HTTP wants them in JSON (OpenTelemetry protocol, ExportTraceServiceRequest), with the GenAI
// semantic conventions: span "chat MODEL", gen_ai.* attributes, and what the answer cost:
//   energy.joules, energy.joules.low, energy.joules.high, energy.method
//   carbon.g_co2e, carbon.method; water.litres, water.method
//   energy.saved_joules (modelled) where the answer repeats another
// No prompt and no answer text is ever in a span.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "serve/request_info.h"

namespace wattline::serve {

struct SpanRecord {
  RequestInfoPtr request;
  // Of one try at an upstream (kind CLIENT); null for the request as a whole (kind SERVER).
  AnswerPtr answer;
};

struct OtlpResource {
  std::string service_name, service_version, instance_id;
};

// One span as a JSON object.
void append_span(std::string& out, const SpanRecord&);
// The body of POST /v1/traces.
std::string otlp_request(const OtlpResource&, std::span<const SpanRecord>);

}  // namespace wattline::serve
