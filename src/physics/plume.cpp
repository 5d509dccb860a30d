#include "physics/plume.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "catalog/data_file.h"
#include "kernel/error.h"

namespace wattline::physics {

double Spread::at(double metres) const { return a * metres * std::pow(1 + b * metres, power); }

Plume::Plume(const catalog::Catalog& catalog, Terrain terrain, char stability) {
  const catalog::DataFile file("air_plume.csv", catalog.file("air_plume.csv"), {"terrain", "class"},
                               [](std::string_view s) { return std::string(s); });
  const std::string wanted = terrain == Terrain::urban ? "urban" : "rural";
  for (const auto& row : file.rows()) {
    if (row.text("terrain") != wanted || row.text("class") != std::string(1, stability)) continue;
    across = {row.required_number("y"), row.required_number("y_by"), row.required_number("y_power", -10)};
    up = {row.required_number("z"), row.required_number("z_by"), row.required_number("z_power", -10)};
    if (!(across.a > 0) || !(up.a > 0)) row.fail("y", "a spread over 0 is needed");
    factor = {fmt::format("air.plume.{}.{}", wanted, stability),
              fmt::format("spread of a plume, {}, class {} (Briggs)", wanted, stability),
              fmt::format("{:g} and {:g} of the distance near the stack", across.a, up.a),
              row.required("source"),
              row.text("year"),
              "published facts"};
    return;
  }
  throw bad_input(fmt::format("stability '{}' found; A (very unstable) to F (stable) is allowed", stability),
                  "stability");
}

double Plume::concentration(double grams_per_second, double wind, double height, double x, double y, double z) const {
  if (!(x > 0)) return 0;
  const double sy = across.at(x), sz = up.at(x);
  const auto bell = [](double d, double s) { return std::exp(-d * d / (2 * s * s)); };
  return grams_per_second / (2 * std::numbers::pi * wind * sy * sz) * bell(y, sy) *
         (bell(z - height, sz) + bell(z + height, sz));
}

PlumePoint Plume::highest(double grams_per_second, double wind, double height) const {
  PlumePoint best;
  for (int i = 0; i <= 400; ++i) {
    const double x = 10 * std::pow(2000, i / 400.0);
    const double c = 1e6 * concentration(grams_per_second, wind, height, x, 0, 0);
    if (c > best.micrograms_per_m3) best = {x, c};
  }
  return best;
}

double nitrogen_dioxide(double nox, double share, double ozone) {
  return share * nox + std::min((1 - share) * nox, ozone * 46 / 48);
}

}  // namespace wattline::physics
