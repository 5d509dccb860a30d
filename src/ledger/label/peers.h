// Models rated among their like: a translator beside translators, not beside everything. Which task a model does is its
// pipeline_tag, else the one task among its tags; the domain follows from the task (label_tasks.csv).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernel/table.h"
#include "ledger/label/rating.h"

namespace wattline::ledger {

enum class Peers { all, domain, task };

// Task and domain where they are not given and can be told; several tasks among the tags tell no task, and the domain
// only when they agree on it.
void fill_tasks(std::vector<ModelEntry>&, const catalog::Catalog&);

// The percentiles that each model is rated by: of its task or domain where enough of those report emissions, else of
// all.
class PeerScales {
 public:
  PeerScales(const std::vector<ModelEntry>&, LabelScale all, const LabelScale& paper, Peers, std::size_t enough);

  const LabelScale& of(const ModelEntry&) const;
  std::string name_of(const ModelEntry&) const;  // "translation", or "all"
  // Group, models, those that report, and whose percentiles rate them.
  Table table() const;

 private:
  struct Group {
    std::vector<ModelEntry> models;
    std::int64_t reporting = 0;
    bool own = false;
    LabelScale scale;
  };
  std::string group_of(const ModelEntry&) const;

  Peers peers_;
  LabelScale all_;
  std::map<std::string, Group> groups_;
};

}  // namespace wattline::ledger
