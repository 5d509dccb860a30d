#include "ledger/label/peers.h"

#include <set>

#include <fmt/format.h>

namespace wattline::ledger {

void fill_tasks(std::vector<ModelEntry>& models, const catalog::Catalog& catalog) {
  const Table t = read_csv(catalog.file("label_tasks.csv"), "label_tasks.csv", {.delimiter = ',', .infer = false});
  std::map<std::string, std::string> domains;
  for (std::size_t i = 0; i < t.rows(); ++i) domains[t.column("task").texts()[i]] = t.column("domain").texts()[i];
  for (auto& m : models) {
    std::set<std::string> tasks, areas;
    if (!m.task.empty()) tasks.insert(m.task);
    else
      for (const auto& tag : m.tags)
        if (domains.contains(tag)) tasks.insert(tag);
    for (const auto& task : tasks)
      if (const auto it = domains.find(task); it != domains.end()) areas.insert(it->second);
    if (tasks.size() == 1) m.task = *tasks.begin();
    if (m.domain.empty() && areas.size() == 1) m.domain = *areas.begin();
  }
}

PeerScales::PeerScales(const std::vector<ModelEntry>& models, LabelScale all, const LabelScale& paper, Peers peers,
                       std::size_t enough)
    : peers_(peers), all_(std::move(all)) {
  if (peers == Peers::all) return;
  for (const auto& m : models) {
    Group& g = groups_[group_of(m)];
    g.models.push_back(m);
    g.reporting += m.emissions.has_value();
  }
  for (auto& [name, g] : groups_) {
    g.own = !name.empty() && static_cast<std::size_t>(g.reporting) >= enough;
    if (!g.own) continue;
    g.scale = scale_of(g.models, paper);
    g.scale.population = fmt::format("{}, {} models of this table", name, g.models.size());
  }
}

std::string PeerScales::group_of(const ModelEntry& m) const { return peers_ == Peers::task ? m.task : m.domain; }

const LabelScale& PeerScales::of(const ModelEntry& m) const {
  if (peers_ == Peers::all) return all_;
  const auto it = groups_.find(group_of(m));
  return it != groups_.end() && it->second.own ? it->second.scale : all_;
}

std::string PeerScales::name_of(const ModelEntry& m) const { return &of(m) == &all_ ? "all" : group_of(m); }

Table PeerScales::table() const {
  Table t("ledger.label.peers.v1");
  t.title = "Who is rated among whom";
  t.text(peers_ == Peers::task ? "task" : "domain").integer("models").integer("reporting").text("rated_among");
  for (const auto& [name, g] : groups_)
    t.add_row({name.empty() ? "(not said)" : name, static_cast<std::int64_t>(g.models.size()), g.reporting,
               g.own ? name : std::string("all")});
  return t;
}

}  // namespace wattline::ledger
