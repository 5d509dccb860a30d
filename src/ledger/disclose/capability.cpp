#include <fmt/format.h>

#include "catalog/catalog.h"
#include "ledger/disclose/badge.h"
#include "ledger/disclose/diff.h"
#include "ledger/disclose/disclose.h"
#include "study/correlation.h"

namespace wattline::ledger::disclose {
namespace {

const char* sample = R"(wattline_disclosure: 1
purpose: answers questions about trains
model:
  name: rail-1
  version: 2026-03
  parameters: 1.1e9
stages: [fine-tuning]
scope: final-run
hardware:
  device: NVIDIA A100 SXM 80GB
  count: 4
run:
  hours: 10
  attempts_factor: 1
  mean_power: 300 W
  year: 2026
  precision: bf16
energy:
  value: 12 kWh
  method: counter
  boundary: gpu
site:
  pue: 1.2
  region: FR
carbon:
  intensity: 50
  intensity_source: national operator, 2025
  kind: average
  basis: location
  emissions: 0.72
software:
  torch: 2.1
data:
  size: 2.0e9
quality:
  metric: exact match
  value: 0.71
  benchmark: RailQA
  benchmark_version: 1.2
artefacts:
  code: https://example.org/rail
  weights: https://example.org/rail/weights
  licence: Apache-2.0
  archive: doi:10.0000/rail
)";

const char* policy_text =
    "Checked is a manifest (JSON or YAML), a Markdown file with a `disclosure:` in its front matter, a model card of "
    "the "
    "Hub, or a BoAmps report. Items are typed: filler text (TBD, N/A) counts as missing, a reason under not_applicable "
    "takes an item out. Rules R1 to R14 recompute energy from devices, hours and power, carbon from energy and "
    "intensity, "
    "the implied FLOP utilisation, the size of the weights and more, and show numbers, formula and tolerance. ";

}  // namespace

std::string sample_disclosure() { return sample; }

