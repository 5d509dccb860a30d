#include "ledger/materials/materials.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/materials/report.h"

namespace wattline::ledger::materials {
namespace {

Measure measure(const Consumed& c, double times, const char* unit) {
  return {c.value * times,
          {c.interval.low * times, c.interval.high * times},
          unit,
          Method::modelled,
          {"compute, dense peak, utilisation and life"}};
}

// A count with its fraction where it matters, rounded half up where it does not.
std::string counted(double cards) { return cards < 10 ? format_number(cards, 3) : fmt::format("{}", rounded(cards)); }

void add_counts(Result& out, const MaterialsOptions& o, const Training& t, const Data& data,
                const Consumed& lives_used) {
  const auto bounds = [](const Consumed& c) {
    return c.bounds.low == c.bounds.high
               ? std::string("no ranges given")
               : fmt::format("{} .. {} with every range at its worst", counted(c.bounds.low), counted(c.bounds.high));
  };
  out.add(EstimateBlock{"cards", "Lives of cards consumed", measure(lives_used, 1, ""),
                        fmt::format("equivalent, no cluster; {}", bounds(lives_used))});
  if (o.use.duration) {
    const double seconds = o.use.duration->base();
    if (!(seconds > 0)) throw bad_input("0 s found; more is needed", "--duration");
    const Consumed cluster = installed(t, seconds);
    out.add(EstimateBlock{"installed", "Cards installed", measure(cluster, 1, ""),
                          fmt::format("at once, for a run of {}; {}", to_string(*o.use.duration), bounds(cluster))});
  }
  out.add(EstimateBlock{"analysed_mass", "Materials, as far as they were analysed",
                        measure(lives_used, data.value("card", "analysed"), "kg"),
                        fmt::format("{} kg a card, of an A100 SXM", format_number(data.value("card", "analysed")))});
  out.add(
      EstimateBlock{"toxic_mass", "Toxic elements in them", measure(lives_used, data.value("card", "toxic"), "kg"),
                    fmt::format("about {} kg a card, as the paper says", format_number(data.value("card", "toxic")))});
  for (const char* what : {"analysed", "toxic"}) out.use(data.use(data.row("card", what)));
}

void add_elements(Result& out, const ElementOptions& o, const Data& data, const Consumed& cards) {
  if (o.elements.given() && o.illustrative)
    throw bad_input("a table of elements is given, and the placeholder asked for", "--illustrative",
                    "leave one of them out");
  if (!o.elements.given() && !o.illustrative) {
    out.note(
        "Masses of single elements are not printed: the paper's table of 32 elements is not public. --elements FILE "
        "takes "
        "a table of yours; --illustrative shows a placeholder that nobody measured.");
    return;
  }
  const std::vector<Element> given =
      o.elements.given() ? read_elements(o.elements.read(1u << 24), o.elements.name()) : data.placeholder();
  const ElementSet set{given, o.illustrative, cards};
  out.add(elements_table(set));
  out.add(elements_figure(set));
  out.add(classes_table(set));
  out.add(rankings_table(set));
  if (o.illustrative) {
    out.warn("the masses of elements are illustrative: a placeholder, not a measurement; never quote them");
    out.use(data.use_placeholder());
    return;
  }
  for (const auto& w : check_elements(given, data)) out.warn(w);
}

}  // namespace

Result materials(const MaterialsOptions& o, Context& context) {
  const auto names = context.find<catalog::Catalog>() ? context.share<catalog::Catalog>() : catalog::Catalog::load();
  const Data data(*names);
  const ResolvedTraining r = resolve(o, data, *names);
  const Training& t = r.training;
  const Consumed cards = consumed(t);

  Result out;
  out.title =
      fmt::format("{} lives of cards: {:.4g} FLOP at {} % of {}, {} years", counted(cards.value), t.flop.value,
                  format_number(100 * t.mfu.value), to_string(ComputeRate(t.peak)), format_number(t.years.value));
  add_counts(out, o, t, data, cards);
  out.note(fmt::format("Compute: {}. Peak: {}. Utilisation: {}.", r.compute_from, r.peak_from, r.utilisation_from));
  out.add(grid_table(t, data));
  out.add(grid_figure(t, data));
  out.add(levers_table(t, data));
  add_elements(out, o.elements, data, cards);
  if (names->device(o.use.device).name != names->device("NVIDIA A100 SXM 40GB").name)
    out.warn("masses are those of an A100 SXM; the paper took no other card apart");
  out.note(
      "A life of a card is all that it computes until it is discarded, every second of it"
      " unless --busy says otherwise; the count is no size of a cluster (--duration gives that). A year has 365 days.");
  for (const auto& w : r.warnings) out.warn(w);
  for (const auto& f : r.factors) out.use(f);
  out.use(data.use(data.row("time", "seconds_per_year")));
  return out;
}

namespace {

const Fields<MaterialsOptions>& materials_fields() {
  using C = ComputeOptions;
  using U = UseOptions;
  using E = ElementOptions;
  using O = MaterialsOptions;
  static const Fields<C> compute =
      Fields<C>()
          .text("model", &C::model, "a training of the paper (GPT-4), or a model of the catalog with --tokens")
          .positional()
          .quantity("flop", &C::flop, "FLOP", "compute of the training: of the model, without recomputation")
          .at_least(0)
          .quantity("flop-low", &C::flop_low, "FLOP", "lower end of its 95 % range")
          .at_least(0)
          .quantity("flop-high", &C::flop_high, "FLOP", "upper end")
          .at_least(0)
          .number("parameters", &C::parameters,
                  "parameters that a token uses (of a mixture of experts: the active ones)")
          .range(1, 1e16)
          .number("tokens", &C::tokens, "tokens of the training")
          .range(1, 1e18);
  static const Fields<U> use =
      Fields<U>()
          .reference("device", &U::device, "devices", "the card")
          .text("format", &U::format, "number format of the peak")
          .quantity("peak", &U::peak, "TFLOP/s", "dense peak, instead of the device's")
          .at_least(0)
          .flag("dense-peak", &U::dense, "the given peak is one of dense matrices, however high it looks")
          .number("mfu", &U::mfu, "share of the peak that the model's FLOP reach, 0 to 1; none: 0.35")
          .number("mfu-low", &U::mfu_low, "lower end of its 95 % range")
          .number("mfu-high", &U::mfu_high, "upper end")
          .number("hfu", &U::hfu, "the same with activations that are computed twice, instead of --mfu")
          .number("recomputed", &U::recomputed, "share of the activations that are computed twice (with --hfu)")
          .range(0, 1)
          .number("lifetime", &U::years, "years of life of a card; none: 2")
          .range(0.01, 50)
          .number("lifetime-low", &U::years_low, "lower end of its 95 % range")
          .range(0.01, 50)
          .number("lifetime-high", &U::years_high, "upper end")
          .range(0.01, 50)
          .number("busy", &U::busy, "share of its life in which a card computes")
          .range(0.001, 1)
          .number("spares", &U::spares, "cards more for failures, as a share")
          .range(0, 10)
          .quantity("duration", &U::duration, "days", "of the run: says how many cards are installed at once")
          .range(0, 36500);
  static const Fields<E> elements =
      Fields<E>()
          .file("elements", &E::elements, "CSV with the elements of a card: element, mass_g, class")
          .flag("illustrative", &E::illustrative, "show elements of a placeholder that nobody measured");
  static const Fields<O> fields = Fields<O>()
                                      .group(&O::compute, compute, "Compute")
                                      .group(&O::use, use, "Cards")
                                      .group(&O::elements, elements, "Elements");
  return fields;
}

}  // namespace

Capability materials_capability() {
  Capability c =
      capability<MaterialsOptions>("ledger", "materials", "Lives of cards and materials that a training run consumes.",
                                   &materials, materials_fields());
  c.description =
      "N = C / (F * MFU * L * 31,536,000 s): the lives of cards that C FLOP of training consume, at a dense peak of F "
      "FLOP/s, a utilisation MFU and a life of L years (S. Falk, N. Kluge Corrêa and others, From FLOPs to Footprints, "
      "arXiv 2512.04142). Peaks of sparse matrices and utilisations in per cent are refused. Ranges are taken as "
      "log-normal; the interval is 95 %. Materials are what the paper says of an A100 SXM: 1.491 kg analysed, about "
      "0.8 kg "
      "of it toxic. Its table of 32 elements is not public: masses of single elements come from a table of yours, or "
      "from "
      "a placeholder whose figures are illustrative and say so.";
  c.verb = Verb::account;
  c.papers = {41};
  c.emits = {"materials.grid.v1", "materials.levers.v1", "materials.elements.v1", "materials.classes.v1",
             "materials.rankings.v1"};
  c.examples = {{{"GPT-4"}, {}, "2515"},
                {{"--parameters", "70e9", "--tokens", "2e12", "--mfu", "0.4", "--mfu-low", "0.3", "--mfu-high", "0.5",
                  "--device", "H100 SXM", "--duration", "60 days"},
                 {},
                 "Cards installed"},
                {{"llama-2", "--elements", "lab.csv"},
                 {{"lab.csv",
                   "element,mass_g,class,source,uncertainty\nCu,1010,heavy;critical,our laboratory,0.05\n"
                   "Fe,300,heavy,our laboratory,0.05\nNi,40,heavy;toxic;critical,our laboratory,0.1\n"}},
                 "our laboratory"},
                {{"GPT-4", "--illustrative"}, {}, "illustrative"}};
  return c;
}

}  // namespace wattline::ledger::materials
