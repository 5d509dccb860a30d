#include "meter/agent/account_rows.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/json.h"

namespace wattline::meter {

std::vector<Fact> machine_facts(const Published& then, const Published& now, const std::string& place) {
  std::vector<Fact> out;
  const Duration passed = now.seen.lived() - then.seen.lived();
  if (then.instance != now.instance || passed <= Duration(0)) return out;
  // Where the clock was set in between the row ends by the new one and is as long as it was.
  const bool set = std::abs((now.seen.now - then.seen.now - passed).base()) > 1;
  const Time begin = set ? now.seen.now + -passed : then.seen.now;
  for (const auto& c : now.seen.components) {
    if (!c.info.counted) continue;
    const auto before = std::find_if(then.seen.components.begin(), then.seen.components.end(),
                                     [&](const auto& b) { return b.info.component == c.info.component; });
    const bool known = before != then.seen.components.end();
    const double j0 = known ? before->energy.value().base() : 0, j1 = c.energy.value().base();
    if (!(j1 > j0)) continue;
    const double missing = c.missing.base() - (known ? before->missing.base() : 0);
    Fact f;
    f.kind = "machine";
    f.begin = begin;
    f.end = now.seen.now;
    // As sure, in proportion, as all of it: what makes a counter wrong makes each part wrong alike.
    f.energy = c.energy * ((j1 - j0) / j1);
    f.device = c.info.device;
    f.place = place;
    f.labels = {{"component", c.info.component}, {"host", now.host}, {"agent_run", now.instance}};
    if (missing > 0.5) f.labels.emplace_back("missing_s", shortest(std::round(missing)));
    f.uid = fmt::format("agent-{}-{}-{}", now.instance, now.version, c.info.component);
    out.push_back(std::move(f));
  }
  return out;
}

}  // namespace wattline::meter
