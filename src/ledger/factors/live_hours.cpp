#include "ledger/factors/live_hours.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::ledger {
namespace {

constexpr std::int64_t hour_ns = 3'600'000'000'000;

}  // namespace

void LiveHours::join(std::vector<catalog::IntensityGap>& gaps) {
  std::sort(gaps.begin(), gaps.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::vector<catalog::IntensityGap> out;
  for (const auto& g : gaps) {
    if (!out.empty() && g.begin <= out.back().end) out.back().end = std::max(out.back().end, g.end);
    else out.push_back(g);
  }
  gaps = std::move(out);
}

void LiveHours::need(const Subtotal& s) {
  // As the hours are taken (hourly.h): rows that were added up at the hour of their end.
  // What ends on the stroke needs nothing of the hour that begins there; a moment does.
  const bool until_stroke = s.rows == 1 && s.first_begin < s.last_end;
  const std::int64_t last = hour_of(until_stroke ? Time{s.last_end.ns - 1} : s.last_end);
  const std::int64_t first = s.rows > 1 ? last : hour_of(s.first_begin);
  auto& wanted = hours_[s.like.fact.place].wanted;
  wanted.push_back({Time{std::min(first, last) * hour_ns}, Time{(last + 1) * hour_ns}});
  constexpr std::size_t many = 1 << 16;
  if (wanted.size() >= many) join(wanted);
}

void LiveHours::fetch(const catalog::IntensityStore& store, catalog::IntensityProvider& provider,
                      const Context& context) {
  for (auto& [place, hours] : hours_) {
    context.check_cancelled();
    if (given_up_.empty()) fetch_place(place, hours, store, provider, context);
    else hours.failure = given_up_;
  }
}

void LiveHours::fetch_place(const std::string& place, Hours& hours, const catalog::IntensityStore& store,
                            catalog::IntensityProvider& provider, const Context& context) {
  const std::string& name = place.empty() ? place_ : place;
  if (name.empty() || !catalog_.find_place(name)) return;  // the account of coverage says so
  join(hours.wanted);
  catalog::FetchOrder order;
  order.asked.kind = order.name.kind = catalog::IntensityKind::average;
  order.wanted = hours.wanted;
  order.now = Time::now();
  try {
    order.asked.zone = catalog::zone_of(provider.config(), name, catalog_, &order.name.place);
    const auto got = catalog::fetch_series(store, provider, order,
                                           [&](double) { context.progress(0, fmt::format("asking for {}", name)); });
    hours.questions = got.questions;
    hours.values = got.merged.added + got.merged.replaced_estimates;
    for (const auto& g : got.missing) hours.missing_s += (g.end - g.begin).base();
    if (!got.failure) return;
    hours.failure = got.failure->what();
    // An unknown zone is that place's own trouble; a key, a network or a limit is everyone's.
    if (got.failure->kind() != ErrorKind::not_found) given_up_ = hours.failure;
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::cancelled) throw;
    hours.failure = e.what();
  }
}

std::map<std::string, std::string> LiveHours::failures() const {
  std::map<std::string, std::string> out;
  for (const auto& [place, h] : hours_)
    if (!h.failure.empty()) out[place] = h.failure;
  return out;
}

void LiveHours::tell(Result& out) const {
  Table t("ledger.fetched_hours.v1");
  t.title = "Asked of the provider";
  t.text("place")
      .integer("questions")
      .integer("values", "", "new ones")
      .number("missing", "h", "after all")
      .text("failure");
  for (const auto& [place, h] : hours_)
    t.add_row({place.empty() ? "(none)" : place, h.questions, h.values, h.missing_s / 3600, h.failure});
  out.add(std::move(t));
}

}  // namespace wattline::ledger
