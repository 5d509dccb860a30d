// What is known of one request besides its answer, for log lines and spans. Made only where somebody is to
// be told of requests; written by the thread that serves it, read by others after its end.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "serve/answers.h"
#include "serve/trace_context.h"

namespace wattline::serve {

struct RequestInfo {
  std::string id;  // x-request-id, of the client or ours
  TraceContext context;  // its trace, and its own span
  std::array<std::uint8_t, 8> parent{};  // the client's span; zero when it has none
  std::string trace_state;  // handed on as it came
  std::string method, path;  // the path without its query, which may hold what is nobody's business
  std::string client;  // address
  std::string tenant, key;  // on whose behalf; the id of the key
  std::string operation;  // "chat" where a model is asked, else ""
  std::string prompt;  // the request's body, where it is to be logged
  Time begin, end;
  int status = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;  // of bodies
  bool over = false;  // the session is done with it: nothing is added any more
  // What was tried for it, in order; the last one is what the client got.
  std::vector<AnswerPtr> answers;
};
class Gateway;
// An answer was recorded: it is one of the request's, and a span of its own.
void note_answer(Gateway&, const std::shared_ptr<RequestInfo>&, const AnswerPtr&);
// "traceparent: ...", and "tracestate: ..." where there is one.
void append_trace_headers(std::string& out, const TraceContext&, std::string_view trace_state);

using RequestInfoPtr = std::shared_ptr<const RequestInfo>;

}  // namespace wattline::serve
