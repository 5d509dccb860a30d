// `learn router-train`: from recorded answers to a file that predicts, from a prompt alone, which models will do.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/write_whole.h"
#include "learn/capabilities.h"
#include "policy/evaluate/workload.h"
#include "policy/quality/text_quality.h"

namespace wattline::learn {
namespace {

struct RouterTrainOptions {
  InputFile workload;
  std::string out, stop;
  std::int64_t bits = 12;
  double l2 = 3e-5;
};

// Of right answers so many are sent on to the next model of a cascade for nothing.
constexpr double right_sent_on = 0.1;

// The mean ln p a token that all but so many of the right answers have; the last model's are not asked, as they stay.
double stop_threshold(const policy::Workload& w, const std::string& where) {
  std::vector<double> sure;
  for (const auto& p : w.rows)
    for (std::size_t m = 0; m + 1 < w.models.size(); ++m)
      if (const auto& a = p.answers[m]; a.quality >= 1 && a.evidence.avg_logprob)
        sure.push_back(*a.evidence.avg_logprob);
  if (sure.size() < 20)
    throw bad_input(fmt::format("holds {} right answers with avg_logprob; 20 at least are needed", sure.size()), where,
                    "record how sure the models were, or leave out --stop");
  const auto at = sure.begin() + static_cast<std::ptrdiff_t>(right_sent_on * static_cast<double>(sure.size()));
  std::nth_element(sure.begin(), at, sure.end());
  return *at;
}

Result router_train(const RouterTrainOptions& o, Context& context) {
  const policy::Workload w = policy::read_workload(o.workload.read(std::size_t{1} << 30), o.workload.name());
  std::vector<policy::QualityRow> rows;
  for (const auto& p : w.rows) {
    if (p.contaminated) continue;
    auto& row = rows.emplace_back();
    row.prompt = p.prompt;
    for (const auto& a : p.answers) row.quality.push_back(a.quality);
  }
  context.progress(0, fmt::format("{} prompts, {} models", rows.size(), w.models.size()));
  policy::TextQuality::Options options;
  options.bits = static_cast<unsigned>(o.bits);
  options.l2 = o.l2;
  std::vector<policy::TextQuality::Report> report;
  const auto quality = policy::TextQuality::train(w.models, rows, options, &report);
  const std::string bytes = quality.save();
  write_whole(o.out, bytes);

  Result r;
  r.title = fmt::format("Quality of {} models from {} prompts", w.models.size(), rows.size());
  Table t("learn.router_train.v1");
  t.text("model")
      .number("adequate", "%")
      .number("auc", "", "1: right and wrong answers are told apart; 0.5: by chance");
  t.number("ece", "", "calibration error, on the rows the map was made from").number("brier");
  t.integer("fitted").integer("calibrated");
  for (const auto& m : report)
    t.add_row({m.model, 100 * m.adequate, m.auc, m.ece, m.brier, static_cast<std::int64_t>(m.fitted),
               static_cast<std::int64_t>(m.calibrated)});
  r.add(std::move(t));
  if (!o.stop.empty()) {
    const double threshold = stop_threshold(w, o.workload.name());
    write_whole(o.stop, fmt::format("avg_logprob,share_of_right\n{:.5g},{}\n", threshold, 1 - right_sent_on));
    r.note(
        fmt::format("Written: {}: answers with a mean ln p above {:.5g} stay, which {:.0f} % of the right ones have.",
                    o.stop, threshold, 100 * (1 - right_sent_on)));
  }
  r.note(fmt::format("Written: {} ({} bytes). `[[router]] quality = \"{}\"` uses it.", o.out, bytes.size(), o.out));
  return r;
}

}  // namespace

Capability router_train_capability() {
  using O = RouterTrainOptions;
  static const auto fields =
      Fields<O>()
          .file("workload", &O::workload, "recorded answers of two or more models (CSV or JSON lines)")
          .required()
          .positional()
          .text("out", &O::out, "the file to write")
          .required()
          .positional()
          .text("stop", &O::stop, "also write the mean ln p above which an answer of a cascade is to stay (CSV)")
          .integer("bits", &O::bits, "of the table of n-grams: 2^bits places")
          .range(0, 18)
          .number("l2", &O::l2, "how strongly large weights are held down")
          .range(1e-9, 10);
  Capability c = capability<O>("learn", "router-train",
                               "Learn from recorded answers which models will do for a prompt.", router_train, fields);
  c.description =
      "For each model a logistic regression over hashed n-grams and the shape of the prompt, fitted on seven tenths of "
      "the prompts and calibrated on the rest, with a lower bound. The workload is what `learn router-record` writes, "
      "or "
      "any log of the same shape (docs/formats/workload.md). The same rows give the same file.";
  c.cost = Cost::job;
  c.doors = Doors::command_line;
  c.emits = {"learn.router_train.v1"};
  return c;
}

}  // namespace wattline::learn
