#include "meter/attribution/sharing.h"

#include <fmt/format.h>

namespace wattline::meter {

WorkWeights::WorkWeights(Sharing wanted, std::unique_ptr<EventCounts> counts, std::string why)
    : wanted_(wanted), counts_(std::move(counts)), how_("share of CPU time"), factor_("meter.attribution.cpu_time") {
  if (wanted_ != Sharing::cpu_time && !counts_)
    trouble_ = fmt::format("energy is shared out by CPU time and not by {}: {}",
                           wanted_ == Sharing::cycles ? "cycles" : "regression", why);
}

void WorkWeights::forget(int pid) {
  if (counts_) counts_->forget(pid);
}

void WorkWeights::weigh(const std::vector<Done>& all, double unseen_seconds, double active, double length,
                        Weighed& out) {
  out.work.clear();
  out.unseen = unseen_seconds;
  if (wanted_ == Sharing::cpu_time || !counts_) {
    for (const Done& d : all) out.work.push_back({d.account, d.seconds, {no_account, no_account}});
    return;
  }
  // Of those that are not counted (yet) a second counts as a mean one.
  signals_.clear();
  double counted_seconds = 0, cycles = 0, misses = 0, seconds = unseen_seconds;
  std::vector<char> counted;
  for (const Done& d : all) {
    const auto delta = d.pid > 0 ? counts_->since_last(d.pid) : std::nullopt;
    counted.push_back(delta.has_value());
    signals_.push_back({d.seconds, delta ? delta->cycles : 0, delta ? delta->misses : 0});
    seconds += d.seconds;
    if (!delta) continue;
    counted_seconds += d.seconds;
    cycles += delta->cycles;
    misses += delta->misses;
  }
  const double per_second = counted_seconds > 0 ? cycles / counted_seconds : 0;
  const double misses_per_second = counted_seconds > 0 ? misses / counted_seconds : 0;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (!counted[i]) signals_[i] = {all[i].seconds, all[i].seconds * per_second, all[i].seconds * misses_per_second};
  const PowerFit::Signals unseen = {unseen_seconds, unseen_seconds * per_second, unseen_seconds * misses_per_second};
  if (wanted_ == Sharing::regression && active >= 0 && counted_seconds > 0)
    fit_.add({seconds, seconds * per_second, seconds * misses_per_second}, active, length);
  const bool fitted = wanted_ == Sharing::regression && fit_.usable();
  const auto weight = [&](const PowerFit::Signals& x) {
    return fitted ? fit_.joules(x) : per_second > 0 ? x[1] : x[0];
  };
  for (std::size_t i = 0; i < all.size(); ++i)
    out.work.push_back({all[i].account, weight(signals_[i]), {no_account, no_account}});
  out.unseen = weight(unseen);
  how_ = fitted ? "regression on CPU time, cycles, misses" : per_second > 0 ? "share of cycles" : "share of CPU time";
  factor_ = fitted ? "" : per_second > 0 ? "meter.attribution.cycles" : "meter.attribution.cpu_time";
}

}  // namespace wattline::meter
