#include "policy/tools/tools_study.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "kernel/cpu_energy.h"
#include "kernel/error.h"
#include "policy/tools/tool_fit.h"
#include "text/find_encoder.h"

namespace wattline::policy {
namespace {

constexpr std::size_t largest_file = std::size_t{64} << 20;
constexpr double bytes_per_token = 4;

double tokens_of(std::size_t bytes) { return static_cast<double>(bytes) / bytes_per_token; }

Table ranking_table(const ToolStudy& s, const ToolsStudyOptions& o, std::uint64_t seed) {
  Table t("policy.tool_ranking.v1");
  t.title = "Rankings of tools";
  t.text("ranking")
      .number("ndcg_1", "", "normalised discounted cumulative gain of the first place")
      .number("ndcg_5", "", "the same of the first five")
      .number("low", "", "95 % interval of ndcg_5")
      .number("high", "", "95 % interval of ndcg_5")
      .number("recall_5", "", "share of the right tools among the first five")
      .text("by", "what tools are ranked by");
  for (const auto& r : s.rankings) {
    const Interval i = r.test.ndcg_interval(5, static_cast<std::size_t>(o.resamples), seed);
    t.add_row({r.name, r.test.ndcg(1), r.test.ndcg(5), i.low, i.high, r.test.recall(5), r.by});
  }
  t.caption = fmt::format(
      "{} tools; {} queries tested, {} learned from, of which {} chose the parameters; split by a hash of the "
      "canonical text, equal queries together.",
      s.tools.size(), s.split.test.size(), s.learned_from.size(), s.split.choose.size());
  return t;
}

// What is sent, by how many tools are kept. Each request has all tools, in the mean over test queries.
Table saving_table(const ToolStudy& s, const ToolsStudyOptions& o, const std::optional<Energy>& selecting) {
  const double all = std::accumulate(s.tools.begin(), s.tools.end(), 0.0,
                                     [](double sum, const ToolText& t) { return sum + tokens_of(t.definition_bytes); });
  Table t("policy.tool_saving.v1");
  t.title = "Sending only the best";
  t.integer("kept", "", "tools that are sent")
      .number("recall", "", "share of the right tools among them")
      .number("tokens_sent", "", "of tool definitions a request, 4 bytes a token, tools of mean length")
      .number("tokens_saved", "", "likewise")
      .number("share_saved", "", "of the tokens of all tools");
  if (o.token_energy) t.number("saved", "J", "a request, after what choosing costs");
  std::vector<std::int64_t> kept = {1, 2, 3, 5, 10, 20, o.keep};
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  const double n = static_cast<double>(s.tools.size());
  for (const auto k : kept) {
    if (static_cast<double>(k) > n) continue;
    const double sent = all * static_cast<double>(k) / n;
    std::vector<Table::Cell> row = {k, s.rankings.back().test.recall(static_cast<std::size_t>(k)), sent, all - sent,
                                    1 - sent / all};
    if (o.token_energy) row.emplace_back((all - sent) * o.token_energy->base() - (selecting ? selecting->base() : 0));
    t.add_row(std::move(row));
  }
  return t;
}

Figure recall_figure(const ToolStudy& s) {
  Figure f;
  f.title = "Right tools among those that are kept";
  f.x = {.label = "tools kept"};
  f.y = {.label = "recall"};
  const std::size_t most = std::min<std::size_t>(s.tools.size(), 20);
  for (const auto& r : s.rankings) {
    Figure::Trace trace;
    trace.name = r.name;
    for (std::size_t k = 1; k <= most; ++k)
      trace.x.push_back(static_cast<double>(k)), trace.y.push_back(r.test.recall(k));
    f.traces.push_back(std::move(trace));
  }
  f.caption = "Test queries only.";
  return f;
}

}  // namespace

Result tools_study(const ToolsStudyOptions& o, Context& context) {
  auto tools = read_tools(o.tools.read(largest_file), o.tools.name());
  if (o.more_tools.given()) merge_tools(tools, read_tools(o.more_tools.read(largest_file), o.more_tools.name()));
  auto queries = read_tool_queries(o.queries.read(largest_file), o.queries.name(), tools);
  if (o.labelled_only) drop_unused_tools(tools, queries);
  if (tools.size() < 2) throw bad_input("there is one tool: nothing to choose among", o.tools.name());
  const text::FoundEncoder found = text::find_encoder();
  const ToolStudy s = study_tools(std::move(tools), std::move(queries), *found.encoder,
                                  static_cast<std::uint64_t>(o.folds), [&](double share) {
                                    context.check_cancelled();
                                    context.progress(share, "tool selection");
                                  });
  const RankingQuality& mix = s.rankings.back().test;
  const Interval bounds = mix.ndcg_interval(5, static_cast<std::size_t>(o.resamples), context.seed);
  Result r;
  r.title = fmt::format("NDCG@5 {:.3f} on {} queries of the test, {} tools", mix.ndcg(5), s.split.test.size(),
                        s.tools.size());
  const auto measured = [&](double v, const Interval& i) {
    return Estimate<Ratio>::within(Ratio(v), Ratio(i.low), Ratio(i.high), Method::measured, o.queries.name());
  };
  r.estimate("ndcg_5", "NDCG@5 of the mix", measured(mix.ndcg(5), bounds), {}, "95 %, bootstrap over test queries");
  std::optional<Energy> selecting;
  if (const auto* cpu = context.find<CpuEnergy>()) {
    const Estimate<Energy> cost = cpu->of(s.encoding);
    selecting = cost.value();
    r.estimate("choosing", "Energy of encoding a query", cost, "mJ",
               fmt::format("{:.2f} ms of CPU time", 1e3 * s.encoding.base()));
  }
  r.add(ranking_table(s, o, context.seed));
  r.add(saving_table(s, o, selecting));
  r.add(recall_figure(s));
  const auto& f = s.fit;
  r.note(fmt::format(
      "Chosen without the test queries: pull {:.1f} and push {:.1f} of meanings, pull {:.1f} and push {:.1f} of words, "
      "mix {:.1f} meaning + {:.1f} words + {:.1f} BM25 (NDCG@5 {:.3f} on the queries that chose).",
      static_cast<double>(f.meaning.pull), static_cast<double>(f.meaning.push), static_cast<double>(f.words.pull),
      static_cast<double>(f.words.push), static_cast<double>(f.mix.meaning), static_cast<double>(f.mix.words),
      static_cast<double>(f.mix.search), s.chosen_ndcg5));
  r.note(fmt::format("Encoder: {} ({}).", s.encoder, found.encoder->limits()));
  for (const auto& n : found.notes) r.note(n);
  if (s.truncated > 0) r.warn(fmt::format("the encoder reads only the beginning of {} queries", s.truncated));
  if (!o.token_energy) r.note("With --token-energy, the joules of a prompt token, it says what is saved in joules.");
  return r;
}

Capability tools_study_capability() {
  using O = ToolsStudyOptions;
  static const auto fields =
      Fields<O>()
          .file("queries", &O::queries, "queries with the tools that served them, CSV or JSON")
          .required()
          .positional()
          .file("tools", &O::tools, "the tools: JSON, names with descriptions or definitions")
          .required()
          .file("more-tools", &O::more_tools, "further tools; one of both files is described as here")
          .flag("labelled-only", &O::labelled_only, "tools that no query names are left out")
          .integer("keep", &O::keep, "tools that are sent")
          .range(1, 4096)
          .quantity("token-energy", &O::token_energy, "J", "of reading a token of the prompt, at the model")
          .at_least(0)
          .integer("folds", &O::folds, "one of so many parts of the queries is tested on, another chooses parameters")
          .range(3, 20)
          .integer("resamples", &O::resamples, "of the bootstrap")
          .range(100, 100'000);
  Capability c = capability<O>("serve", "tools-study", "What sending only the best tools would save and lose.",
                               &tools_study, fields);
  c.description =
      "Agents send every tool's definition with every request, and each is paid for as prompt tokens. This ranks the "
      "tools of a query by the meaning of their texts (sentence vectors), by n-grams and by BM25, each moved by what "
      "came of "
      "earlier queries: towards those that a tool served, away from those for which it would have been taken wrongly "
      "(OATS, arXiv 2603.13426; ranking costs no more than before). A part of the queries, chosen by a hash, is tested "
      "on; "
      "how far vectors are moved and how rankings are mixed is chosen on another, and all else is learned from. Beside "
      "the mix are its parts, the texts alone and the tools by how often they are used. NDCG has gain 1 for each right "
      "tool; a wrong tool with the same score counts as ranked before. Formats: docs/formats/tool-queries.md.";
  c.verb = Verb::predict;
  c.cost = Cost::job;
  c.papers = {1};
  c.emits = {"policy.tool_ranking.v1", "policy.tool_saving.v1"};
  std::string queries = "query,tool\n";
  const char* rain[] = {"Will it rain in", "How warm is it in", "Is there snow in", "What is the forecast for"};
  const char* bank[] = {"Send 20 euros to", "What did I pay to", "Move my savings to", "Stop the payment to"};
  const char* to[] = {"Lyon", "Oslo", "Bern", "Cork", "Graz", "Riga", "Porto", "Turin"};
  for (int i = 0; i < 32; ++i) {
    queries += fmt::format("{} {}?,weather\n", rain[i % 4], to[i / 4]);
    queries += fmt::format("{} {}.,payments\n", bank[i % 4], to[i / 4]);
  }
  c.examples = {{{"queries.csv", "--tools", "tools.json", "--keep", "1", "--token-energy", "0.02 J"},
                 {{"queries.csv", queries},
                  {"tools.json", R"({"weather":"Forecasts for a place.","payments":"Sends money from your account.",)"
                                 R"("news":"What happened today."})"}},
                 "NDCG@5"}};
  return c;
}

}  // namespace wattline::policy
