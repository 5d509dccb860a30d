#include "policy/tools/tool_fit.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::policy {
namespace {

constexpr float pulls[] = {0.3F, 0.5F, 0.7F, 1.0F}, pushes[] = {0.1F, 0.2F, 0.3F, 0.4F};
constexpr int most_failures = 3;  // a query

// The queries' scores by one ranking, row by row of `rows`.
using Score = std::function<void(std::size_t row, std::span<float> out)>;
RankingQuality judged(const std::vector<ToolQuery>& queries, std::span<const std::size_t> rows, std::size_t tools,
                      const Score& score) {
  RankingQuality q;
  std::vector<float> scores(tools);
  for (const auto r : rows) {
    score(r, scores);
    q.places.push_back(places_of(scores, queries[r].tools));
  }
  return q;
}

Score by(const FittedSpace& f) {
  return [&f](std::size_t row, std::span<float> out) { f.space->score(f.matrix, row, out); };
}

// One setting after the other, the better on the rows that choose: OATS names no value.
Refinement chosen(const std::shared_ptr<const ToolSpace>& space, const std::vector<ToolQuery>& queries,
                  const ToolSplit& split, std::size_t tools, const std::function<void()>& step) {
  Refinement best;
  best.push = 0;
  double most = -1;
  const auto attempt = [&](const Refinement& r) {
    step();
    const FittedSpace fitted = fit_space(space, queries, split.learn, r);
    const double ndcg = judged(queries, split.choose, tools, by(fitted)).ndcg(5);
    if (ndcg > most) most = ndcg, best = r;
  };
  for (const float pull : pulls) attempt({.pull = pull, .push = 0});
  const Refinement without = best;
  for (const float push : pushes) attempt({.pull = without.pull, .push = push});
  return best;
}

std::vector<float> scores_of(const std::vector<std::size_t>& rows, std::size_t tools, const Score& score) {
  std::vector<float> all(rows.size() * tools);
  for (std::size_t k = 0; k < rows.size(); ++k) score(rows[k], std::span(all).subspan(k * tools, tools));
  return all;
}

// Weights in steps of a tenth, in sum 1.
ToolMix chosen_mix(const std::vector<ToolQuery>& queries, const std::vector<std::size_t>& rows, std::size_t tools,
                   const std::vector<float>& meaning, const std::vector<float>& words, const std::vector<float>& search,
                   double& most) {
  ToolMix best;
  most = -1;
  std::vector<float> sum(tools);
  for (int m = 0; m <= 10; ++m)
    for (int w = 0; m + w <= 10; ++w) {
      const ToolMix mix{static_cast<float>(m) / 10, static_cast<float>(w) / 10, static_cast<float>(10 - m - w) / 10};
      RankingQuality q;
      for (std::size_t k = 0; k < rows.size(); ++k) {
        for (std::size_t t = 0; t < tools; ++t) {
          const std::size_t at = k * tools + t;
          sum[t] = mix.meaning * meaning[at] + mix.words * words[at] + mix.search * search[at];
        }
        q.places.push_back(places_of(sum, queries[rows[k]].tools));
      }
      if (const double ndcg = q.ndcg(5); ndcg > most) most = ndcg, best = mix;
    }
  return best;
}

}  // namespace

FittedSpace static_space(std::shared_ptr<const ToolSpace> space) {
  FittedSpace f{std::move(space), {.pull = 0, .push = 0}, {}};
  f.matrix = f.space->matrix(f.space->texts(), f.refinement);
  return f;
}

FittedSpace fit_space(std::shared_ptr<const ToolSpace> space, const std::vector<ToolQuery>& queries,
                      std::span<const std::size_t> rows, const Refinement& r) {
  FittedSpace f{std::move(space), r, {}};
  OutcomeVectors v = f.space->texts();
  for (const auto row : rows)
    for (const auto t : queries[row].tools) f.space->served(v, t, row);
  Refinement attracted = r;
  attracted.push = 0;
  f.matrix = f.space->matrix(v, attracted);
  if (r.push == 0) return f;
  std::vector<float> scores(v.tools());
  for (const auto row : rows) {
    f.space->score(f.matrix, row, scores);
    float right = -INFINITY;
    for (const auto t : queries[row].tools) right = std::max(right, scores[t]), scores[t] = -INFINITY;
    for (int k = 0; k < most_failures; ++k) {
      const auto worst = std::max_element(scores.begin(), scores.end());
      if (*worst <= right) break;
      f.space->failed(v, static_cast<std::size_t>(worst - scores.begin()), row);
      *worst = -INFINITY;
    }
  }
  f.matrix = f.space->matrix(v, r);
  return f;
}

