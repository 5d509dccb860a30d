#include "serve/plugins/compression_command.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/table.h"
#include "meter/host_power.h"
#include "policy/language/language.h"
#include "policy/language/probes.h"
#include "policy/learned/encoder_signals.h"
#include "policy/plugins/prompt_compression.h"
#include "text/find_encoder.h"
#include "text/labelled.h"

namespace wattline::serve {
namespace {

constexpr std::size_t largest = std::size_t{64} << 20;

struct CompressionCommandOptions {
  InputFile policy, texts, probes, text, padding;
  std::int64_t target = 512, padding_tokens = 2000;
};

double cpu_now() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double rounded(double v) { return std::round(v * 1000) / 1000; }

// One text's sentences with what they score.
Result show_sentences(const std::string& text, std::int64_t target) {
  policy::CompressionOptions options;
  options.target_tokens = static_cast<std::size_t>(target);
  const auto c = policy::compress_prompt(text, options);
  Result r;
  r.title = fmt::format("{} tokens of {}", c.tokens_after, c.tokens_before);
  if (!c.compressed) {
    r.note("Short enough: classifiers see all of it.");
    return r;
  }
  Table t("serve.sentences.v1");
  t.text("kept")
      .number("score")
      .number("textrank")
      .number("position")
      .number("tf_idf")
      .number("novelty")
      .text("sentence");
  for (const auto& s : c.sentences)
    t.add_row({s.kept ? "yes" : "no", rounded(s.score), rounded(s.textrank), rounded(s.position), rounded(s.tf_idf),
               rounded(s.novelty), std::string(s.piece.of(text))});
  r.add(std::move(t));
  return r;
}

// The learned signals of a policy, with their encoder, and what they gave for one request.
struct Side {
  std::shared_ptr<const policy::Engine> engine;
  std::shared_ptr<const policy::LearnedSignals> learned;
  std::unique_ptr<policy::Engine::Scratch> scratch;
  std::vector<policy::SignalIndex> wanted;
  std::vector<policy::SignalValue> values;
  double cpu_s = 0;
  int decision = -1;

  Side(policy::Policy p, const std::shared_ptr<const text::Encoder>& encoder, std::vector<policy::Finding>& findings)
      : engine(policy::Engine::compile(std::move(p))),
        learned(policy::make_encoder_signals(*engine, {encoder, {}}, findings)),
        scratch(engine->scratch()),
        values(engine->signals().size()) {
    for (std::size_t i = 0; i < values.size(); ++i)
      if (engine->signals()[i].learned) wanted.push_back(static_cast<policy::SignalIndex>(i));
  }
  void ask(const policy::RequestView& view) {
    std::fill(values.begin(), values.end(), policy::SignalValue{});
    const double before = cpu_now();
    learned->evaluate(view, wanted, std::chrono::steady_clock::time_point::max(), values);
    cpu_s += cpu_now() - before;
    decision = engine->decide(view, *scratch, learned.get(), std::chrono::hours(1)).decision;
  }
};

// Sentences to put before prompts, from another place of the file for each.
class Padding {
 public:
  Padding(const InputFile& file, std::int64_t tokens) : bytes_(4 * static_cast<std::size_t>(tokens)) {
    if (!file.given()) return;
    text_ = file.read(largest);
    for (const auto& p : policy::sentences_of(text_, 1 << 20)) lines_.push_back(p.of(text_));
    if (lines_.empty()) throw bad_input("the padding holds no text", file.name(), "give some sentences");
  }
  bool given() const { return !lines_.empty(); }
  std::string before(std::string_view prompt, std::size_t n) const {
    std::string out;
    for (std::size_t i = n * 17; out.size() < bytes_; ++i) out.append(lines_[i % lines_.size()]).append(" ");
    return out.append("\n\n").append(prompt);
  }

