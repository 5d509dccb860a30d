// `lm evaluate`: a built-in model asked held-out questions again.
#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "lm/commands.h"
#include "lm/evaluation.h"

namespace wattline::lm {
namespace {

struct EvaluateOptions {
  std::string model = "glow-xs";
  std::vector<std::string> tasks;
  std::int64_t questions = 200;
  bool wrong = false;
};

constexpr std::size_t most_wrong = 1000;

Result evaluate_model(const EvaluateOptions& o, Context& context) {
  const auto model = builtin_model(o.model);
  std::vector<std::string> wanted = o.tasks;
  if (wanted.empty())
    for (const auto& t : tasks()) wanted.push_back(t.name);
  for (const auto& name : wanted) check_task(name);

  Table wrong("lm.wrong.v1");
  wrong.title = "Wrong answers";
  wrong.text("task").text("prompt").text("expected").text("answer");
  std::vector<TaskAccuracy> all;
  const auto total = static_cast<double>(o.questions) * static_cast<double>(wanted.size());
  for (const auto& name : wanted) {
    const double before = static_cast<double>(all.size()) * static_cast<double>(o.questions);
    std::int64_t asked = 0;
    all.push_back(evaluate(*model, name, static_cast<int>(o.questions), context.random("lm evaluate " + name),
                           [&](const Problem& p, const std::string& answer, bool right) {
                             context.check_cancelled();
                             context.progress((before + static_cast<double>(++asked)) / total, name);
                             if (!right && wrong.rows() < most_wrong)
                               wrong.add_row({p.task, p.prompt, p.answer, answer});
                           }));
  }
  context.progress(1);

  Result r;
  r.title = fmt::format("{} on held-out questions", o.model);
  r.add(accuracy_table(all));
  if (std::any_of(all.begin(), all.end(), [&](const TaskAccuracy& a) { return a.asked < o.questions; }))
    r.note("Where fewer were asked than wanted, there are no more different held-out questions.");
  if (o.wrong) r.add(std::move(wrong));
  return r;
}

}  // namespace

Capability evaluate_capability() {
  using O = EvaluateOptions;
  static const auto fields = Fields<O>()
                                 .text("model", &O::model, "a built-in model (lm models)")
                                 .list("task", &O::tasks, "only this task")
                                 .integer("questions", &O::questions, "different questions by task")
                                 .range(1, 20000)
                                 .flag("wrong", &O::wrong, "list the wrong answers");
  Capability c =
      capability<O>("lm", "evaluate", "Ask a built-in model held-out questions, task by task.", evaluate_model, fields);
  c.description =
      "Measures anew what `lm models` shows: greedy answers to questions that training never held, drawn by --seed. "
      "An answer is right when it says exactly what was asked for, but for case, outer spaces and a final stop. "
      "95 % intervals: Wilson 1927.";
  c.cost = Cost::job;
  c.emits = {"lm.accuracy.v1", "lm.wrong.v1"};
  c.examples = {{{"--task", "addition-1", "--questions", "5"}, {}, "addition-1"}};
  return c;
}

}  // namespace wattline::lm
