#include "ledger/training/epochs.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/units.h"

namespace wattline::ledger::training {
namespace {

const std::string* epoch_of(const Row& row) {
  for (const auto& [name, value] : row.fact.labels)
    if (name == "epoch" && !value.empty()) return &value;
  return nullptr;
}

Table::Cell mean_watts(const EpochCost& e) {
  return e.seconds > 0 ? Table::Cell(e.energy.value().base() / e.seconds) : Table::Cell();
}

double joules(const std::vector<EpochCost>& epochs) {
  double out = 0;
  for (const auto& e : epochs) out += e.energy.value().base();
  return out;
}

}  // namespace

std::vector<EpochCost> costs(const std::vector<Epoch>& epochs, const Spending& spending, Footprint& footprint) {
  std::vector<EpochCost> out;
  for (const auto& epoch : epochs) {
    Slices slices;
    EpochCost cost;
    cost.name = epoch.name;
    cost.begin = epoch.spans.front().begin;
    cost.end = epoch.spans.back().end;
    cost.whole = epoch.whole;
    for (const auto& span : epoch.spans) {
      cost.seconds += (span.end - span.begin).base();
      append(slices, spending(span.begin, span.end));
    }
    cost.energy = sum(slices);
    if (!slices.empty()) cost.carbon = footprint.of(slices).carbon;
    out.push_back(std::move(cost));
  }
  return out;
}

bool has_epochs(const std::vector<Row>& rows) { return std::any_of(rows.begin(), rows.end(), epoch_of); }

std::vector<EpochCost> costs_by_label(const std::vector<Row>& rows, Footprint& footprint) {
  std::vector<EpochCost> out;
  std::vector<Slices> slices;
  for (const auto& row : rows) {
    const std::string* name = epoch_of(row);
    if (!name) continue;
    const Fact& f = row.fact;
    auto it = std::find_if(out.begin(), out.end(), [&](const EpochCost& e) { return e.name == *name; });
    if (it == out.end()) {
      EpochCost fresh;
      fresh.name = *name;
      fresh.begin = f.begin;
      fresh.end = f.end;
      it = out.insert(out.end(), std::move(fresh));
      slices.emplace_back();
    }
    it->begin = std::min(it->begin, f.begin);
    it->end = std::max(it->end, f.end);
    it->seconds += (f.end - f.begin).base();
    slices[static_cast<std::size_t>(it - out.begin())].push_back({f.begin, f.end, f.energy, site_of(f)});
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].energy = sum(slices[i]);
    out[i].carbon = footprint.of(slices[i]).carbon;
  }
  return out;
}

Table epochs_table(const std::vector<EpochCost>& epochs, const Estimate<Energy>& all) {
  Table t("training.epochs.v1");
  t.title = "By epoch";
  t.text("epoch").number("duration", "s").number("energy", "Wh").number("energy_low", "Wh").number("energy_high", "Wh");
  t.number("power", "W", "mean").number("carbon", "gCO2e").number("carbon_low", "gCO2e").number("carbon_high", "gCO2e");
  t.text("whole", "yes; no: its end is not known, or lies outside").time("begin").time("end");
  for (const auto& e : epochs) {
    const Measure energy = e.energy.measure("Wh"), carbon = e.carbon.measure("gCO2e");
    t.add_row({e.name, e.seconds, energy.value, energy.interval.low, energy.interval.high, mean_watts(e), carbon.value,
               carbon.interval.low, carbon.interval.high, std::string(e.whole ? "yes" : "no"), e.begin, e.end});
  }
  const double rest = all.value().base() - joules(epochs);
  if (rest > 1e-9 * all.value().base())
    t.add_row(
        {std::string("(of no epoch)"), {}, rest / units::Wh.base(), {}, {}, {}, {}, {}, {}, std::string(), {}, {}});
  return t;
}

Table phases_table(const std::vector<EpochCost>& phases, const Estimate<Energy>& all) {
  Table t("training.phases.v1");
  t.title = "By phase";
  t.text("phase").number("duration", "s").number("energy", "Wh").number("share", "%", "of the energy");
  t.number("power", "W", "mean").number("carbon", "gCO2e");
  for (const auto& e : phases)
    t.add_row({e.name, e.seconds, e.energy.value().in(units::Wh),
               all.value().base() > 0 ? Table::Cell(100 * e.energy.value().base() / all.value().base()) : Table::Cell(),
               mean_watts(e), e.carbon.value().in(units::gCO2e)});
  return t;
}

Figure epochs_figure(const std::vector<EpochCost>& epochs) {
  constexpr std::size_t most = 60;
  const std::size_t bars = std::min(epochs.size(), most);
  double largest = 0;
  for (std::size_t i = 0; i < bars; ++i) largest = std::max(largest, epochs[i].energy.value().base());
  const Unit unit = friendly_unit(largest, Energy::dimension);
  Figure f;
  f.kind = Figure::Kind::bar;
  f.title = "Energy by epoch";
  if (bars < epochs.size()) f.caption = fmt::format("the first {} of {}", bars, epochs.size());
  f.y = {"energy", unit.symbol};
  Figure::Trace trace;
  trace.name = "energy";
  for (std::size_t i = 0; i < bars; ++i) {
    const auto& e = epochs[i].energy;
    trace.x.push_back(static_cast<double>(i));
    trace.y.push_back(e.value().base() / unit.scale);
    trace.low.push_back(e.low().base() / unit.scale);
    trace.high.push_back(e.high().base() / unit.scale);
    f.categories.push_back(epochs[i].name);
  }
  f.traces.push_back(std::move(trace));
  return f;
}

std::vector<double> whole_ones(const std::vector<EpochCost>& epochs) {
  std::vector<double> out;
  for (const auto& e : epochs)
    if (e.whole) out.push_back(e.energy.value().base());
  return out;
}

}  // namespace wattline::ledger::training
