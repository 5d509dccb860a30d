// `learn router-record`: what the built-in models answer to the same questions, as a workload that routers are
// trained and judged on.
#include <algorithm>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/write_whole.h"
#include "learn/capabilities.h"
#include "lm/generate.h"
#include "lm/tasks.h"
#include "meter/host_power.h"

namespace wattline::learn {
namespace {

const std::vector<std::string> side_names = {"tuning", "judging", "train"};

struct RecordOptions {
  std::string out;
  enum class Side { tuning, judging, train } side = Side::tuning;
  std::vector<std::string> models;
  std::int64_t questions = 2000, level = lm::hardest_level;
};

Result record(const RecordOptions& o, Context& context) {
  std::vector<std::shared_ptr<const lm::Model>> models;
  for (const auto& name : o.models.empty() ? lm::builtin_names() : o.models) models.push_back(lm::builtin_model(name));
  std::sort(models.begin(), models.end(),
            [](const auto& a, const auto& b) { return a->shape().parameters() < b->shape().parameters(); });
  const auto host = meter::HostPower::detect(context.get<catalog::Catalog>());
  using Side = RecordOptions::Side;
  const std::string side = side_names[static_cast<std::size_t>(o.side)];
  std::mt19937_64 random = context.random("router record " + side);
  const auto next = [&] {
    const int level = static_cast<int>(o.level);
    if (o.side == Side::train) return lm::make_problem(lm::Split::train, random, level);
    return lm::make_held_out(o.side == Side::tuning ? lm::Half::tuning : lm::Half::judging, random, level);
  };
  lm::GenerateOptions options;
  options.score = true;
  std::string out;
  std::vector<std::int64_t> right(models.size());
  std::vector<double> joules(models.size());
  for (std::int64_t i = 0; i < o.questions; ++i) {
    context.check_cancelled();
    if (i % 50 == 0) context.progress(static_cast<double>(i) / static_cast<double>(o.questions), "asking");
    const lm::Problem p = next();
    JsonWriter w;
    w.begin_object().member("prompt", p.prompt).member("domain", p.task).member("expected", p.answer);
    w.key("answers").begin_object();
    for (std::size_t m = 0; m < models.size(); ++m) {
      const lm::Generation g = lm::generate(*models[m], p.prompt, options);
      const bool ok = lm::is_right(g.text, p.answer);
      const double energy = host->energy_of_cpu_time(g.prefill_cpu + g.decode_cpu).value().base();
      right[m] += ok;
      joules[m] += energy;
      w.key(models[m]->name()).begin_object().member("quality", ok ? 1 : 0).member("energy_j", energy);
      w.member("seconds", g.total.base()).member("output_tokens", g.completion_tokens);
      w.member("avg_logprob", g.mean_logprob).end_object();
    }
    w.end_object().end_object();
    out += w.str() + "\n";
  }
  write_whole(o.out, out);

  Result r;
  r.title = fmt::format("{} questions to {} models", o.questions, models.size());
  Table t("learn.router_record.v1");
  t.text("model").integer("parameters").number("right", "%").number("energy", "J", "of one answer, the mean");
  for (std::size_t m = 0; m < models.size(); ++m)
    t.add_row({models[m]->name(), models[m]->shape().parameters(),
               100.0 * static_cast<double>(right[m]) / static_cast<double>(o.questions),
               joules[m] / static_cast<double>(o.questions)});
  t.caption = host->explanation();
  r.add(std::move(t));
  r.note(fmt::format("Written: {} ({} bytes), questions of the side '{}'.", o.out, out.size(), side));
  return r;
}

}  // namespace

Capability record_capability() {
  using O = RecordOptions;
  static const auto fields =
      Fields<O>()
          .text("out", &O::out, "the workload to write (JSON lines)")
          .required()
          .positional()
          .integer("questions", &O::questions, "questions asked of each model")
          .range(1, 10000000)
          .enumeration("side", &O::side, side_names,
                       "held-out questions to learn from (tuning) or to be judged by (judging), or those that the "
                       "models were trained on")
          .integer("level", &O::level, "of the hardest tasks")
          .range(1, lm::hardest_level)
          .list("model", &O::models, "a built-in model; absent: all");
  Capability c =
      capability<O>("learn", "router-record", "Ask the built-in models the same questions, for a router to learn from.",
                    record, fields);
  c.description =
      "Draws questions of the built-in tasks by their shares and writes what each model made of them, as JSON lines: "
      "whether it was right, joules and seconds, and how sure it was. `learn router-train` learns from one half of "
      "the questions that the models never saw, `serve evaluate` and `serve compare` judge by the other half.";
  c.cost = Cost::job;
  c.doors = Doors::command_line;
  c.emits = {"learn.router_record.v1"};
  c.examples = {{{"answers.jsonl", "--questions", "3"}, {}, "glow-xs"}};
  return c;
}

}  // namespace wattline::learn
