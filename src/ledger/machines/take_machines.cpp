#include "ledger/machines/take_machines.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

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
  Time end{};
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

HeldOf held_by(const Ledger* ledger, const Context& context) {
  HeldOf out;
  if (!ledger) return out;
  RowsOptions machines;
  machines.kind = "machine";
  for_each_subtotal(*ledger, machines, context, [&](const Subtotal& s) {
    const Fact& f = s.like.fact;
    const std::string run = label_of(f, "agent_run");
    if (run.empty()) return;
    Held& held = out[{run, label_of(f, "component")}];
    held.joules += s.energy.value();
    held.missing += static_cast<double>(s.rows) * number_of(label_of(f, "missing_s"));
    held.end = std::max(held.end, s.last_end);
  });
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
      // Two who take it in at the same time write the same row.
      f.uid = fmt::format("machine-{}-{}-{:.1f}", m.run, c.name, before.joules);
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
