#include "serve/route/evidence.h"

#include <cmath>
#include <optional>

#include <simdjson.h>

#include "serve/json_span.h"

namespace wattline::serve {
namespace {

namespace dom = simdjson::dom;

bool needs_logprobs(policy::StopRule::Method m) {
  using Method = policy::StopRule::Method;
  return m == Method::avg_logprob || m == Method::margin || m == Method::hybrid;
}

bool is_json(std::string_view text) {
  dom::parser parser;
  return !parser.parse(text.data(), text.size()).error();
}

// Of the two likeliest at one place: the difference of their probabilities.
std::optional<double> margin_of(dom::array likeliest) {
  double first = -INFINITY, second = -INFINITY;
  std::size_t count = 0;
  for (auto t : likeliest) {
    double p = 0;
    if (t["logprob"].get_double().get(p)) continue;
    ++count;
    if (p > first) {
      second = first;
      first = p;
    } else if (p > second) {
      second = p;
    }
  }
  if (count < 2) return std::nullopt;
  return std::exp(first) - std::exp(second);
}

void read_logprobs(dom::object choice, policy::Evidence& out) {
  dom::array tokens;
  if (choice["logprobs"]["content"].get_array().get(tokens)) return;
  double sum = 0, margins = 0, count = 0, with_margin = 0;
  for (auto t : tokens) {
    double p = 0;
    if (t["logprob"].get_double().get(p)) continue;
    sum += p;
    ++count;
    dom::array likeliest;
    if (t["top_logprobs"].get_array().get(likeliest)) continue;
    if (const auto m = margin_of(likeliest)) {
      margins += *m;
      ++with_margin;
    }
  }
  if (count > 0) out.avg_logprob = sum / count;
  if (count > 0 && with_margin == count) out.margin = margins / count;
}

bool good_form(dom::object choice, bool wants_json) {
  std::string_view finish, content;
  if (choice["finish_reason"].get_string().get(finish)) return false;
  // One that is cut short by the client's limit would be with any model.
  if (finish != "stop" && finish != "length" && finish != "tool_calls" && finish != "function_call") return false;
  if (dom::array calls; !choice["message"]["tool_calls"].get_array().get(calls) && calls.size() > 0) {
    for (auto call : calls) {
      std::string_view arguments;
      if (call["function"]["arguments"].get_string().get(arguments) || !is_json(arguments)) return false;
    }
    return true;
  }
  if (choice["message"]["content"].get_string().get(content)) return false;
  if (content.find_first_not_of(" \t\r\n") == std::string_view::npos) return false;
  return !wants_json || is_json(content);
}

}  // namespace

AskedEvidence ask_for_evidence(std::string_view body, policy::StopRule::Method method) {
  AskedEvidence out;
  dom::parser parser;
  dom::object root;
  if (parser.parse(body.data(), body.size()).get_object().get(root)) return out;
  std::string_view format;
  out.wants_json = !root["response_format"]["type"].get_string().get(format) && format.starts_with("json");
  dom::element given;
  if (!needs_logprobs(method) || !root["logprobs"].get(given) || !root["top_logprobs"].get(given)) return out;
  const std::size_t open = body.find('{') + 1;
  out.body.reserve(body.size() + 40);
  out.body.append(body.substr(0, open)).append(R"("logprobs":true,"top_logprobs":2,)").append(body.substr(open));
  out.added_logprobs = true;
  return out;
}

policy::Evidence evidence_of(std::string_view reply, bool wants_json) {
  policy::Evidence out;
  dom::parser parser;
  dom::array choices;
  if (parser.parse(reply.data(), reply.size())["choices"].get_array().get(choices) || choices.size() == 0) {
    out.format_ok = false;
    return out;
  }
  bool good = true, first = true;
  for (auto c : choices) {
    dom::object choice;
    if (c.get_object().get(choice)) {
      good = false;
      continue;
    }
    good &= good_form(choice, wants_json);
    if (first) read_logprobs(choice, out);
    first = false;
  }
  out.format_ok = good;
  return out;
}

std::string without_logprobs(std::string_view reply) {
  std::string out;
  const auto choices = member_span(reply, "choices");
  if (!choices) return std::string(reply);
  std::size_t done = 0, at = skip_json_space(reply, choices->begin + 1);
  while (at < choices->begin + choices->size && reply[at] == '{') {
    if (const auto span = member_span(reply, "logprobs", at)) {
      out.append(reply.substr(done, span->begin - done)).append("null");
      done = span->begin + span->size;
    }
    at = skip_json_space(reply, skip_json_value(reply, at));
    if (at < reply.size() && reply[at] == ',') at = skip_json_space(reply, at + 1);
  }
  return out.append(reply.substr(done));
}

}  // namespace wattline::serve
