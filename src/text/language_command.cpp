// `text language`: which language a text is in, and what else it looks like.
#include <fmt/format.h>

#include "text/canonical.h"
#include "text/commands.h"
#include "text/language.h"
#include "text/shape.h"

namespace wattline::text {
namespace {

struct LanguageOptions {
  std::string text;
};

Result language_of_text(const LanguageOptions& o, Context&) {
  constexpr const char* ways[] = {"nothing decides", "letters (CLD2)", "script", "function words"};
  const Language l = language_of(o.text);
  ShapeScratch scratch;
  const TextShape s = shape_of(o.text, scratch);
  Table t("text.shape.v1");
  t.title = "What it looks like";
  t.text("feature").text("value");
  const auto row = [&](std::string name, const auto& value) { t.add_row({std::move(name), fmt::format("{}", value)}); };
  row("language", l.code);
  row("confidence", fmt::format("{:.2f}", l.confidence));
  row("told by", ways[static_cast<int>(l.by)]);
  row("units", s.units);
  row("lines", s.lines);
  row("code", s.code() ? fmt::format("yes: {} fences, {} lines", s.code_fences, s.code_lines) : "no");
  row("stack trace", s.stack_trace() ? "yes" : "no");
  row("mathematics", s.mathematics() ? fmt::format("yes: {} LaTeX lines, {} operators", s.latex, s.operators) : "no");
  row("several steps", s.multi_step() ? "yes" : "no");
  row("reasoning verbs", s.reasoning_verbs);
  row("questions", s.questions);
  row("greeting only", s.greeting ? "yes" : "no");
  row("mixes scripts in a word", mixes_scripts(o.text) ? "yes" : "no");
  Result r;
  r.title = fmt::format("{} ({:.2f})", l.code, l.confidence);
  r.add(std::move(t));
  r.note("Heuristic: by form alone. Language `und` is undetermined.");
  return r;
}

}  // namespace

Capability language_capability() {
  using O = LanguageOptions;
  static const auto fields = Fields<O>().text("text", &O::text, "the text").required().positional();
  Capability c =
      capability<O>("text", "language", "Which language a text is in, and its form.", language_of_text, fields);
  c.description =
      "What the router's heuristic signals see of a text: its language (Compact Language Detector 2, else script, else "
      "function words of ten languages), units of any script, code, stack traces, mathematics, steps, greetings.";
  c.emits = {"text.shape.v1"};
  c.examples = {{{"Wie viel Strom verbraucht ein Rechenzentrum?"}, {}, "de"},
                {{"Prove that 2x + y = 3 and y = x^2 have a solution"}, {}, "mathematics"}};
  return c;
}

}  // namespace wattline::text
