#include "meter/fleet/machine_reader.h"

#include "meter/fleet/pull.h"

namespace wattline::meter {
namespace {

constexpr std::size_t largest_list = std::size_t{1} << 20;

MachineCounters counters_of(const AgentPlace& place, const Pulled& pulled) {
  MachineCounters out;
  out.name = place.name;
  out.trouble = pulled.trouble;
  if (!pulled.snapshot) return out;
  const Published& told = pulled.snapshot->told;
  out.host = told.host;
  out.run = told.instance;
  // Its clock may be set otherwise than ours.
  const auto& s = *pulled.snapshot;
  const Duration ahead = s.agent_clock ? *s.agent_clock - (s.asked + (s.answered - s.asked) / 2.0) : Duration(0);
  out.begin = told.seen.started + -ahead;
  out.end = told.seen.now + -ahead;
  for (const auto& c : told.seen.components) {
    if (!c.info.counted) continue;
    out.components.push_back({c.info.component, c.info.device, c.energy, c.missing});
  }
  return out;
}

class Reader : public MachineReader {
 public:
  std::vector<MachineCounters> read(const InputFile& agents) const override {
    const auto places = parse_agents(agents.read(largest_list), agents.name());
    std::vector<const AgentPlace*> all;
    for (const auto& p : places) all.push_back(&p);
    const auto pulled = pull_all(all);
    std::vector<MachineCounters> out;
    for (std::size_t i = 0; i < places.size(); ++i) out.push_back(counters_of(places[i], pulled[i]));
    return out;
  }
};

}  // namespace

std::shared_ptr<MachineReader> machine_reader() { return std::make_shared<Reader>(); }

}  // namespace wattline::meter
