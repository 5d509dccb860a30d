#include "policy/plugins/request_params.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace wattline::policy {
namespace {

// What a request is about: never taken out.
constexpr std::string_view needed[] = {"model", "messages", "stream", "stream_options"};
// OpenAI API reference, "Create chat completion", and what servers of open models add.
constexpr std::string_view known[] = {"audio",
                                      "chat_template_kwargs",
                                      "frequency_penalty",
                                      "function_call",
                                      "functions",
                                      "guided_json",
                                      "ignore_eos",
                                      "length_penalty",
                                      "logit_bias",
                                      "logprobs",
                                      "max_completion_tokens",
                                      "max_tokens",
                                      "messages",
                                      "metadata",
                                      "min_p",
                                      "min_tokens",
                                      "modalities",
                                      "model",
                                      "n",
                                      "parallel_tool_calls",
                                      "prediction",
                                      "presence_penalty",
                                      "prompt_cache_key",
                                      "prompt_cache_retention",
                                      "reasoning_effort",
                                      "repetition_penalty",
                                      "response_format",
                                      "safety_identifier",
                                      "seed",
                                      "service_tier",
                                      "skip_special_tokens",
                                      "stop",
                                      "stop_token_ids",
                                      "store",
                                      "stream",
                                      "stream_options",
                                      "structured_outputs",
                                      "temperature",
                                      "tool_choice",
                                      "tools",
                                      "top_k",
                                      "top_logprobs",
                                      "top_p",
                                      "user",
                                      "verbosity",
                                      "web_search_options",
                                      "best_of"};

bool is_needed(std::string_view name) { return std::ranges::find(needed, name) != std::end(needed); }
bool is_known(std::string_view name) { return std::ranges::find(known, name) != std::end(known); }

// The number of a member; nothing where it is none. What is beyond 64 bits is the largest.
std::optional<double> number_of(std::string_view json) {
  double v = 0;
  const auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), v);
  if (error == std::errc::result_out_of_range) return 1e300;
  if (error != std::errc() || end != json.data() + json.size()) return std::nullopt;
  return v;
}

std::optional<std::int64_t> whole(Settings& s, std::string_view key) {
  if (!s.has(key)) return std::nullopt;
  const double v = s.number(key, 1, 1, 1e9);
  return static_cast<std::int64_t>(v);
}

}  // namespace

RequestParams RequestParams::read(Settings& s) {
  RequestParams p;
  p.blocked = s.texts("blocked_params");
  for (const auto& name : p.blocked)
    if (is_needed(name))
      s.fault("needed-parameter", fmt::format("'{}' cannot be taken out of a request", name),
              "take it out of blocked_params");
  p.max_tokens_limit = whole(s, "max_tokens_limit");
  p.default_max_tokens = whole(s, "default_max_tokens");
  p.max_n = whole(s, "max_n");
  p.strip_unknown = s.flag("strip_unknown", false);
  if (p.max_tokens_limit && p.default_max_tokens && *p.default_max_tokens > *p.max_tokens_limit)
    s.fault(
        "out-of-range",
        fmt::format("default_max_tokens is {}, above max_tokens_limit, {}", *p.default_max_tokens, *p.max_tokens_limit),
        "make it at most the limit");
  return p;
}

std::string RequestParams::apply(Draft& d) const {
  using State = DraftMember::State;
  std::vector<std::string> done, out;
  std::size_t unknown = 0;
  bool limited = false;
  const auto cap = [&](DraftMember& m, std::int64_t most) {
    const auto v = number_of(m.value);
    if (!v || *v <= static_cast<double>(most)) return;
    m.value = std::to_string(most);
    m.state = State::changed;
    done.push_back(fmt::format("{} capped at {}", m.name, most));
  };
  for (auto& m : d.members) {
    if (m.state == State::dropped || is_needed(m.name)) continue;
    if (std::find(blocked.begin(), blocked.end(), m.name) != blocked.end()) {
      m.state = State::dropped;
      if (std::find(out.begin(), out.end(), m.name) == out.end()) out.push_back(m.name);
      continue;
    }
    if (strip_unknown && !is_known(m.name)) {
      m.state = State::dropped;
      ++unknown;
      continue;
    }
    const bool tokens = m.name == "max_tokens" || m.name == "max_completion_tokens";
    if (tokens && m.value != "null") limited = true;
    if (tokens && max_tokens_limit) cap(m, *max_tokens_limit);
    if (m.name == "n" && max_n) cap(m, *max_n);
  }
  // A limit without a number in the request is one all the same.
  const auto fill = default_max_tokens ? default_max_tokens : max_tokens_limit;
  if (!limited && fill) {
    std::erase_if(d.members, [](const DraftMember& m) { return m.name == "max_tokens" && m.state == State::added; });
    for (auto& m : d.members)
      if (m.name == "max_tokens") m.state = State::dropped;  // null
    d.members.push_back({"max_tokens", std::to_string(*fill), State::added});
    done.push_back(fmt::format("max_tokens set to {}", *fill));
  }
  if (!out.empty()) done.insert(done.begin(), fmt::format("taken out: {}", fmt::join(out, ", ")));
  if (unknown > 0) done.push_back(fmt::format("{} unknown taken out", unknown));
  return fmt::format("{}", fmt::join(done, "; "));
}

}  // namespace wattline::policy
