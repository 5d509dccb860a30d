#include "serve/footprint.h"

#include <cmath>
#include <set>

namespace wattline::serve {
namespace {

Impact impact(double value, double sd) {
  const Interval i = RawEstimate(value, sd, Method::modelled, {}).interval();
  return {value, i.low, i.high};
}

Impact product(double a, double variance_a, double b, double variance_b, double scale) {
  const double sd = std::sqrt(variance_a * b * b + variance_b * a * a + variance_a * variance_b);
  return impact(a * b * scale, sd * scale);
}

FigureBasis joined(std::string unit, Method energy_method, const std::vector<std::string>& energy_sources,
                   const RawEstimate& factor) {
  std::set<std::string> sources(energy_sources.begin(), energy_sources.end());
  sources.insert(factor.sources().begin(), factor.sources().end());
  return figure_basis(std::move(unit), std::max(energy_method, factor.method()), {sources.begin(), sources.end()});
}

}  // namespace

Footprint::Footprint(catalog::Grid grid)
    : grid_(std::move(grid)),
      carbon_per_joule_(grid_.carbon(Estimate<Energy>::exact(units::J))),
      water_per_joule_(grid_.water(Estimate<Energy>::exact(units::J))),
      carbon_variance_(std::pow(carbon_per_joule_.sd().base(), 2)),
      water_variance_(std::pow(water_per_joule_.sd().base(), 2)) {}

void Footprint::apply(Answer& a) const {
  const double joules = a.energy.value().base(), sd = a.energy.sd().base();
  a.joules = impact(joules, sd);
  a.carbon = product(joules, sd * sd, carbon_per_joule_.value().base(), carbon_variance_, 1e3);
  a.water = product(joules, sd * sd, water_per_joule_.value().base(), water_variance_, 1e3);
}

std::shared_ptr<const Basis> Footprint::basis(std::string model, std::string catalog_model, std::string upstream,
                                              std::string device, Method energy_method,
                                              std::vector<std::string> energy_sources) const {
  auto out = std::make_shared<Basis>();
  out->model = std::move(model);
  out->catalog_model = std::move(catalog_model);
  out->upstream = std::move(upstream);
  out->device = std::move(device);
  out->place = grid_.place;
  out->carbon = joined("mgCO2e", energy_method, energy_sources, carbon_per_joule_.raw());
  out->water = joined("mL", energy_method, energy_sources, water_per_joule_.raw());
  out->energy = figure_basis("J", energy_method, std::move(energy_sources));
  return out;
}

}  // namespace wattline::serve
