// Pools by length: the smallest context window that the whole request fits into, its prompt and the 75th percentile
// of what answers of its domain took so far (wrp-router, direction 13). Among equal windows the shorter queue.
#include <algorithm>
#include <array>
#include <atomic>

#include <fmt/format.h>

#include "kernel/error.h"
#include "policy/select/experience.h"
#include "policy/select/family.h"
#include "policy/select/parameters.h"

namespace wattline::policy {
namespace {

// Answer lengths in bins of an eighth of an octave: quantiles to 9 %, and nothing to sort.
class Lengths {
 public:
  static constexpr std::size_t bins = 168;  // 1 to 2^21 tokens

  void add(double tokens) {
    const double at = tokens > 1 ? std::log2(tokens) * 8 : 0;
    counts_[std::min(static_cast<std::size_t>(at), bins - 1)].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const auto& c : counts_) sum += c.load(std::memory_order_relaxed);
    return sum;
  }
  // Upper end of the bin that holds the quantile: an estimate that is too short sends a request to the wrong pool.
  double quantile(double p) const {
    const double wanted = p * static_cast<double>(total());
    double sum = 0;
    for (std::size_t i = 0; i < bins; ++i)
      if ((sum += static_cast<double>(counts_[i].load(std::memory_order_relaxed))) >= wanted)
        return std::exp2(static_cast<double>(i + 1) / 8);
    return std::exp2(static_cast<double>(bins) / 8);
  }
  void write(Json& row) const {
    Json::Array out;
    for (const auto& c : counts_) out.emplace_back(static_cast<std::int64_t>(c.load(std::memory_order_relaxed)));
    row.set("counts", std::move(out));
  }
  void read(const Json& row) {
    const auto& counts = row.at("counts").as_array();
    if (counts.size() != bins)
      throw bad_input(fmt::format("{} counts; {} are expected", counts.size(), bins), "counts");
    for (std::size_t i = 0; i < bins; ++i) {
      if (counts[i].as_integer() < 0) throw bad_input("a count is below 0", "counts");
      counts_[i].store(static_cast<std::uint64_t>(counts[i].as_integer()), std::memory_order_relaxed);
    }
  }

 private:
  std::array<std::atomic<std::uint64_t>, bins> counts_{};
};

constexpr std::uint64_t enough = 10;  // answers, before their quantile is trusted

class ByLength final : public Selector {
 public:
  double percentile = 0.75, default_output = 512;

  std::string_view name() const override { return "by_length"; }
  bool learns_from_answers() const override { return true; }

  Reasons weigh(std::span<const Prediction> candidates, const Situation& s, std::span<double> scores,
                std::span<double> chances) const override {
    const double total = static_cast<double>(s.prompt_tokens) + expected_output(s);
    double widest = 1;
    for (const auto& c : candidates) widest = std::max(widest, static_cast<double>(c.context_window));
    bool any = false;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const auto& c = candidates[i];
      // A window of which nothing is known comes after those that are.
      const double window = c.context_window > 0 ? static_cast<double>(c.context_window) : 2 * widest;
      const bool fits = window >= total;
      any = any || (c.able && fits);
      const double queue = std::max(0.0, c.wait) + std::max(0.0, c.in_flight);
      scores[i] = !c.able ? 0
                  : fits  ? 0.5 + 0.5 / (1 + std::log2(1 + window) + 1e-3 * queue / (1 + queue))
                          : 0.5 * window / (1 + total);
    }
    certain(best_of(candidates, scores), chances);
    return {any ? "smallest pool that its length fits into" : "longer than every pool: the widest"};
  }

  void learn(std::span<const Prediction>, const Situation& s, const Feedback& f) override {
    if (!(f.output_tokens >= 0) || f.failed) return;
    lengths_.learn("", s.domain, [&](Lengths& l) { l.add(f.output_tokens); });
  }

  Json state() const override { return Json::Object{{"output_lengths", lengths_.json()}}; }
  void restore(const Json& json) override { lengths_.restore(json.at("output_lengths")); }

 private:
  double expected_output(const Situation& s) const {
    double tokens = default_output;
    const auto learned = lengths_.view();
    if (const Lengths* lengths = learned.find("", s.domain); lengths && lengths->total() >= enough)
      tokens = lengths->quantile(percentile);
    return s.max_output_tokens > 0 ? std::min(tokens, static_cast<double>(s.max_output_tokens)) : tokens;
  }

  Experience<Lengths> lengths_;
};

std::unique_ptr<Selector> make(const Json& json, std::string_view where) {
  auto s = std::make_unique<ByLength>();
  Parameters settings(json, where);
  s->percentile = settings.number("percentile", s->percentile, 0.01, 0.999);
  s->default_output = settings.number("default_output_tokens", s->default_output, 0, 1e7);
  settings.finish();
  return s;
}

}  // namespace

Algorithm by_length_algorithm() {
  return {"by_length", "the smallest pool that prompt and expected answer fit into", make};
}

}  // namespace wattline::policy
