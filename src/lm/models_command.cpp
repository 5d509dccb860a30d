// `lm models`: what is built in, and what it can and cannot do.
#include <fmt/format.h>

#include "lm/commands.h"
#include "lm/evaluation.h"
#include "lm/model.h"

namespace wattline::lm {
namespace {

struct ModelsOptions {
  std::string model;
};

Result models(const ModelsOptions& o, Context&) {
  if (!o.model.empty()) builtin_model(o.model);  // names the nearest when unknown
  Result r;
  r.title = "Built-in language models";
  Table shapes("lm.models.v1");
  shapes.text("name").integer("parameters").integer("layers").integer("dim").integer("hidden");
  shapes.integer("heads").integer("kv_heads").integer("vocabulary", "", "256 bytes and four marks");
  shapes.integer("context", "token", "prompt and answer together");
  for (const auto& name : builtin_names()) {
    if (!o.model.empty() && name != o.model) continue;
    const Shape& s = builtin_model(name)->shape();
    const auto n = [](int i) { return static_cast<std::int64_t>(i); };
    shapes.add_row({name, s.parameters(), n(s.layers), n(s.dim), n(s.hidden), n(s.heads), n(s.kv_heads),
                    n(s.vocabulary), n(s.context)});
  }
  r.add(std::move(shapes));
  for (const auto& name : builtin_names()) {
    if (!o.model.empty() && name != o.model) continue;
    Table t = accuracy_table(shipped_accuracy(name));
    t.title = name + " on held-out questions";
    t.caption = "measured when the model was made; `wattline lm evaluate` measures again";
    r.add(std::move(t));
  }
  r.note(
      "Such a model knows these tasks, in wordings like those it was trained on, and nothing else: no "
      "conversation and no other facts. The tasks of level 2 and 3 (longer numbers and words, multiplication, "
      "division, two steps) are for the larger ones, as the tables show. Outside of its tasks a model mostly answers "
      "something, and that is then wrong: it does not know what it does not know.");
  return r;
}

}  // namespace

Capability models_capability() {
  static const auto fields = Fields<ModelsOptions>().text("model", &ModelsOptions::model, "only this one").positional();
  Capability c = capability<ModelsOptions>(
      "lm", "models", "The built-in language models, and how often they are right.", models, fields);
  c.description =
      "Shape and measured accuracy, task by task, of the models carried inside this program. Training and test "
      "questions are disjoint: by the numbers or the word asked about, and for facts by the wording (a fact must "
      "be seen to be known). Intervals: Wilson 1927.";
  c.emits = {"lm.models.v1", "lm.accuracy.v1"};
  c.examples = {{{"glow-xs"}, {}, "glow-xs"}};
  return c;
}

}  // namespace wattline::lm