std::vector<Capability> disclose_capabilities() {
  static const auto check =
      Fields<DiscloseOptions>()
          .file("file", &DiscloseOptions::file, "manifest, card or BoAmps report")
          .required()
          .positional()
          .enumeration("level", &DiscloseOptions::level, {"core", "recommended", "full"}, "levels that the grade is of")
          .list("fail-on", &DiscloseOptions::fail_on,
                "what makes the answer no: core-missing,contradiction (default), malformed, "
                "questionable, none");
  Capability a = capability<DiscloseOptions>(
      "ledger", "disclose", "Whether a disclosure of energy and environment is complete, and its figures agree.",
      &disclose, check);
  a.description = fmt::format(
      "{}The Software Carbon Intensity (ISO/IEC 21031) follows for the run and for a request, as far as the items go. "
      "The score is of core items (weight 3), recommended (2) and full (1); a contradiction caps the grade at C. "
      "What is "
      "asked for follows Shi, Yang, Lo (arXiv 2404.04566), Hort, Grishina, Moonen (2307.02443), Bai et al. "
      "(2401.00625) "
      "and Luccioni et al. (2504.00797); the typed schema, weights and tolerances are proposed by us. It certifies "
      "nothing.",
      policy_text);
  a.verb = Verb::decide;
  a.papers = {20, 28, 34};
  a.emits = {"disclosure.scores.v1", "disclosure.rules.v1", "disclosure.sci.v1", "disclosure.missing.v1",
             "disclosure.items.v1"};
  std::string wrong = sample;
  wrong.replace(wrong.find("value: 12 kWh"), 13, "value: 1.2 kWh");
  a.examples = {{{"rail.yaml"}, {{"rail.yaml", sample}}, "grade A at level core"},
                {{"wrong.yaml", "--fail-on", "none"}, {{"wrong.yaml", wrong}}, "contradicted"}};

  static const auto make =
      Fields<MakeOptions>()
          .file("from", &MakeOptions::from, "manifest, card or BoAmps report to begin with")
          .file("measured", &MakeOptions::measured,
                "measured runs: run.records.v1 (ledger export), or CodeCarbon's rows (CSV)")
          .list("set", &MakeOptions::set, "items: hardware.count=4")
          .text("write", &MakeOptions::write, "file to write: .yaml, .json, .md (front matter) or .boamps.json");
  Capability b = capability<MakeOptions>("ledger", "disclose-make",
                                         "Writes a disclosure from what was measured and said.", &disclose_make, make);
  b.description =
      "Begins with a manifest, a card or a BoAmps report, or with nothing; adds energy, carbon and hours of measured "
      "runs; "
      "sets single items; and writes the manifest as YAML, JSON, Markdown with front matter, or BoAmps, which carries "
      "the "
      "whole manifest along so that no way loses anything. It says which core items are still missing and how to get "
      "them.";
  b.verb = Verb::account;
  b.doors = Doors::command_line;
  b.papers = {20, 28, 34};
  b.consumes = {"run.records.v1"};
  b.emits = {"disclosure.manifest.v1", "disclosure.missing.v1"};
  b.examples = {{{"--from", "rail.yaml", "--set", "hardware.count=8"}, {{"rail.yaml", sample}}, "hardware.count"}};

  static const auto corpus =
      Fields<CorpusOptions>()
          .list("files", &CorpusOptions::files, "manifests, cards, BoAmps reports, tables of models (CSV)")
          .positional()
          .rest();
  Capability c = capability<CorpusOptions>("ledger", "disclose-corpus",
                                           "What share of many cards or studies disclose what, with intervals.",
                                           &disclose_corpus, corpus);
  c.description =
      "Counts over many files how many share artefacts and state hardware, time, energy, carbon and place, with "
      "Wilson's "
      "95 % intervals, as Hort, Grishina, Moonen (ESEM 2023, arXiv 2307.02443) counted 293 publications by hand; and "
      "how "
      "many contradict themselves. A table of models of the Hub counts a row as a card.";
  c.verb = Verb::observe;
  c.doors = Doors::command_line;
  c.papers = {34};
  c.emits = {"disclosure.corpus.v1", "disclosure.faults.v1"};
  c.examples = {{{"rail.yaml", "card.md"},
                 {{"rail.yaml", sample}, {"card.md", "---\nlicense: mit\nco2_eq_emissions: 12\n---\n# x\n"}},
                 "Disclosures of 2"}};
  return {a, b, c, badge_capability(), diff_capability()};
}

std::vector<Claim> disclose_claims() {
  return {
      {34, "79 of 293 relevant publications (27 %) share reusable artefacts",
       "share and Wilson's interval of the published counts",
       [](Context& context) {
         std::shared_ptr<const catalog::Catalog> catalog;
         if (context.find<catalog::Catalog>()) catalog = context.share<catalog::Catalog>();
         else catalog = catalog::Catalog::load();
         const auto count = [&](const char* id) { return static_cast<std::size_t>(catalog->factor(id).value); };
         const std::size_t n = count("disclosure.study.sharing"), all = count("disclosure.study.relevant");
         const auto i = study::wilson(n, all);
         const double share = 100.0 * static_cast<double>(n) / static_cast<double>(all);
         ClaimCheck out;
         out.ours = fmt::format("{:.2f} % (95 % interval {:.1f} to {:.1f} %)", share, 100 * i.low, 100 * i.high);
         out.verdict = fmt::format("{:.0f}", share) == "27" ? ClaimVerdict::holds : ClaimVerdict::differs;
         return out;
       }},
      {34, "how many publications state hardware or training time", "",
       [](Context&) {
         return ClaimCheck{ClaimVerdict::not_reproducible, "",
                           "the tables by field were not found in public form; ledger disclose-corpus counts them over "
                           "cards of your own"};
       }},
      {20, "a vision of green software engineering with language models: what to report", "",
       [](Context&) {
         return ClaimCheck{ClaimVerdict::not_reproducible, "",
                           "a vision without a figure to recompute; its items are in the schema of ledger disclose"};
       }},
      {28, "ethics and environment belong together in what AI discloses", "", [](Context&) {
         return ClaimCheck{ClaimVerdict::not_reproducible, "",
                           "a position without a figure to recompute; its items are in the schema of ledger disclose"};
       }}};
}

}  // namespace wattline::ledger::disclose
