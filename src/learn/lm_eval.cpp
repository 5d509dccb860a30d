// `learn lm-eval`: a model file measured: accuracy by our own decoder, loss by libtorch, and whether
// the two agree.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/write_whole.h"
#include "learn/capabilities.h"
#include "learn/training.h"
#include "lm/decoder.h"
#include "lm/evaluation.h"
#include "lm/sampling.h"

namespace wattline::learn {
namespace {

struct EvalOptions {
  InputFile model;
  std::vector<std::string> tasks;
  std::int64_t questions = 500, compared = 20;
  std::string out;
};

struct Agreement {
  double furthest = 0;  // largest difference of two logits
  double nats = 0;  // surprise of libtorch's network at the answers
  std::int64_t answer_tokens = 0, differing = 0;
};

// Held-out questions with their answers through both engines.
Agreement compare(const Trainer& network, const lm::Model& model, std::int64_t count, std::mt19937_64 random) {
  Agreement a;
  const lm::ByteTokenizer tokenizer;
  const auto width = static_cast<std::size_t>(model.shape().vocabulary);
  for (std::int64_t i = 0; i < count; ++i) {
    const Example e = make_example(lm::make_problem(lm::Split::test, random), tokenizer);
    const std::vector<float> theirs = network.logits(e.tokens);
    lm::Decoder decoder(model, static_cast<int>(e.tokens.size()));
    const std::vector<float> ours = decoder.feed_all(e.tokens);
    for (std::size_t k = 0; k < ours.size(); ++k)
      a.furthest = std::max(a.furthest, std::abs(static_cast<double>(ours[k]) - static_cast<double>(theirs[k])));
    for (std::size_t t = e.answer_from; t < e.tokens.size(); ++t) {
      const auto row = [&](const std::vector<float>& all) { return std::span(all).subspan((t - 1) * width, width); };
      a.nats += lm::surprise(row(theirs), e.tokens[t]);
      a.differing += lm::likeliest(row(ours)) != lm::likeliest(row(theirs));
      ++a.answer_tokens;
    }
  }
  return a;
}

Result eval(const EvalOptions& o, Context& context) {
  const std::string bytes = o.model.read();
  const auto model = lm::load_safetensors(bytes, o.model.name());
  std::vector<std::string> wanted = o.tasks;
  if (wanted.empty())
    for (const auto& t : lm::tasks()) wanted.push_back(t.name);
  for (const auto& name : wanted) lm::check_task(name);

  std::vector<lm::TaskAccuracy> all;
  const auto total = static_cast<double>(o.questions) * static_cast<double>(wanted.size());
  for (const auto& name : wanted) {
    const double before = static_cast<double>(all.size()) * static_cast<double>(o.questions);
    std::int64_t asked = 0;
    all.push_back(lm::evaluate(*model, name, static_cast<int>(o.questions), context.random("lm evaluate " + name),
                               [&](const lm::Problem&, const std::string&, bool) {
                                 context.check_cancelled();
                                 context.progress((before + static_cast<double>(++asked)) / total, name);
                               }));
  }
  lm::Shape shape;
  const lm::Weights weights = lm::read_weights(bytes, o.model.name(), &shape, nullptr);
  const Trainer network(shape, {0, weights, {}, {}}, {}, 1);
  const Agreement a = compare(network, *model, o.compared, context.random("learn compare"));

  if (!o.out.empty()) write_whole(o.out, lm::accuracy_csv(all));
  Result r;
  r.title = fmt::format("{} on held-out questions", o.model.name());
  Table table = lm::accuracy_table(all);
  table.title = "Right answers, by our own decoder";
  r.add(std::move(table));
  Table engines("learn.agreement.v1");
  engines.title = "Our decoder beside libtorch, on held-out questions with their answers";
  engines.integer("questions").integer("answer_tokens", "token").number("loss", "", "nats by answer token, libtorch");
  engines.integer("other_choice", "token", "where the likeliest token differs")
      .number("furthest_logit", "", "largest difference");
  engines.add_row({o.compared, a.answer_tokens,
                   a.answer_tokens > 0 ? a.nats / static_cast<double>(a.answer_tokens) : std::nan(""), a.differing,
                   a.furthest});
  r.add(std::move(engines));
  return r;
}

}  // namespace

Capability eval_capability() {
  using O = EvalOptions;
  static const auto fields = Fields<O>()
                                 .file("model", &O::model, "the model file (safetensors)")
                                 .required()
                                 .positional()
                                 .list("task", &O::tasks, "only this task")
                                 .integer("questions", &O::questions, "different held-out questions by task")
                                 .range(1, 20000)
                                 .integer("compared", &O::compared, "questions put to libtorch as well")
                                 .range(0, 20000)
                                 .text("out", &O::out, "write the accuracy there as CSV");
  Capability c = capability<O>("learn", "lm-eval", "Measure a model file on held-out questions, and against libtorch.",
                               eval, fields);
  c.description =
      "Asks our own decoder, as `lm evaluate` does for built-in models, and puts some questions through libtorch too: "
      "the logits of the two engines differ by rounding alone.";
  c.cost = Cost::job;
  c.doors = Doors::command_line;
  c.emits = {"lm.accuracy.v1", "learn.agreement.v1"};
  return c;
}

}  // namespace wattline::learn
