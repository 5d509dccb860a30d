// `lm generate`: one question to a built-in model.
#include <fmt/format.h>

#include "kernel/error.h"
#include "lm/commands.h"
#include "lm/generate.h"

namespace wattline::lm {
namespace {

struct GenerateCommandOptions {
  std::string prompt, model = "glow-xs";
  std::int64_t max_tokens = 64;
  double temperature = 0, top_p = 1;
  std::vector<std::string> stop;
};

Result answer(const GenerateCommandOptions& o, Context& context) {
  const auto model = builtin_model(o.model);
  GenerateOptions g;
  g.max_tokens = static_cast<int>(o.max_tokens);
  g.temperature = o.temperature;
  g.top_p = o.top_p;
  g.seed = context.seed;
  g.stop = o.stop;
  const Generation made = generate(*model, o.prompt, g, {}, context.stop);
  context.check_cancelled();

  Result r;
  r.title = fmt::format("{}: {}", o.model, made.text);
  const std::string source = "thread CPU clock";
  const auto tokens = [](std::int64_t n) { return Estimate<Tokens>::exact(Tokens(static_cast<double>(n))); };
  const auto measured = [](Duration d, const char* clock) {
    return Estimate<Duration>::with_sd(d, Duration(0), Method::measured, clock);
  };
  r.estimate("tokens_in", "Prompt", tokens(made.prompt_tokens), "token", "bytes and marks");
  r.estimate("tokens_out", "Answer", tokens(made.completion_tokens), "token",
             fmt::format("marks included; ended by {}", to_string(made.finish)));
  r.estimate("prefill_cpu", "Reading", measured(made.prefill_cpu, "CLOCK_THREAD_CPUTIME_ID"), "ms", "CPU time");
  r.estimate("decode_cpu", "Writing", measured(made.decode_cpu, "CLOCK_THREAD_CPUTIME_ID"), "ms", "CPU time");
  r.estimate("first_token", "First token", measured(made.time_to_first_token, "CLOCK_MONOTONIC"), "ms", "by the clock");
  Table t("lm.answer.v1");
  t.text("prompt").text("answer").text("finish");
  t.add_row({o.prompt, made.text, std::string(to_string(made.finish))});
  r.add(std::move(t));
  return r;
}

}  // namespace

Capability generate_capability() {
  using O = GenerateCommandOptions;
  static const auto fields =
      Fields<O>()
          .text("prompt", &O::prompt, "what to ask")
          .required()
          .positional()
          .text("model", &O::model, "a built-in model (lm models)")
          .integer("max-tokens", &O::max_tokens, "the answer ends after so many tokens")
          .range(1, 100000)
          .number("temperature", &O::temperature, "0 takes the likeliest token, more draws")
          .range(0, 100)
          .number("top-p", &O::top_p, "draw among the likeliest tokens that hold this much probability")
          .range(0.000001, 1)
          .list("stop", &O::stop, "the answer ends before this text");
  Capability c = capability<O>("lm", "generate", "One question to a built-in model.", answer, fields);
  c.description =
      "Runs the model in this process on one thread and says what it took. The same question gives the same answer; "
      "with a temperature, the same for the same --seed. Energy by answer is what `wattline serve` accounts for.";
  c.emits = {"lm.answer.v1"};
  c.examples = {{{"What is 17 + 25?"}, {}, "42"},
                {{"What is the capital of France?", "--max-tokens", "20"}, {}, "Paris"}};
  return c;
}

}  // namespace wattline::lm
