#include "ledger/lca/claims.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/units.h"
#include "ledger/lca/resolve.h"

namespace wattline::ledger::lca {
namespace {

constexpr const char* a100 = "NVIDIA A100 SXM4 40GB";

struct Loaded {
  std::shared_ptr<catalog::Catalog> names;
  std::shared_ptr<const Data> data;
  explicit Loaded(Context& context)
      : names(context.find<catalog::Catalog>() ? context.share<catalog::Catalog>() : catalog::Catalog::load()),
        data(Data::of(*names)) {}
  const Card& card() const { return *data->find_card(a100); }
};

// To so many significant digits of the claimed text.
bool same(double claimed, double ours, int digits) {
  const double scale = std::pow(10, digits - 1 - static_cast<int>(std::floor(std::log10(std::abs(claimed)))));
  return std::abs(ours - claimed) * scale <= 0.5 + 1e-6;
}

struct Figure {
  const char* category;
  double value;
  int digits;
};

Claim manufacture() {
  return {16,
          "making an A100 SXM: ADPe 8.065e-3, ADPf 1463, AP 0.9526, CTUe 1785, CTUh_c 3.784e-5, CTUh_nc 6.317e-6, Epf "
          "2.675e-3, Epm 7.777e-2, Ept 0.8232, GWP 111.3, IR 567.7, LU 6.069, ODP 4.743e-5, PM 5.487e-6, POCP 0.2757, "
          "WU 55.83 (companion data)",
          "sum of the card's parts, upstream freight included, all digits compared", [](Context& context) {
            const Loaded in(context);
            const Scores sum = in.card().manufacture();
            const Figure claimed[] = {
                {"ADPe", 8.065e-3, 4},   {"ADPf", 1463, 4},        {"AP", 0.9526, 4},    {"CTUe", 1785, 4},
                {"CTUh_c", 3.784e-5, 4}, {"CTUh_nc", 6.317e-6, 4}, {"Epf", 2.675e-3, 4}, {"Epm", 7.777e-2, 4},
                {"Ept", 0.8232, 4},      {"GWP", 111.3, 4},        {"IR", 567.7, 4},     {"LU", 6.069, 4},
                {"ODP", 4.743e-5, 4},    {"PM", 5.487e-6, 4},      {"POCP", 0.2757, 4},  {"WU", 55.83, 4}};
            ClaimCheck out;
            std::size_t right = 0;
            for (const auto& f : claimed) {
              const double ours = sum[in.data->category(f.category)];
              // The source's parts have three digits: a sum may differ in its fourth.
              const bool holds = same(f.value, ours, f.digits);
              right += holds;
              if (!holds) out.note += fmt::format("{}{}: {:.5g}", out.note.empty() ? "" : ", ", f.category, ours);
            }
            out.ours = fmt::format("{} of 16 to four digits; GWP {:.1f} kg, ADPe {:.3e} kg Sb, WU {:.2f} m3", right,
                                   sum[0], sum[in.data->category("ADPe")], sum[in.data->category("WU")]);
            out.verdict = right == 16 ? ClaimVerdict::holds : ClaimVerdict::differs;
            return out;
          }};
}

Claim chip_leads() {
  return {16, "the chip is the largest contributor to manufacture in 10 of 16 categories",
          "the largest part by category, A100 SXM", [](Context& context) {
            const Loaded in(context);
            std::size_t chips = 0, heatsinks = 0;
            std::string which;
            for (std::size_t c = 0; c < category_count; ++c) {
              const Part p = leading_part(in.card().parts, c);
              heatsinks += p == heatsink;
              if (p != chip) continue;
              ++chips;
              which += (which.empty() ? "" : ", ") + in.data->categories()[c].code;
            }
            return ClaimCheck{chips == 10 ? ClaimVerdict::holds : ClaimVerdict::differs,
                              fmt::format("{} of 16 ({}); the heatsink in {}", chips, which, heatsinks), ""};
          }};
}

Claim chip_share() {
  return {16, "the chip makes 81 % of the climate and 80 % of the fossil impact of manufacture",
          "the chip's share with and without the heatsink", [](Context& context) {
            const Loaded in(context);
            const Card& card = in.card();
            const Scores sum = card.manufacture();
            const std::size_t fossil = in.data->category("ADPf");
            const auto share = [&](std::size_t c, bool bare) {
              return 100 * card.parts[chip].scores[c] / (sum[c] - (bare ? card.parts[heatsink].scores[c] : 0));
            };
            const bool holds = std::lround(share(0, true)) == 81 && std::lround(share(fossil, true)) == 80;
            return ClaimCheck{holds ? ClaimVerdict::holds : ClaimVerdict::differs,
                              fmt::format("{:.1f} % and {:.1f} % without the heatsink; {:.0f} % and {:.0f} % with it",
                                          share(0, true), share(fossil, true), share(0, false), share(fossil, false)),
                              "the paper's figures are those without the heatsink"};
          }};
}

Claim end_of_life_figures() {
  return {16, "end of life of an A100 SXM: GWP 2.18, CTUe 1850, WU 1060, LU 11.9, ADPf 30.8 (companion data)",
          "the card's own row", [](Context& context) {
            const Loaded in(context);
            const Scores& e = in.card().parts[end_of_life].scores;
            const Figure claimed[] = {
                {"GWP", 2.18, 3}, {"CTUe", 1850, 3}, {"WU", 1060, 3}, {"LU", 11.9, 3}, {"ADPf", 30.8, 3}};
            ClaimCheck out{ClaimVerdict::holds, "", ""};
            for (const auto& f : claimed) {
              const double ours = e[in.data->category(f.category)];
              out.ours += fmt::format("{}{} {}", out.ours.empty() ? "" : ", ", f.category, format_number(ours));
              if (!same(f.value, ours, f.digits)) out.verdict = ClaimVerdict::differs;
            }
            return out;
          }};
}

LcaOptions bloom(const char* place, double years) {
  LcaOptions o;
  o.card = a100;
  o.run.card_time = 1.08e6 * units::hour;
  o.run.energy = 433196 * units::kWh;
  o.site.place = place;
  o.site.pue = 1.2;
  o.life.years = years;
  o.life.utilisation = 1;
  o.life.road_km = 0;  // the check was made without distribution
  o.site.climate = ClimateOf::table_fossil;
  return o;
}

Claim use_share() {
  return {16,
          "climate share of use, 433,196 kWh on 1.08 M A100-hours, PUE 1.2, public factors: France 75, 86, 90, 94 % at "
          "1, 2, 3, 5 years; USA 96.2 % at 1 year",
          "`ledger lca` with the fossil climate factor of the public table, without distribution",
          [](Context& context) {
            const Loaded in(context);
            const auto share = [&](const char* place, double years) {
              return 100 * life_cycle(resolve(bloom(place, years), *in.names).input).share(use, 0);
            };
            const double fr[] = {share("FR", 1), share("FR", 2), share("FR", 3), share("FR", 5)}, us = share("US", 1);
            const bool holds = std::lround(fr[0]) == 75 && std::lround(fr[1]) == 86 && std::lround(fr[2]) == 90 &&
                               std::lround(fr[3]) == 94 && std::lround(10 * us) == 962;
            return ClaimCheck{holds ? ClaimVerdict::holds : ClaimVerdict::differs,
                              fmt::format("{:.1f}, {:.1f}, {:.1f}, {:.1f} %; {:.1f} %", fr[0], fr[1], fr[2], fr[3], us),
                              "a check of the companion data, not a figure of the paper"};
          }};
}

Claim bloom_sixteen() {
  return {
      16, "BLOOM: use leads in 11 of 16 categories, climate 96 %; manufacture leads in CTUh_c (99 %), ADPe (85 %)", "",
      [](Context& context) {
        const Loaded in(context);
        const Cycle c = life_cycle(resolve(bloom("FR", 3), *in.names).input);
        std::size_t compared = 0, leads = 0;
        for (std::size_t i = 0; i < category_count; ++i) {
          compared += c.use_assessed(i);
          leads += c.use_assessed(i) && c.leader(i) == use;
        }
        const std::size_t minerals = in.data->category("ADPe");
        return ClaimCheck{
            ClaimVerdict::not_reproducible,
            fmt::format("French factors, 3 years: use leads in {} of the {} that can be compared, climate {:.0f} %, "
                        "manufacture of ADPe {:.0f} %",
                        leads, compared, 100 * c.share(use, 0), 100 * c.share(made, minerals)),
            "factors of electricity in all 16 categories, the lifetime and the energy that the paper took are not "
            "public; its 96 % depends on them"};
      }};
}

Claim gpt4_sixteen() {
  return {16,
          "GPT-4: use leads in 10 of 16 categories, climate and fossils 96 %; CTUh_c 94 % and Epf 81 % in manufacture",
          "", [](Context&) {
            return ClaimCheck{ClaimVerdict::not_reproducible, "",
                              "the grid, lifetime and energy of the run were not found in public form, and factors of "
                              "electricity are public in 11 categories"};
          }};
}

Claim primary_data() {
  return {16, "primary data raises ADPe by 33 % against generic data", "", [](Context&) {
            return ClaimCheck{ClaimVerdict::not_reproducible, "",
                              "the generic figures that it is held against are of a licensed database"};
          }};
}

// Lowest and highest error in per cent, as printed.
struct Range {
  const char* category;
  double low, high;
};

ClaimCheck check_ranges(Context& context, std::initializer_list<Range> claimed) {
  const Loaded in(context);
  const LeaveOneOut model = leave_one_out(*in.data, {MemoryRule::pooled, true});
  ClaimCheck out{ClaimVerdict::holds, "", ""};
  for (const auto& r : claimed) {
    const std::size_t c = in.data->category(r.category);
    const double low = 100 * model.low[c], high = 100 * model.high[c];
    out.ours += fmt::format("{}{} {:+.0f} to {:+.0f}", out.ours.empty() ? "" : ", ", r.category, low, high);
    if (std::abs(low - r.low) > 1.05 || std::abs(high - r.high) > 1.05) out.verdict = ClaimVerdict::differs;
  }
  return out;
}

Claim leave_one_out_ranges() {
  return {16,
          "the parametric card, one of seven left out (a check of the companion data): GWP -12 to +14 %, AP -14 to +9, "
          "ADPf -11 to +19, PM -14 to +10, Epm and Ept -12 to +14, WU -19 to +30, ODP -20 to +45, ADPe -56 to +43",
          "`ledger lca --validate`, packages pooled; within a point", [](Context& context) {
            return check_ranges(context, {{"GWP", -12, 14},
                                          {"AP", -14, 9},
                                          {"ADPf", -11, 19},
                                          {"PM", -14, 10},
                                          {"Epm", -12, 14},
                                          {"Ept", -12, 14},
                                          {"WU", -19, 30},
                                          {"ODP", -20, 45},
                                          {"ADPe", -56, 43}});
          }};
}

Claim leave_one_out_smog() {
  return {16, "the same for POCP: -12 to +8 %", "`ledger lca --validate`, packages pooled; within a point",
          [](Context& context) {
            ClaimCheck out = check_ranges(context, {{"POCP", -12, 8}});
            out.note = "the highest error is that of the Tesla P100";
            return out;
          }};
}

}  // namespace

std::vector<Claim> lca_claims() {
  return {chip_leads(),    chip_share(),   manufacture(),  end_of_life_figures(),  use_share(),
          bloom_sixteen(), gpt4_sixteen(), primary_data(), leave_one_out_ranges(), leave_one_out_smog()};
}

}  // namespace wattline::ledger::lca
