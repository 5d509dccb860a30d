#include "ledger/training/spending.h"

#include <algorithm>

#include "ledger/energy_sum.h"

namespace wattline::ledger::training {
namespace {

constexpr std::int64_t hour_ns = 3'600'000'000'000;

// `slice` for each piece of begin..end within one hour.
template <class F>
void by_hour(Time begin, Time end, F&& slice) {
  while (begin < end) {
    const Time next{(begin.ns / hour_ns + 1) * hour_ns};
    slice(begin, std::min(end, next));
    begin = next;
  }
}

Estimate<Energy> logged(const TraceEnergy& e, const catalog::Factor& gain) {
  const RawEstimate g = gain.estimate();
  RawEstimate raw(e.joules, e.joules * g.sd() / g.value(), Method::measured, "power log");
  raw.attribute_to(gain.id);
  Estimate<Energy> out(raw);
  if (e.gap_joules > 0)
    out = out + Estimate<Energy>::with_sd(Energy(0), Energy(e.gap_joules / 1.96), Method::modelled, "held over gaps")
                    .from_factor("training.gaps");
  return out;
}

}  // namespace

Spending of_log(std::shared_ptr<const Log> log, const catalog::Factor& gain) {
  return [log = std::move(log), gain](Time begin, Time end) {
    Slices out;
    by_hour(std::max(begin, log->begin), std::min(end, log->end), [&](Time a, Time b) {
      TraceEnergy all;
      for (const auto& device : log->trace.devices) {
        const TraceEnergy e = integrate(device.power, log->gap, a, b);
        all.joules += e.joules;
        all.gap_joules += e.gap_joules;
      }
      out.push_back({a, b, logged(all, gain), {}});
    });
    return out;
  };
}

Spending of_load(LoadTrace load, Power design, double gap) {
  return [load = std::move(load), design, gap](Time begin, Time end) {
    Slices out;
    by_hour(std::max(begin, load.load.times.front()), std::min(end, load.load.times.back()), [&](Time a, Time b) {
      const Energy e = design * Duration(integrate(load.load, gap, a, b).joules);
      out.push_back(
          {a,
           b,
           Estimate<Energy>::relative(e, 0.5, Method::modelled, "load x design power").from_factor("training.load"),
           {}});
    });
    return out;
  };
}

Spending of_rows(std::vector<Row> rows) {
  return [rows = std::move(rows)](Time begin, Time end) {
    Slices out;
    for (const auto& row : rows) {
      const Fact& f = row.fact;
      // A row of no time is where it is; one at an end belongs to what begins there.
      if (f.begin == f.end ? f.begin < begin || f.begin >= end : f.end <= begin || f.begin >= end) continue;
      const Time a = std::max(begin, f.begin), b = std::min(end, f.end);
      Estimate<Energy> energy = f.energy;
      if (a != f.begin || b != f.end) {
        energy = energy * ((b - a) / (f.end - f.begin));
        energy.raw().worsen(Method::modelled);
      }
      out.push_back({a, b, energy, site_of(f)});
    }
    return out;
  };
}

Estimate<Energy> sum(const Slices& slices) {
  EnergySum out;
  for (const auto& s : slices) out.add(s.energy);
  return out.total();
}

void append(Slices& out, Slices more) {
  out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace wattline::ledger::training
