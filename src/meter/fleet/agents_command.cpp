#include "meter/fleet/agents_command.h"

#include <cmath>
#include <condition_variable>
#include <mutex>

#include <fmt/format.h>

#include "catalog/place_options.h"
#include "kernel/account.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "meter/fleet/pull.h"

namespace wattline::meter {
namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20;
constexpr double worth_a_warning_s = 1;  // of two clocks

struct AgentsOptions {
  InputFile agents;
  Duration over{2}, interval{10};
  bool record = false;
  catalog::PlaceOptions place;
};

struct Member {
  AgentPlace place;
  AgentTally tally;
};

void pull_all(std::vector<Member>& members) {
  std::vector<const AgentPlace*> places;
  for (const auto& m : members) places.push_back(&m.place);
  const auto pulled = pull_all(places);
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (pulled[i].snapshot) members[i].tally.take(*pulled[i].snapshot);
    else members[i].tally.lost(pulled[i].trouble);
  }
}

bool pause(Duration d, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, std::chrono::duration<double>(d.base()), [] { return false; });
  return !stop.stop_requested();
}

// Whether there is a difference of two snapshots, which alone tells energy.
bool told_anything_new(const AgentTally::Seen& seen) { return seen.covered.base() + seen.missing.base() > 0; }

Table agents_table(const std::vector<Member>& members) {
  Table t("fleet.agents.v1");
  t.title = "Agents";
  t.text("agent").text("host").number("power", "W", "mean between the last two snapshots; none: not known");
  t.number("energy", "J", "since the first snapshot").number("idle", "J", "part of it without work");
  t.text("method").number("covered", "s").number("missing", "s").number("age", "s", "of what it told last");
  t.integer("restarts");
  t.number("clock_ahead", "s", "of ours").time("told", "by the agent's clock, put on ours").text("trouble");
  for (const auto& m : members) {
    const auto seen = m.tally.seen();
    const auto& last = m.tally.last();
    const auto known = [&](double v) { return last ? v : std::nan(""); };
    const auto since_first = [&](double v) { return told_anything_new(seen) ? v : std::nan(""); };
    t.add_row({m.place.name, last ? last->host : "", seen.power ? seen.power->base() : std::nan(""),
               since_first(seen.energy.value().base()), since_first(seen.idle.value().base()),
               told_anything_new(seen) ? std::string(to_string(seen.energy.method())) : "", known(seen.covered.base()),
               known(seen.missing.base()), seen.age ? seen.age->base() : std::nan(""),
               last ? Table::Cell(static_cast<std::int64_t>(seen.restarts)) : Table::Cell(),
               m.tally.clock_ahead() ? m.tally.clock_ahead()->base() : std::nan(""),
               last ? Table::Cell(seen.end) : Table::Cell(), m.tally.trouble()});
  }
  return t;
}

void record(const std::vector<Member>& members, const std::string& place, Result& out, Context& context) {
  std::vector<Fact> facts;
  for (const auto& m : members) {
    const auto seen = m.tally.seen();
    if (!m.tally.last()) continue;
    for (const auto& [component, energy] : seen.components) {
      if (!(energy.value() > Energy(0))) continue;
      Fact f;
      f.kind = "machine";
      f.begin = seen.begin;
      f.end = seen.end;
      f.energy = energy;
      f.place = place;
      f.labels = {{"component", component}, {"host", m.tally.last()->host}, {"agent_run", m.tally.last()->instance}};
      if (seen.missing.base() > 0.5) f.labels.emplace_back("missing_s", fmt::format("{:.0f}", seen.missing.base()));
      f.uid = fmt::format("agents-{}-{}-{}-{}", m.tally.last()->instance, seen.begin.ns, seen.end.ns, component);
      facts.push_back(std::move(f));
    }
  }
  if (facts.empty()) return;
  context.get<AccountSink>().record_all(facts);
  out.note(fmt::format("Recorded in the account: {} rows of kind machine.", facts.size()));
}

