#include "ledger/machines/take_machines.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kernel/account.h"
#include "kernel/units.h"
#include "ledger/account.h"

namespace wattline::ledger {
namespace {

constexpr double worth_a_row = 1e-3;  // J: less is the rounding of sums

// What rows hold already of a component in a run of its agent.
struct Held {
  double joules = 0, missing = 0;
  std::int64_t rows = 0;
  Time end{};
  std::vector<std::pair<Time, Time>> times;  // of the rows
};
using HeldOf = std::map<std::pair<std::string, std::string>, Held>;  // by run and component

std::string label_of(const Fact& f, std::string_view name) {
  for (const auto& [key, value] : f.labels)
    if (key == name) return value;
  return {};
}

double number_of(const std::string& text) {
  double out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return std::isfinite(out) ? out : 0;
}

// Nothing where the row is of no agent.
Held* held_for(HeldOf& all, const Fact& f) {
  const std::string run = label_of(f, "agent_run");
  return run.empty() ? nullptr : &all[{run, label_of(f, "component")}];
}

void hold(Held& held, double joules, const Fact& like, std::int64_t rows, Time begin, Time end) {
  held.joules += joules;
  held.missing += static_cast<double>(rows) * number_of(label_of(like, "missing_s"));
  held.end = std::max(held.end, end);
  held.times.emplace_back(begin, end);
}

bool overlaps(const Held& held, const Fact& f) {
  return std::any_of(held.times.begin(), held.times.end(),
                     [&](const auto& t) { return t.first < f.end && f.begin < t.second; });
}

// What somebody took back is not to come again by itself; unless it was there twice, and one of the two still is.
void hold_retracted(const Ledger& ledger, HeldOf& out) {
  std::vector<std::string> retracted;
  ledger.for_each({.since = {}, .until = {}, .superseded = true, .kind = "retraction"},
                  [&](const Row& r) { retracted.push_back(r.corrects); });
  for (const auto& uid : retracted) {
    const auto row = ledger.find(uid);
    if (!row || row->fact.kind != "machine") continue;
    const Fact& f = row->fact;
    Held* const held = held_for(out, f);
    if (!held) continue;
    ++held->rows;
    if (!overlaps(*held, f)) hold(*held, f.energy.value().base(), f, 1, f.begin, f.end);
  }
}

HeldOf held_by(const Ledger* ledger, const Context& context) {
  HeldOf out;
  if (!ledger) return out;
  RowsOptions machines;
  machines.kind = "machine";
  for_each_subtotal(*ledger, machines, context, [&](const Subtotal& s) {
    Held* const held = held_for(out, s.like.fact);
    if (!held) return;
    held->rows += s.rows;
    hold(*held, s.energy.value(), s.like.fact, s.rows, s.first_begin, s.last_end);
  });
  hold_retracted(*ledger, out);
  return out;
}

}  // namespace

void take_machines(const std::vector<MachineCounters>& machines, const std::string& place, const Context& context,
                   Result& out) {
  const auto ledger = account(context);
  const HeldOf held = held_by(ledger.get(), context);
  std::vector<Fact> facts;
  std::size_t there = 0;
  double joules = 0;
  for (const auto& m : machines) {
    if (!m.trouble.empty()) {
      out.warn(fmt::format("{} is not there ({}): what it drew since it was last taken in is not in the account yet",
                           m.name, m.trouble));
      continue;
    }
    ++there;
    for (const auto& c : m.components) {
      const auto known = held.find({m.run, c.name});
      const Held before = known == held.end() ? Held{} : known->second;
      const double all = c.energy.value().base(), more = all - before.joules;
      if (!(more > worth_a_row)) continue;
      Fact f;
      f.kind = "machine";
      f.begin = std::max(m.begin, before.end);
      f.end = std::max(m.end, f.begin);
      f.energy = c.energy * (more / all);
      // What makes one reading of it wrong makes the next wrong alike: many rows are no surer than one.
      f.energy.raw().attribute_to("agent " + m.host + " " + c.name);
      f.device = c.device;
      f.place = place;
      f.labels = {{"component", c.name}, {"host", m.host}, {"agent_run", m.run}};
      if (const double missing = c.missing.base() - before.missing; missing > 0.5)
        f.labels.emplace_back("missing_s", fmt::format("{:.0f}", missing));
      // Two who take it in at the same time write the same row; one that was corrected or retracted is another.
      f.uid = fmt::format("machine-{}-{}-{:.1f}-{}", m.run, c.name, before.joules, before.rows);
      joules += more;
      facts.push_back(std::move(f));
    }
  }
  if (!facts.empty()) context.get<AccountSink>().record_all(facts);
  out.note(fmt::format("{} of {} agents answer; {} of kind machine, {}, came into the account.", there, machines.size(),
                       facts.size() == 1 ? "one row" : fmt::format("{} rows", facts.size()),
                       to_string(Energy(joules), 3)));
}

}  // namespace wattline::ledger