 private:
  std::size_t bytes_;
  std::string text_;
  std::vector<std::string_view> lines_;
};

Result measure(const CompressionCommandOptions& o, const catalog::Catalog& catalog) {
  if (o.texts.given() == o.probes.given())
    throw bad_input(o.texts.given() ? "there are texts and probes" : "there is nothing to measure with", "texts",
                    "give --texts (labelled texts) or --probes");
  std::vector<std::string> texts;
  if (o.texts.given())
    for (auto& t : text::read_labelled(o.texts.read(largest), o.texts.name())) texts.push_back(std::move(t.text));
  std::vector<policy::Finding> findings;
  policy::ProbeSet probes;
  if (o.probes.given()) probes = policy::read_probes(o.probes.read(largest), o.probes.name(), findings);

  policy::Policy p = policy::read_policy(o.policy.read(largest), o.policy.name()).main;
  const auto found = text::find_encoder();
  p.fields.set("prompt_compression", Json(Json::Object{{"enabled", false}}));
  Side whole(p, found.encoder, findings);
  p.fields.set("prompt_compression", Json(Json::Object{{"target_tokens", o.target}}));
  Side shorter(p, found.encoder, findings);
  if (whole.wanted.empty())
    throw bad_input("the policy has no learned signals", o.policy.name(), "give one that has, for instance domain");

  policy::CompressionOptions options;
  options.target_tokens = static_cast<std::size_t>(o.target);
  const Padding padding(o.padding, o.padding_tokens);
  // Against the same prompt without its padding: by signal, seeing all and seeing what tells.
  std::int64_t bare_signals = 0, bare_whole = 0, bare_shorter = 0, bare_decisions_whole = 0, bare_decisions_shorter = 0;
  std::int64_t all = 0, compressed = 0, before = 0, after = 0, signals = 0, same = 0, fired = 0, same_fired = 0,
               decisions = 0;
  const auto one = [&](const policy::RequestView& given) {
    policy::RequestView view = given;
    std::vector<policy::Message> messages(given.messages.begin(), given.messages.end());
    std::string padded;
    std::vector<policy::SignalValue> bare;
    int bare_decision = -1;
    if (padding.given()) {
      const double spent = whole.cpu_s;
      whole.ask(given);
      whole.cpu_s = spent;
      bare = whole.values;
      bare_decision = whole.decision;
      padded = padding.before(given.query(), static_cast<std::size_t>(all));
      for (auto m = messages.rbegin(); m != messages.rend(); ++m)
        if (m->role == policy::Role::user) {
          m->text = padded;
          break;
        }
      view.messages = messages;
    }
    const auto c = policy::compress_prompt(view.query(), options);
    ++all;
    before += static_cast<std::int64_t>(c.tokens_before);
    after += static_cast<std::int64_t>(c.tokens_after);
    whole.ask(view);
    shorter.ask(view);
    if (!c.compressed) return;
    ++compressed;
    for (const auto i : whole.wanted) {
      const auto &a = whole.values[i], &b = shorter.values[i];
      if (a.state != policy::SignalValue::State::known || b.state != policy::SignalValue::State::known) continue;
      ++signals;
      same += a.match == b.match;
      if (padding.given() && (a.match || b.match || bare[i].match)) {
        ++bare_signals;
        bare_whole += a.match == bare[i].match;
        bare_shorter += b.match == bare[i].match;
      }
      if (!a.match && !b.match) continue;
      ++fired;
      same_fired += a.match == b.match;
    }
    decisions += whole.decision == shorter.decision;
    bare_decisions_whole += whole.decision == bare_decision;
    bare_decisions_shorter += shorter.decision == bare_decision;
  };
  for (const auto& text : texts) {
    const policy::Message message{.role = policy::Role::user, .text = text};
    policy::RequestView view;
    view.messages = {&message, 1};
    one(view);
  }
  for (const auto& c : probes.cases) one(policy::ProbeRequest(c).view());

  Result r;
  r.title = fmt::format("{} of {} prompts are longer than {} tokens", compressed, all, o.target);
  const auto host = meter::HostPower::detect(catalog);
  const auto joules = [&](double s) {
    return host->energy_of_cpu_time(Duration(s)).value().base() / static_cast<double>(std::max<std::int64_t>(all, 1));
  };
  Table t("serve.prompt_compression.v1");
  t.text("classifiers see")
      .integer("tokens")
      .number("cpu", "ms", "mean a prompt")
      .number("energy", "J", "mean a prompt");
  const auto row = [&](const std::string& name, std::int64_t tokens, double cpu) {
    t.add_row({name, tokens, rounded(1000 * cpu / static_cast<double>(std::max<std::int64_t>(all, 1))), joules(cpu)});
  };
  row("all of it", before, whole.cpu_s);
  row("what tells", after, shorter.cpu_s);
  r.add(std::move(t));
  Table agreement("serve.prompt_compression_agreement.v1");
  agreement.text("of the shortened prompts").integer("same").integer("of");
  agreement.add_row({"learned signals", same, signals});
  agreement.add_row({"learned signals that match on either side", same_fired, fired});
  agreement.add_row({"decisions", decisions, compressed});
  if (padding.given()) {
    agreement.add_row({"signals as without the padding, all of it seen", bare_whole, bare_signals});
    agreement.add_row({"signals as without the padding, what tells seen", bare_shorter, bare_signals});
    agreement.add_row({"decisions as without the padding, all of it seen", bare_decisions_whole, compressed});
    agreement.add_row({"decisions as without the padding, what tells seen", bare_decisions_shorter, compressed});
  }
  r.add(std::move(agreement));
  r.note("CPU time of this thread for all learned signals of the policy, compressing included; " + host->explanation() +
         ". Learned signals: " + shorter.learned->description() + ".");
  return r;
}

Result run(const CompressionCommandOptions& o, Context& context) {
  if (o.text.given()) return show_sentences(o.text.read(largest), o.target);
  if (!o.policy.given())
    throw bad_input("there is nothing to shorten", "text", "give --text, or --policy with --texts or --probes");
  return measure(o, context.get<catalog::Catalog>());
}

}  // namespace

Capability compression_capability() {
  using O = CompressionCommandOptions;
  auto c = capability<O>(
      "serve", "prompt-compression", "What shortening long prompts for classifiers keeps, saves and changes.", run,
      Fields<O>()
          .file("text", &O::text, "a prompt, to see which of its sentences are kept and why")
          .file("policy", &O::policy, "a policy whose learned signals are measured with and without it")
          .file("texts", &O::texts, "with a policy: labelled texts (docs/formats/labelled-texts.md)")
          .file("probes", &O::probes, "with a policy: probes (docs/formats/policy.md)")
          .file("padding", &O::padding,
                "text to put before every prompt, taken sentence by sentence from changing places")
          .integer("padding-tokens", &O::padding_tokens, "how much of it, tokens of 4 bytes")
          .range(1, 1'000'000)
          .integer("target", &O::target, "tokens of 4 bytes that classifiers see")
          .range(16, 1'000'000));
  c.description =
      "A policy with `prompt_compression` shows its classifiers the most telling sentences of a long prompt (TextRank, "
      "position, TF-IDF, novelty: FastRouter, arXiv 2603.12646) instead of its beginning. With a text this shows each "
      "sentence's score. With a policy and prompts it evaluates the learned signals both ways and tells tokens, CPU "
      "time, joules and how often signals and decisions agree. What a model is asked never changes.";
  c.verb = Verb::observe;
  c.doors = Doors::command_line;
  c.papers = {1};
  c.emits = {"serve.sentences.v1", "serve.prompt_compression.v1", "serve.prompt_compression_agreement.v1"};
  c.examples = {
      {{"--text", "prompt.txt", "--target", "16"},
       {{"prompt.txt",
         "Here is a long story. It rained for days. The river rose. Nobody slept. Then the dam broke. Why did "
         "the dam break?"}},
       "tokens of"}};
  return c;
}

}  // namespace wattline::serve