Result agents(const AgentsOptions& o, Context& context) {
  const auto places = parse_agents(o.agents.read(largest_file), o.agents.name());
  const auto grid = catalog::resolve(o.place, context.get<catalog::Catalog>());
  std::vector<Member> members;
  for (const auto& p : places) members.push_back({p, {}});
  double passed = 0;
  pull_all(members);
  while (passed < o.over.base()) {
    const double step = std::min(o.interval.base(), o.over.base() - passed);
    if (!pause(Duration(step), context.stop)) break;
    passed += step;
    pull_all(members);
    context.progress(passed / o.over.base(), "reading agents");
  }

  Result out;
  std::size_t there = 0;
  Estimate<Energy> energy = Estimate<Energy>::exact(Energy(0)), idle = energy;
  double watts = 0;
  std::size_t with_power = 0, with_energy = 0;
  Duration slowest{0};
  for (const auto& m : members) {
    const auto seen = m.tally.seen();
    there += m.tally.trouble().empty();
    if (told_anything_new(seen)) {
      ++with_energy;
      energy += seen.energy;
      idle += seen.idle;
    } else if (m.tally.last()) {
      slowest = std::max(slowest, m.tally.last()->resolution);
    }
    if (!seen.power) continue;
    ++with_power;
    watts += seen.power->base();
  }
  out.title = fmt::format("{} of {} agents answer", there, members.size());
  if (with_energy > 0) {
    catalog::add_impacts(out, energy, grid);
    out.estimate("idle", "of it idle", idle);
  }
  if (with_power > 0)
    out.note(fmt::format("{} at the end, of {} of {} agents.", to_string(Power(watts)), with_power, members.size()));
  if (there > with_energy)
    out.note(passed > 0 ? fmt::format("Of {} of {} agents energy and power are not known, and are not 0: they told "
                                      "nothing new within {} (--over){}.",
                                      there - with_energy, there, to_string(Duration(passed), 2),
                                      slowest.base() > passed
                                          ? fmt::format("; the slowest publishes every {}", to_string(slowest, 2))
                                          : "")
                        : "Of one look no energy is known: --over says for how long to read.");
  out.add(agents_table(members));
  for (const auto& m : members) {
    if (!m.tally.trouble().empty())
      out.warn(fmt::format("{}: {}; its power is unknown, not 0", m.place.name, m.tally.trouble()));
    if (const auto ahead = m.tally.clock_ahead();
        ahead && std::abs(ahead->base()) > worth_a_warning_s + m.tally.clock_uncertainty().base())
      out.warn(fmt::format("the clock of {} is {:.1f} s {} ours; its instants are put right by that", m.place.name,
                           std::abs(ahead->base()), ahead->base() > 0 ? "ahead of" : "behind"));
    if (const auto seen = m.tally.seen(); seen.restarts > 0)
      out.warn(fmt::format("the agent of {} was started anew: the time between is a gap", m.place.name));
  }
  if (o.record) record(members, o.place.place.empty() ? "" : grid.place, out, context);
  out.verdict = Verdict{there == members.size(), fmt::format("{} of {} agents answer", there, members.size())};
  return out;
}

}  // namespace

Capability agents_capability() {
  static const auto fields =
      Fields<AgentsOptions>()
          .file("agents", &AgentsOptions::agents, "TOML file with a table [[agent]] for each (docs/formats/agents.md)")
          .required()
          .positional()
          .quantity("over", &AgentsOptions::over, "s", "read for so long: energy is of that time")
          .range(0, 86400)
          .quantity("interval", &AgentsOptions::interval, "s", "between two readings")
          .range(1, 3600)
          .flag("record", &AgentsOptions::record, "write rows of kind machine into the account, for `wattline report`")
          .group(&AgentsOptions::place, catalog::place_fields(), "Place");
  Capability c =
      capability<AgentsOptions>("meter", "agents", "Reads the agents of several machines together.", agents, fields);
  c.description =
      "Pulls the snapshot of each agent of the file, again and again for --over, and says what the machines drew in "
      "that "
      "time, idle apart. Certificates are verified and keys are never sent in the clear to another machine. Figures "
      "are "
      "differences of counters: pulls that failed in between cost nothing once the agent answers again; a restart of "
      "an "
      "agent is a gap; one that does not answer, or tells nothing new, is unknown, never 0, and where it should have "
      "the "
      "verdict is no. The agents' clocks are "
      "compared with ours, and their instants put right.\n\nWith --record the energies become rows of the account, so "
      "that `wattline report --kind machine` is of all machines. Rows that an agent writes itself (--record-every) "
      "hold "
      "the same joules: record at one end.";
  c.verb = Verb::observe;
  c.cost = Cost::job;
  c.doors = Doors::command_line;
  c.emits = {"fleet.agents.v1"};
  c.examples = {{{"agents.toml", "--over", "0"},
                 {{"agents.toml", "[[agent]]\nname = \"node7\"\nurl = \"http://127.0.0.1:9\"\ntimeout = 1\n"}},
                 "0 of 1 agents answer"}};
  return c;
}

}  // namespace wattline::meter
