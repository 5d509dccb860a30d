#include <algorithm>
#include <cmath>
#include <map>

#include "kernel/figure_scale.h"

namespace wattline::figures {

Flows drawable_flows(const Figure& f) {
  constexpr double least = 1e-290;  // what can be divided by
  Flows flows;
  std::map<std::string, std::size_t> index;
  std::map<std::pair<std::string, std::string>, double> merged;
  std::vector<std::pair<std::string, std::string>> order;
  for (const auto& l : f.links) {
    if (l.from == l.to || l.from.empty() || l.to.empty() || !std::isfinite(l.value) || l.value < least) continue;
    const auto [it, fresh] = merged.try_emplace({l.from, l.to}, 0);
    it->second += l.value;
    if (fresh) order.push_back({l.from, l.to});
  }
  std::vector<std::vector<std::size_t>> next;
  const auto node = [&](const std::string& name) {
    const auto [it, fresh] = index.try_emplace(name, flows.nodes.size());
    if (fresh) {
      flows.nodes.push_back({name, 0, 0, 0});
      next.emplace_back();
    }
    return it->second;
  };
  const auto reaches = [&](std::size_t from, std::size_t to) {
    std::vector<char> seen(next.size());
    std::vector<std::size_t> stack{from};
    while (!stack.empty()) {
      const std::size_t at = stack.back();
      stack.pop_back();
      if (at == to) return true;
      if (seen[at]) continue;
      seen[at] = 1;
      stack.insert(stack.end(), next[at].begin(), next[at].end());
    }
    return false;
  };
  for (const auto& ends : order) {
    const double value = std::min(merged[ends], 1e300);
    const std::size_t from = node(ends.first), to = node(ends.second);
    if (reaches(to, from)) continue;
    next[from].push_back(to);
    flows.bands.push_back({from, to, value});
    flows.nodes[from].out += value;
    flows.nodes[to].in += value;
  }
  // Longest ways: there is no circle, so as many rounds as there are nodes settle them.
  for (bool moved = true; moved;) {
    moved = false;
    for (const auto& b : flows.bands)
      if (flows.nodes[b.to].layer <= flows.nodes[b.from].layer) {
        flows.nodes[b.to].layer = flows.nodes[b.from].layer + 1;
        moved = true;
      }
  }
  for (const auto& n : flows.nodes) flows.layers = std::max(flows.layers, n.layer + 1);
  for (auto& n : flows.nodes)
    if (n.out == 0 && n.in > 0) n.layer = flows.layers - 1;
  return flows;
}

}  // namespace wattline::figures