ToolSearch::ToolSearch(const std::vector<ToolText>& tools, const std::vector<ToolQuery>& queries,
                       std::span<const std::size_t> rows) {
  std::vector<std::string> texts;
  for (const auto& t : tools) texts.push_back(searched_text(t.name, t.description));
  for (const auto row : rows)
    for (const auto t : queries[row].tools) texts[t].append("\n").append(queries[row].text);
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  index_ = text::Bm25(views);
}

void ToolSearch::score(std::string_view query, std::span<float> out) {
  index_.score(query, out, scratch_);
  const float most = *std::max_element(out.begin(), out.end());
  if (most > 0)
    for (float& s : out) s /= most;
}

ToolStudy study_tools(std::vector<ToolText> tools, std::vector<ToolQuery> queries, const text::Encoder& encoder,
                      std::uint64_t folds, const std::function<void(double)>& tick) {
  ToolStudy s;
  s.split = split_tool_queries(queries, folds);
  if (s.split.test.empty() || s.split.choose.empty() || s.split.learn.empty())
    throw bad_input(
        fmt::format("{} queries in {} folds leave {} to learn from, {} to choose by and {} to test on", queries.size(),
                    folds, s.split.learn.size(), s.split.choose.size(), s.split.test.size()),
        "queries", "give more queries");
  const std::size_t n = tools.size();
  double done = 0.6;
  const auto step = [&] {
    if (tick) tick(done);
    done += 0.02;
  };
  const auto meaning = std::make_shared<MeaningSpace>(encoder, tools, queries, [&](double share) {
    if (tick) tick(0.6 * share);
  });
  s.encoder = encoder.name();
  s.encoding = meaning->cpu_of_queries() / static_cast<double>(queries.size());
  s.truncated = meaning->truncated();

  // Parameters: learned from some rows, chosen on others. Test rows are not looked at.
  {
    const auto words = std::make_shared<WordSpace>(tools, queries, s.split.learn);
    s.fit.meaning = chosen(meaning, queries, s.split, n, step);
    s.fit.words = chosen(words, queries, s.split, n, step);
    const FittedSpace m = fit_space(meaning, queries, s.split.learn, s.fit.meaning),
                      w = fit_space(words, queries, s.split.learn, s.fit.words);
    ToolSearch search(tools, queries, s.split.learn);
    const auto found = [&](std::size_t row, std::span<float> out) { search.score(queries[row].text, out); };
    s.fit.mix = chosen_mix(queries, s.split.choose, n, scores_of(s.split.choose, n, by(m)),
                           scores_of(s.split.choose, n, by(w)), scores_of(s.split.choose, n, found), s.chosen_ndcg5);
    step();
  }

  // With these, from all rows but those of the test.
  s.learned_from = s.split.learn;
  s.learned_from.insert(s.learned_from.end(), s.split.choose.begin(), s.split.choose.end());
  const auto words = std::make_shared<WordSpace>(tools, queries, s.learned_from);
  const FittedSpace texts = static_space(meaning), m = fit_space(meaning, queries, s.learned_from, s.fit.meaning),
                    w = fit_space(words, queries, s.learned_from, s.fit.words);
  ToolSearch plain(tools, queries, {}), search(tools, queries, s.learned_from);
  std::vector<float> popular(n, 0.0F);
  for (const auto row : s.learned_from)
    for (const auto t : queries[row].tools) popular[t] += 1;
  const auto judge = [&](std::string name, std::string what, const Score& score) {
    s.rankings.push_back({std::move(name), std::move(what), judged(queries, s.split.test, n, score)});
    step();
  };
  judge("most used first", "how often each tool served, whatever is asked",
        [&](std::size_t, std::span<float> out) { std::copy(popular.begin(), popular.end(), out.begin()); });
  judge("BM25, texts", "words of the tools' texts",
        [&](std::size_t row, std::span<float> out) { plain.score(queries[row].text, out); });
  judge("meaning, texts", "sentence vectors of the tools' texts", by(texts));
  judge("BM25, outcomes", "words of the texts and of queries served",
        [&](std::size_t row, std::span<float> out) { search.score(queries[row].text, out); });
  judge("words, refined", "n-gram vectors moved by outcomes", by(w));
  judge("meaning, refined", "sentence vectors moved by outcomes", by(m));
  std::vector<float> a(n), b(n);
  judge("mix", "the last three, weighted", [&](std::size_t row, std::span<float> out) {
    m.space->score(m.matrix, row, out);
    w.space->score(w.matrix, row, a);
    search.score(queries[row].text, b);
    for (std::size_t t = 0; t < n; ++t)
      out[t] = s.fit.mix.meaning * out[t] + s.fit.mix.words * a[t] + s.fit.mix.search * b[t];
  });
  s.tools = std::move(tools);
  s.queries = std::move(queries);
  return s;
}

}  // namespace wattline::policy
