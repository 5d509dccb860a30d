#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/table.h"
#include "kernel/units.h"
#include "ledger/label/label.h"
#include "ledger/label/reporting.h"
#include "study/correlation.h"

namespace wattline::ledger {
namespace {

std::shared_ptr<const catalog::Catalog> catalog_of(Context& context) {
  if (context.find<catalog::Catalog>()) return context.share<catalog::Catalog>();
  return catalog::Catalog::load();
}

ClaimCheck known_labels(Context& context) {
  const auto catalog = catalog_of(context);
  const LabelScale scale = paper_scale(*catalog, LabelWeights::paper);
  const Table t = read_csv(catalog->file("label_models.csv"), "label_models.csv");
  ClaimCheck out;
  out.verdict = ClaimVerdict::holds;
  const auto numbers = [&](const char* name) { return t.column(name).to_numbers(); };
  const auto emissions = numbers("emissions"), size = numbers("size"), data = numbers("dataset_size"),
             downloads = numbers("downloads");
  for (std::size_t r = 0; r < t.rows(); ++r) {
    ModelEntry m;
    const auto given = [](double v) { return std::isnan(v) ? std::nullopt : std::optional(v); };
    m.emissions = given(emissions[r]);
    m.size = given(size[r]);
    m.dataset_size = given(data[r]);
    m.downloads = given(downloads[r]);
    const auto label = label_of(metric_values(m), scale, Convention::published);
    const std::string ours = label ? std::string(1, label->letter()) : "none";
    out.ours += fmt::format("{}{} {}", out.ours.empty() ? "" : ", ", t.column("model").texts()[r], ours);
    if (ours != t.column("label").texts()[r]) out.verdict = ClaimVerdict::differs;
  }
  return out;
}

ClaimCheck counts(Context& context) {
  const auto catalog = catalog_of(context);
  const auto n = [&](const char* name) {
    return static_cast<std::size_t>(catalog->factor(fmt::format("label.class_count.{}", name)).value);
  };
  const std::size_t reporting = n("basic") + n("awareness"), all = reporting + n("unknown") + n("context");
  const auto share = study::wilson(reporting, all);
  ClaimCheck out;
  out.ours =
      fmt::format("{} of {}, {:.2f} % ({:.2f} to {:.2f} %, Wilson)", reporting, all,
                  100.0 * static_cast<double>(reporting) / static_cast<double>(all), 100 * share.low, 100 * share.high);
  out.verdict = reporting == 1417 && all == 170'462 ? ClaimVerdict::holds : ClaimVerdict::differs;
  out.note = "from the published counts by class; the paper's 0.90 % is not this share: its months are not public";
  return out;
}

ClaimCheck unreachable(Context&) {
  Reported r{true, true, true, false};
  const auto pruned = reporting_class(r), published = published_class(r);
  r.certified = true;
  const auto certified = reporting_class(r), published_certified = published_class(r);
  const bool holds = pruned == ReportingClass::optimization && certified == ReportingClass::certified &&
                     published == ReportingClass::awareness && published_certified == ReportingClass::awareness;
  return {holds ? ClaimVerdict::holds : ClaimVerdict::differs,
          fmt::format("published order: both {}; right order: {} and {}", to_string(published), to_string(pruned),
                      to_string(certified)),
          "the published order tests Energy Awareness before the two classes above it"};
}

}  // namespace

std::vector<Claim> label_claims() {
  return {
      {10, "bloom, dalle-mini and distilgpt2 are labelled D, swissbert A",
       "the label of each from its emissions, sizes and downloads by the paper's boundaries", known_labels},
      {10, "1,417 of 170,462 models report their emissions", "the sum of the published counts by class", counts},
      {10, "no model reaches Energy Optimization or Certified Energy Efficiency",
       "both orders of tests on a pruned model with emissions and hardware, with and without a certificate",
       unreachable},
      {10, "labels of 1,419 models: A 37, B 486, C 826, D 55, E 15", "wattline ledger label HFCO2.csv", [](Context&) {
         return ClaimCheck{ClaimVerdict::not_reproducible, "",
                           "needs the package's table of models, which carries no licence and is not in this program; "
                           "with the file at hand the command gives these counts, and a test checks it"};
       }}};
}

}  // namespace wattline::ledger
