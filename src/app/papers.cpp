#include "app/papers.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/rooms.h"
#include "app_data_embedded.h"
#include "kernel/error.h"
#include "kernel/table.h"

namespace wattline::app {
namespace {

struct PapersOptions {
  std::optional<std::int64_t> number;
};

const Fields<PapersOptions>& papers_fields() {
  static const Fields<PapersOptions> fields =
      Fields<PapersOptions>().integer("number", &PapersOptions::number, "only this paper").range(1, 48).positional();
  return fields;
}

struct Row {
  const Paper* paper;
  std::string claimed, ours, verdict, note;
};

// A paper whose command is not built says open. One with claims shows each of them, recomputed.
std::vector<Row> rows_of(const PapersOptions& o, Context& context, bool recompute) {
  const auto all_claims = claims();
  std::vector<Row> rows;
  for (const auto& p : papers()) {
    if (o.number && p.number != *o.number) continue;
    bool any = false;
    for (const auto& claim : all_claims) {
      if (claim.paper != p.number) continue;
      any = true;
      context.check_cancelled();
      context.progress(static_cast<double>(rows.size()) / 60, fmt::format("paper {}", p.number));
      const ClaimCheck check = claim.check(context);
      rows.push_back(
          {&p, claim.claimed, check.ours, std::string(to_string(check.verdict)),
           recompute && !claim.how.empty() ? claim.how + (check.note.empty() ? "" : "; " + check.note) : check.note});
    }
    if (!any) rows.push_back({&p, p.claimed, "", "open", ""});
  }
  return rows;
}

void claim_columns(Table& t) { t.integer("paper").text("claimed").text("ours").text("verdict").text("how"); }

// One paper: what it is, and each of its claims with how ours was come by.
Result show_paper(const PapersOptions& o, Context& context) {
  Result r;
  Table t("papers.check.v1");
  claim_columns(t);
  const Paper* paper = nullptr;
  for (const auto& row : rows_of(o, context, true)) {
    paper = row.paper;
    t.add_row({std::int64_t{paper->number}, row.claimed, row.ours, row.verdict, row.note});
  }
  r.title = fmt::format("Paper {}: {}", paper->number, paper->title);
  r.note(fmt::format("Command: {}", paper->command));
  r.add(std::move(t));
  return r;
}

Result list_papers(const PapersOptions& o, Context& context) {
  if (o.number) return show_paper(o, context);
  Result r;
  Table t("papers.v1");
  t.integer("paper", "", "stable number").text("title").text("command").text("claimed", "the paper's figure");
  t.text("ours", "recomputed by this program").text("verdict");
  std::size_t open = 0;
  for (const auto& row : rows_of(o, context, false)) {
    t.add_row(
        {std::int64_t{row.paper->number}, row.paper->title, row.paper->command, row.claimed, row.ours, row.verdict});
    open += row.verdict == "open";
  }
  t.caption =
      open == 0 ? "`wattline papers N` tells how a figure was recomputed."
                : fmt::format(
                      "{} papers are open: their command is not built yet. `wattline papers N` tells one whole.", open);
  r.title = "The 48 papers";
  r.add(std::move(t));
  return r;
}

Result check_papers(const PapersOptions& o, Context& context) {
  Result r;
  Table t("papers.check.v1");
  claim_columns(t);
  std::size_t holds = 0, differs = 0, open = 0, other = 0;
  for (const auto& row : rows_of(o, context, true)) {
    if (row.verdict == "open" && !o.number) {
      ++open;
      continue;
    }
    t.add_row({std::int64_t{row.paper->number}, row.claimed, row.ours, row.verdict, row.note});
    if (row.verdict == "holds") ++holds;
    else if (row.verdict == "differs") ++differs;
    else if (row.verdict == "open") ++open;
    else ++other;
  }
  r.title = "Claims recomputed";
  r.add(std::move(t));
  r.verdict = Verdict{differs == 0, fmt::format("{} claims hold, {} differ, {} not reproducible, {} papers open", holds,
                                                differs, other, open)};
  return r;
}

}  // namespace

const std::vector<Paper>& papers() {
  static const std::vector<Paper> all = [] {
    std::vector<Paper> out;
    for (const auto& file : app_data()) {
      if (file.name != "papers.csv") continue;
      CsvOptions as_text;
      as_text.infer = false;
      const Table t = read_csv(file.content, file.name, as_text);
      for (std::size_t i = 0; i < t.rows(); ++i)
        out.push_back({std::stoi(t.column("number").texts()[i]), t.column("title").texts()[i],
                       t.column("command").texts()[i], t.column("claimed").texts()[i],
                       t.column("claimed_source").texts()[i]});
    }
    return out;
  }();
  return all;
}

Capability papers_capability() {
  Capability c = capability<PapersOptions>("program", "papers", "The 48 papers: claim, our figure, verdict.",
                                           list_papers, papers_fields());
  c.description =
      "Each row is one claimed figure of one paper, the command that stands for it here, our figure and "
      "whether it holds. A row says open until its command is built: nothing is claimed that does not run.";
  c.verb = Verb::account;
  c.aliases = {"papers"};
  c.emits = {"papers.v1", "papers.check.v1"};
  c.examples = {{{"18"}, {}, "Green Algorithms"}};
  return c;
}

Capability papers_check_capability() {
  Capability c = capability<PapersOptions>(
      "program", "check", "Recompute the papers' claims; exit code 1 when one differs.", check_papers, papers_fields());
  c.description = "Runs the check of every claim whose command is built, or of one paper.";
  c.verb = Verb::account;
  c.cost = Cost::job;
  c.aliases = {"papers check"};
  c.emits = {"papers.check.v1"};
  c.examples = {{{"18"}, {}, "holds"}};
  return c;
}

}  // namespace wattline::app
