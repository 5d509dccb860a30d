#include "serve/semantic/study_command.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/table.h"
#include "meter/host_power.h"
#include "policy/cache/replay.h"
#include "serve/semantic/memory_study.h"
#include "text/find_encoder.h"

namespace wattline::serve {
namespace {

using policy::CacheReplayed;

struct CacheStudyOptions {
  InputFile file;
  double threshold = 0.92;
  Duration ttl{3600};
  Bytes size{64.0 * 1024 * 1024};
  std::optional<Energy> answer;  // of an answer where the file does not say
  bool guard_off = false;
};

double percent(std::uint64_t part, std::uint64_t all) {
  return all == 0 ? NAN : 100 * static_cast<double>(part) / static_cast<double>(all);
}
double rounded(double v) { return std::isfinite(v) ? std::round(v * 1000) / 1000 : v; }

constexpr double swept[] = {0.70, 0.75, 0.80, 0.84, 0.88, 0.90, 0.92, 0.94, 0.96, 0.98};

void add_row(Table& t, double threshold, bool guard, const CacheReplayed& r) {
  const Interval i = r.judged.interval();
  const bool judged = r.judged.judged > 0;
  std::uint64_t refused = 0;
  for (const auto& [why, n] : r.refused) refused += n;
  t.add_row({threshold, std::string(guard ? "on" : "off"), rounded(percent(r.exact, r.questions)),
             rounded(percent(r.same_text, r.questions)), rounded(percent(r.similar, r.questions)),
             rounded(percent(refused, r.questions)), static_cast<std::int64_t>(r.judged.judged),
             static_cast<std::int64_t>(r.judged.wrong), judged ? rounded(100 * r.judged.rate()) : NAN,
             judged ? rounded(100 * i.low) : NAN, judged ? rounded(100 * i.high) : NAN});
}

Table reasons(const CacheReplayed& r) {
  Table t("serve.cache_reasons.v1");
  t.title = "Why questions were not answered from similar ones";
  t.text("reason").text("kind", "never looked up, or a near one refused").integer("questions");
  for (const auto& [why, n] : r.why_not) t.add_row({why, std::string("not looked up"), static_cast<std::int64_t>(n)});
  for (const auto& [why, n] : r.refused)
    t.add_row({"differs in " + why, std::string("refused"), static_cast<std::int64_t>(n)});
  return t;
}

Result cache_study(const CacheStudyOptions& o, Context& context) {
  const auto questions = [&] {
    auto q = policy::read_recorded_questions(o.file.read(std::size_t{512} << 20), o.file.name());
    if (o.answer)
      for (auto& row : q.rows)
        if (std::isnan(row.joules)) row.joules = o.answer->base();
    return q;
  }();
  const text::FoundEncoder found = text::find_encoder();
  const policy::QuestionReader reader(found.encoder, {.subjects = false});
  const auto seen = policy::see(reader, questions, [&](double f) {
    context.check_cancelled();
    context.progress(0.8 * f, "reading questions");
  });
  policy::CacheReplayOptions options;
  options.threshold = o.threshold;
  options.guard = !o.guard_off;
  options.ttl_s = o.ttl.base();
  options.bytes = static_cast<std::size_t>(o.size.base());
  const CacheReplayed chosen = policy::replay(questions, seen, options);

  Result r;
  r.title = fmt::format("{} questions, {:.1f} % answered from caches", chosen.questions,
                        percent(chosen.hits(), chosen.questions));
  const double looked = static_cast<double>(chosen.questions - chosen.exact);
  const auto host = meter::HostPower::detect(context.get<catalog::Catalog>());
  const auto looking = host->energy_of_cpu_time(Duration(seen.cpu_s + chosen.lookups_cpu_s));
  r.estimate("looking", "Energy of looking", looking, "J", "encoder, index and guard, of all questions");
  const bool energy_known = !std::isnan(chosen.joules);
  if (energy_known) {
    r.estimate("saved", "Energy saved",
               Estimate<Energy>::with_sd(Energy(chosen.joules_saved), Energy(0), Method::modelled, "as recorded"), "J",
               "of answers that were given again, as much as their questions' own answers cost");
    r.note(fmt::format("Of {:.4g} J for all answers {:.1f} % would have been saved, for {:.4g} J of looking.",
                       chosen.joules, 100 * chosen.joules_saved / chosen.joules, looking.value().base()));
  }
  const std::uint64_t by_vectors = chosen.same_text + chosen.similar;
  if (by_vectors > 0)
    r.note(fmt::format("Looking pays when an answer costs more than {:.3g} J: {:.3g} J a look, {:.1f} % of looks hit.",
                       looking.value().base() / static_cast<double>(by_vectors), looking.value().base() / looked,
                       100 * static_cast<double>(by_vectors) / looked));

  Table t("serve.cache_study.v1");
  t.title = "By threshold";
  t.number("threshold", "", "least cosine of a hit").text("guard");
  t.number("exact", "%", "the very same text").number("same_text", "%", "but for case, spaces and final punctuation");
  t.number("similar", "%", "by meaning").number("refused", "%", "near enough, and told apart by the guard");
  t.integer("judged", "", "similar hits whose labels are known").integer("wrong", "", "of these with another label");
  t.number("false_hits", "%").number("low", "%", "95 % (Wilson)").number("high", "%", "95 % (Wilson)");
  Figure f;
  f.title = "Similar hits and false hits by threshold";
  f.x = {.label = "threshold (cosine)"};
  f.y = {.label = "share of questions", .unit = "%"};
  for (const bool guard : {true, false}) {
    Figure::Trace hits, wrong;
    hits.name = guard ? "similar hits" : "similar hits, no guard";
    wrong.name = guard ? "wrong" : "wrong, no guard";
    for (const double threshold : swept) {
      context.check_cancelled();
      options.threshold = threshold;
      options.guard = guard;
      const CacheReplayed at = policy::replay(questions, seen, options);
      if (guard) add_row(t, threshold, guard, at);
      hits.x.push_back(threshold), hits.y.push_back(percent(at.similar, at.questions));
      wrong.x.push_back(threshold), wrong.y.push_back(percent(at.judged.wrong, at.questions));
    }
    f.traces.push_back(std::move(hits));
    if (questions.labelled > 0) f.traces.push_back(std::move(wrong));
  }
  if (o.guard_off || std::find(std::begin(swept), std::end(swept), o.threshold) == std::end(swept)) {
    add_row(t, o.threshold, !o.guard_off, chosen);
    t.caption = "The last row is what was asked for.";
  }
  r.add(std::move(t));
  r.add(std::move(f));
  if (auto why = reasons(chosen); why.rows() > 0) r.add(std::move(why));
  r.note(fmt::format("Encoder: {} ({}), from {}.", found.encoder->name(), found.encoder->limits(), found.origin));
  if (questions.labelled == 0) r.warn("the file has no labels: nothing tells which hits would have been wrong");
  else
    r.note(fmt::format("{} of {} questions have a label; {} of them repeat one that was asked before.",
                       questions.labelled, questions.rows.size(), policy::findable(questions)));
  if (questions.timed == 0) r.note("The file has no times: no answer grew old.");
  if (!energy_known) r.note("Not every row says what its answer cost (energy_j): --answer gives it for all.");
  return r;
}

struct MemoryStudyOptions {
  std::int64_t samples = 4000;
  double duplicates = 1;
  double room = 1;  // share of the samples that the memory holds
  std::int64_t bytes = 784;  // of an input
  Energy first{0.002}, second{0.1};
  double second_share = 0.33;
};

Result memory_study(const MemoryStudyOptions& o, Context& context) {
  auto random = context.random("memory study");
  const auto samples = made_up_samples(static_cast<std::size_t>(o.samples), static_cast<std::size_t>(o.bytes), random);
  const auto host = meter::HostPower::detect(context.get<catalog::Catalog>());
  Result r;
  Table t("serve.memory_study.v1");
  t.number("duplicates", "", "repeated inputs for each that is new").integer("inputs").integer("hits");
  t.number("hit_share", "%")
      .integer("wrong", "", "hits on another input")
      .number("saved_by_memory", "%", "of the networks' energy");
  t.number("saved", "%", "of always asking the second network, by the identity");
  Figure f;
  f.title = "What an exact memory saves";
  f.x = {.label = "repeated inputs for each that is new"};
  f.y = {.label = "saved", .unit = "%"};
  Figure::Trace memory, both;
  memory.name = "memory alone";
  both.name = "memory and two networks";
  std::vector<double> ratios = {0, 0.25, 0.5, 1, 2, 4};
  if (std::find(ratios.begin(), ratios.end(), o.duplicates) == ratios.end()) ratios.push_back(o.duplicates);
  std::sort(ratios.begin(), ratios.end());
  for (const double ratio : ratios) {
    const auto stream = duplicated_stream(samples.size(), ratio, random);
    const MemoryRun run = run_memory(samples, stream, o.room);
    const Energy hash = host->energy_of_cpu_time(Duration(run.cpu_s)).value() / static_cast<double>(run.inputs);
    const Energy pair = o.first + o.second * o.second_share;
    const double alone = 1 - memory_identity(run.hit_share(), o.first, o.second, o.second_share, hash) / pair,
                 all = 1 - memory_identity(run.hit_share(), o.first, o.second, o.second_share, hash) / o.second;
    t.add_row({ratio, static_cast<std::int64_t>(run.inputs), static_cast<std::int64_t>(run.hits),
               rounded(100 * run.hit_share()), static_cast<std::int64_t>(run.wrong), rounded(100 * alone),
               rounded(100 * all)});
    memory.x.push_back(ratio), memory.y.push_back(100 * alone);
    both.x.push_back(ratio), both.y.push_back(100 * all);
    if (ratio != o.duplicates) continue;
    r.title = fmt::format("{:.1f} % of {} inputs answered from memory", 100 * run.hit_share(), run.inputs);
    r.estimate("hash", "Energy of the memory", host->energy_of_cpu_time(Duration(run.cpu_s)), "J",
               "hashing and looking up, of all inputs");
  }
  r.add(std::move(t));
  f.traces = {std::move(memory), std::move(both)};
  r.add(std::move(f));
  r.note(
      "E = (1 - h)(E_a + u E_b) + E_hash: h from our memory on a shuffled stream, E_hash from its CPU time, E_a, E_b "
      "and "
      "u as given (proposed, not the paper's). With every input repeated once h is at most one half, so half of the "
      "saving is in the stream, not in the method.");
  return r;
}

}  // namespace

std::vector<Capability> cache_study_capabilities() {
  std::vector<Capability> out;
  {
    using O = CacheStudyOptions;
    static const auto fields =
        Fields<O>()
            .file("file", &O::file,
                  "recorded questions: CSV, tab-separated or JSON lines (docs/formats/cache-workload.md)")
            .required()
            .positional()
            .number("threshold", &O::threshold, "least cosine of a hit")
            .range(0.5, 1)
            .quantity("ttl", &O::ttl, "s", "how long an answer is kept, where the file has times")
            .range(1, 30.0 * 86400)
            .quantity("size", &O::size, "B", "of the semantic cache")
            .at_least(1024.0 * 1024)
            .quantity("answer", &O::answer, "J", "what an answer costs, where the file does not say")
            .at_least(0)
            .flag("no-guard", &O::guard_off, "also hits that differ in numbers, names or negations");
    auto c = capability<O>("serve", "cache-study",
                           "What an exact and a semantic cache would have done with recorded questions.", cache_study,
                           fields);
    c.description =
        "Replays a stream of questions through the gateway's caches, in order, without asking a model: the very same "
        "text is the exact cache's, the same text but for case and spaces is told apart, the rest are hits by meaning. "
        "Where rows have labels, hits with another label are false hits, with an interval. Joules saved stand beside "
        "the joules of the encoder, measured or modelled on this machine. Traces without texts (Azure's, BurstGPT's) "
        "cannot be studied: lengths do not tell what repeats.";
    c.verb = Verb::predict;
    c.cost = Cost::job;
    c.doors = Doors::command_line;
    c.papers = {1};
    c.emits = {"serve.cache_study.v1", "serve.cache_reasons.v1"};
    c.examples = {{{"asked.csv", "--answer", "300 J"},
                   {{"asked.csv",
                     "prompt,label\nWhat are the benefits of regular exercise?,1\nwhat are the benefits of regular "
                     "exercise,1\nWhat is 12 + 30?,2\nWhat is 12 + 31?,3\n"}},
                   "answered from caches"}};
    out.push_back(std::move(c));
  }
  {
    using O = MemoryStudyOptions;
    static const auto fields = Fields<O>()
                                   .integer("samples", &O::samples, "inputs that are all different")
                                   .range(10, 1'000'000)
                                   .number("duplicates", &O::duplicates, "repeated inputs for each that is new")
                                   .range(0, 100)
                                   .number("room", &O::room, "share of the samples that the memory has room for")
                                   .range(0.001, 1)
                                   .integer("bytes", &O::bytes, "of an input; an image of 28 x 28 has 784")
                                   .range(8, 1'000'000)
                                   .quantity("first", &O::first, "J", "of an answer of the first network")
                                   .at_least(1e-9)
                                   .quantity("second", &O::second, "J", "of an answer of the second")
                                   .at_least(1e-9)
                                   .number("second-share", &O::second_share, "of the inputs that the second is asked")
                                   .range(0, 1);
    auto c =
        capability<O>("serve", "memory-study", "What a memory of exact inputs saves in front of one or two networks.",
                      memory_study, fields);
    c.description =
        "The memory component of \"Reducing Inference Energy Consumption Using Dual Complementary CNNs\" (Kinnas et "
        "al. 2024) by the gateway's exact cache: a stream of made-up inputs of which some are repeated, shuffled, "
        "answered from memory by the SHA-256 of the input. The two networks follow with `learn dual`; here their "
        "joules are given.";
    c.verb = Verb::predict;
    c.doors = Doors::command_line;
    c.papers = {6};
    c.emits = {"serve.memory_study.v1"};
    c.examples = {{{"--samples", "500"}, {}, "answered from memory"}};
    out.push_back(std::move(c));
  }
  return out;
}

}  // namespace wattline::serve
