#include "ledger/group_check.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "kernel/json.h"
#include "ledger/group_key.h"
#include "ledger/rollup.h"
#include "ledger/schema.h"
#include "ledger/staging.h"

namespace wattline::ledger {
namespace {

constexpr std::size_t most_weights = 50'000;  // remembered
constexpr std::int64_t hour_ns = 3'600'000'000'000;

// Nobody finds another text with the same one.
std::uint64_t weight_of(std::string_view key) {
  const std::string hash = hash_of(key);
  std::uint64_t out = 0;
  std::from_chars(hash.data(), hash.data() + 16, out, 16);
  return out;
}

}  // namespace

void GroupCheck::Sums::add(const Sums& o) {
  first_begin = std::min(first_begin, o.first_begin);
  last_end = std::max(last_end, o.last_end);
  rows += o.rows;
  tokens += o.tokens;
  energy += o.energy;
  factors += o.factors;
  size += o.size;
}

GroupCheck::GroupCheck(const Database& database, std::unordered_set<std::string> sealed_corrects)
    : database_(database), superseded_(std::move(sealed_corrects)) {
  Statement state(database, "SELECT writer, seq FROM rollup_state");
  while (state.step()) folded_[std::string(state.text(0))] = state.integer(1);
  Statement corrected(database, fmt::format("SELECT corrects FROM facts WHERE corrects <> '' AND {}", in_account));
  while (corrected.step()) superseded_.emplace(corrected.text(0));
}

void GroupCheck::see(const Row& row) {
  const auto folded = folded_.find(row.writer);
  if (folded != folded_.end() && row.seq <= folded->second) add(row, by_hour_);
}

void GroupCheck::see_sealed(const Row& row) { add(row, sealed_); }

void GroupCheck::add(const Row& row, ByHour& sums) {
  const Fact& f = row.fact;
  if (f.kind == "retraction" || (!superseded_.empty() && superseded_.contains(f.uid))) return;
  const RawEstimate& e = f.energy.raw();
  texts_.read(f);
  key_.clear();
  append_group_key(key_, {row.writer, row.factor_set, f.kind, f.model, f.device, f.place, texts_.labels(),
                          to_string(e.method()), texts_.sources(), f.tokens_out > 0, e.can_be_negative()});
  auto known = weights_.find(key_);
  if (known == weights_.end()) {
    if (weights_.size() >= most_weights) weights_.clear();
    known = weights_.emplace(key_, weight_of(key_)).first;
  }
  double factors = 0;
  for (const auto& [factor, sd] : e.by_factor()) factors += sd;
  sums[hour_of(f.end)].add(weighed(
      {1, f.tokens_in, f.tokens_out, f.begin.ns, f.end.ns, e.value(), e.independent_sd() * e.independent_sd(), factors},
      known->second));
}

GroupCheck::Sums GroupCheck::weighed(const Part& p, std::uint64_t weight) {
  const double share = std::ldexp(static_cast<double>(weight), -64);
  const auto in = static_cast<std::uint64_t>(p.tokens_in), out = static_cast<std::uint64_t>(p.tokens_out);
  Sums s;
  s.first_begin = p.first_begin;
  s.last_end = p.last_end;
  s.rows = static_cast<std::uint64_t>(p.rows) * weight;
  s.tokens = (in + 3 * out) * weight;
  s.energy = p.energy * share;
  s.factors = (p.variance + p.factors) * share;
  s.size = p.energy + p.variance + std::abs(p.factors);
  return s;
}

GroupCheck::ByHour GroupCheck::kept_in(const char* table, const Weights& weights) const {
  ByHour out;
  Statement sums(database_, fmt::format("SELECT hour, grp, rows, tokens_in, tokens_out, first_begin, last_end, energy,"
                                        " variance, by_factor FROM {}",
                                        table));
  while (sums.step()) {
    double factors = 0;
    if (sums.text(9) != "{}") {
      const Json read = parse_json(sums.text(9));
      for (const auto& [factor, sd] : read.as_object()) factors += sd.as_number();
    }
    const auto weight = weights.find(sums.integer(1));
    out[sums.integer(0)].add(weighed({sums.integer(2), sums.integer(3), sums.integer(4), sums.integer(5),
                                      sums.integer(6), sums.number(7), sums.number(8), factors},
                                     weight == weights.end() ? 0 : weight->second));
  }
  return out;
}

std::string GroupCheck::difference(const ByHour& kept, const ByHour& of_rows, std::string_view rows) {
  const auto at = [](const ByHour& of, std::int64_t hour) {
    const auto it = of.find(hour);
    return it == of.end() ? Sums{} : it->second;
  };
  for (const auto* side : {&kept, &of_rows})
    for (const auto& [hour, unused] : *side) {
      const Sums a = at(kept, hour), b = at(of_rows, hour);
      // Sums of the same numbers in another order differ in their last digits.
      const auto same = [&](double x, double y) { return std::abs(x - y) <= 1e-9 * (a.size + b.size) + 1e-12; };
      const char* what =
          a.rows != b.rows || a.tokens != b.tokens || !same(a.energy, b.energy) || !same(a.factors, b.factors)
              ? "of other kinds, models, devices, places, labels or sources"
          : a.first_begin != b.first_begin || a.last_end != b.last_end ? "of other times"
                                                                       : nullptr;
      if (what)
        return fmt::format("the sums of the hour from {} are {} than its {}", to_string(Time{hour * hour_ns}), what,
                           rows);
    }
  return "";
}

std::string GroupCheck::fault(bool all_sealed) const {
  Weights weights;
  Statement groups(database_,
                   "SELECT id, key, writer, factor_set, kind, model, device, place, labels, method, sources,"
                   " with_tokens, signed FROM rollup_groups");
  std::string key;
  while (groups.step()) {
    key.clear();
    append_group_key(
        key, {groups.text(2), groups.text(3), groups.text(4), groups.text(5), groups.text(6), groups.text(7),
              groups.text(8), groups.text(9), groups.text(10), groups.integer(11) != 0, groups.integer(12) != 0});
    // Rows to come find their group by it.
    if (key != groups.text(1))
      return fmt::format("group {} of the sums (kind {}, place {}) is kept under the key of another", groups.integer(0),
                         groups.text(4), groups.text(7));
    weights.emplace(groups.integer(0), weight_of(key));
  }
  ByHour of_rows = by_hour_;
  if (check_schema(database_) >= 4) {
    const ByHour kept = kept_in("sealed_sums", weights);
    if (all_sealed)
      if (auto wrong = difference(kept, sealed_, "sealed rows"); !wrong.empty()) return wrong;
    for (const auto& [hour, sums] : kept) of_rows[hour].add(sums);
  }
  return difference(kept_in("rollups", weights), of_rows, "rows");
}

}  // namespace wattline::ledger
