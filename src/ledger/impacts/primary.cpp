#include "ledger/impacts/primary.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/impacts/mix_file.h"

namespace wattline::ledger {

const Fields<PrimaryOptions>& primary_fields() {
  using P = PrimaryOptions;
  static const Fields<P> fields =
      Fields<P>()
          .enumeration("primary", &P::convention, physics::primary_convention_names(),
                       "how the primary energy of what does not burn is counted: heat of reactors and of the earth "
                       "(IEA, Eurostat), electricity itself, or the fuel that it replaces")
          .file("mix-file", &P::mix_file,
                "generation mixes of places (CSV: place, fuel, generation), instead of the catalog's");
  return fields;
}

PrimaryEnergies::PrimaryEnergies(const PrimaryOptions& o, const catalog::Catalog& catalog, const std::string& place)
    : catalog_(catalog), convention_(o.convention), mixes_(catalog::GenerationMixes::load(catalog)) {
  if (!o.mix_file.given()) return;
  file_ = o.mix_file.name();
  given_ = read_mixes(o.mix_file.read(1u << 20), file_, catalog);
  const auto unnamed = given_.find("");
  if (unnamed == given_.end()) return;
  if (place.empty())
    throw bad_input("the mix does not say of which place it is", file_,
                    "give --place, or a column 'place' beside 'fuel' and 'generation'");
  auto node = given_.extract(unnamed);
  node.key() = catalog.place(place).code;
  given_.insert(std::move(node));
}

const PrimaryEnergies::Known* PrimaryEnergies::known(const std::string& place) {
  const auto [it, fresh] = places_.try_emplace(place);
  if (fresh) {
    if (const auto own = given_.find(place); own != given_.end()) {
      it->second = Known{physics::primary_energy(own->second, convention_, catalog_),
                         "given in " + file_,
                         {"given.mix." + place, "electricity by source, given",
                          fmt::format("{} fuels", own->second.size()), file_, "", ""}};
    } else if (const auto* row = mixes_->find(place, catalog_)) {
      it->second = Known{physics::primary_energy(row->by_fuel, convention_, catalog_),
                         fmt::format("{}, {}", row->name, row->year), row->use()};
    }
  }
  return it->second ? &*it->second : nullptr;
}

void PrimaryEnergies::add(PrimarySums& sums, const std::string& place, const Estimate<Energy>& electricity) {
  sums.joules += electricity.value().base();
  const Known* k = known(place);
  if (!k) return;
  sums.assessed += electricity.value().base();
  sums.fossil += electricity * k->primary.fossil;
  sums.nuclear += electricity * k->primary.nuclear;
  sums.renewable += electricity * k->primary.renewable;
  sums.total += electricity * k->primary.total;
}

std::string PrimaryEnergies::convention() const {
  static constexpr const char* words[] = {"physical energy content", "direct equivalent", "substitution"};
  return words[static_cast<int>(convention_)];
}

void PrimaryEnergies::tell(Result& out) const {
  Table t("ledger.primary.v1");
  t.title = fmt::format("Primary energy by energy of the electricity ({})", convention());
  t.caption = "of the power plants, without losses of the grid; where a fuel is not identified, of the rest";
  t.text("place").number("total").number("low").number("high").number("fossil").number("nuclear").number("renewable");
  t.text("mix");
  std::vector<std::string> without;
  for (const auto& [place, k] : places_) {
    if (!k) {
      without.push_back(place);
      continue;
    }
    const auto& p = k->primary;
    t.add_row({place, p.total.value().base(), p.total.low().base(), p.total.high().base(), p.fossil.value().base(),
               p.nuclear.value().base(), p.renewable.value().base(), k->basis});
    out.use(k->source);
    for (const auto& f : p.factors) out.use(f);
    if (p.identified < 0.9)
      out.warn(
          fmt::format("primary energy of {}: {:.0f} % of the generation is of no identified fuel and taken like the "
                      "rest",
                      place, 100 * (1 - p.identified)));
  }
  if (t.rows() > 0) out.add(std::move(t));
  for (const auto& [place, mix] : given_)
    if (!places_.contains(place))
      out.warn(fmt::format("{} has a mix of {}, and no row is of that place", file_, place));
  if (!without.empty())
    out.warn(fmt::format("primary energy is not assessed for {}: no generation mix; give one with --mix-file",
                         fmt::join(without, ", ")));
}

}  // namespace wattline::ledger
