// The one shape for everything that is asked and answered: options in, result out, plus the
// declaration from which the command line, HTTP, pages, docs and example tests are derived.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernel/context.h"
#include "kernel/options.h"
#include "kernel/result.h"

namespace wattline {

enum class Verb { observe, predict, decide, account };
std::string_view to_string(Verb);

// How long it takes, and so how the doors run it: `instant` inside the request, `job` as a
// cancellable job with progress, `service` until stopped (command line only).
enum class Cost { instant, job, service };

// What executes commands or reads the machine is never exposed over HTTP.
enum class Doors { all, command_line };

struct Example {
  std::vector<std::string> arguments;  // words after "wattline room name"
  // Files the example's arguments name: (name, content), laid out in a scratch folder by tests and docs.
  std::vector<std::pair<std::string, std::string>> files;
  std::string expects;  // a piece of the text output
};

struct Capability {
  std::string room, name;  // "ledger", "green-algorithms"
  std::string summary;  // one line
  std::string description;  // a paragraph or more: method, source (paper, equation), limits
  Verb verb = Verb::observe;
  Cost cost = Cost::instant;
  Doors doors = Doors::all;
  std::vector<int> papers;  // rows of PAPERS
  std::vector<std::string> consumes, emits;  // table schemas
  std::vector<std::string> aliases;  // top-level verbs, of one or two words: "run" for "meter run"
  bool results_to_stderr = false;  // standard output belongs to the command that it runs
  std::vector<Example> examples;

  FieldTable fields;
  std::function<std::shared_ptr<void>()> make_options;  // default-constructed
  std::function<Result(const void*, Context&)> run;

  std::string id() const { return room + "/" + name; }
};

template <class O>
Capability capability(std::string room, std::string name, std::string summary, Result (*function)(const O&, Context&),
                      const Fields<O>& fields) {
  Capability c;
  c.room = std::move(room);
  c.name = std::move(name);
  c.summary = std::move(summary);
  c.fields = fields.table();
  c.make_options = [] { return std::shared_ptr<void>(std::make_shared<O>()); };
  c.run = [function](const void* o, Context& context) { return function(*static_cast<const O*>(o), context); };
  return c;
}

// --- Doors written once against the declaration.
// Sets the options from a JSON object; unknown, missing and ill-typed members are Errors.
std::shared_ptr<void> options_from_json(const Capability&, const Json&);
// What to take for a field that the words do not give (environment, configuration files): the text
// and where it comes from, for messages.
struct Fallback {
  std::string text, where;
};
using Fallbacks = std::function<std::optional<Fallback>(const Field&)>;
// Sets the options from command-line words ("--cores", "12", "--cores=12", positionals).
std::shared_ptr<void> options_from_arguments(const Capability&, const std::vector<std::string>&, const Fallbacks& = {});
// Everything required is there; called by both readers.
void check_required(const Capability&, const std::vector<bool>& given);
std::string json_schema(const Capability&);
std::string help_text(const Capability&, int width = 100);
std::string docs_markdown(const Capability&);

}  // namespace wattline
