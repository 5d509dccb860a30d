// What was measured or published of processors' power by load: curves of machines, and what whole servers
// with a processor draw idle and at full load. Facts of the catalog (processor_curves.csv,
// processor_walls.csv); the model that rests on them is processor_power.h.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/row_reader.h"
#include "kernel/quantity.h"
#include "kernel/result.h"

namespace wattline::physics {

// How a load of half comes about: every thread busy half the time (the clock may stay low), or half of the
// threads busy all the time (it rises). The same load costs up to three times as much in the second way.
enum class LoadKind { unknown, spread, packed };
std::string_view to_string(LoadKind);

constexpr std::size_t curve_points = 11;  // loads 0, 0.1, ... 1
// Between the points straight lines; loads outside 0..1 and NaN are the nearest bound.
double curve_at(const std::array<double, curve_points>&, double load);

struct LoadCurve {
  std::string name, device;  // device: the processor, "" where the machine's is not known
  std::string family;  // "server AMD", "server Intel", "server ARM", "client"
  LoadKind load = LoadKind::spread;
  bool package = true;  // the watts are of one package; else of (a share of) a machine: only the shape is taken
  Power tdp{0};  // of one package, 0 unknown
  std::array<double, curve_points> watts{};
  std::optional<double> error;  // 95 % half width, relative; absent: physics.cpu.own_curve
  FactorUse use;

  Power idle() const { return Power(watts.front()); }
  Power full() const { return Power(watts.back()); }
  // 0 idle, 1 full; above 1 where a part clocks down before all cores are busy.
  std::array<double, curve_points> shape() const;
};

// Whole servers by processor, per processor: the median of the systems.
struct WallPower {
  std::string device, family, line;  // line: "Xeon E5 v3", "EPYC 8xx4"
  int systems = 0, cores = 0;
  Power tdp, idle, full;
  std::string key;  // of the device
  std::string source, year, licence;  // source: its id, licence: "" the source's
};

struct LoadCurves {
  std::vector<LoadCurve> curves;
  std::vector<WallPower> walls;

  // Error bad_input naming file:row: a curve that does not rise, a wrong word.
  static std::shared_ptr<const LoadCurves> load(const catalog::Catalog&);
  // Of the servers no more than processor_power asks for to model processors of these names: their own, else those of
  // their line, else of their family, and the same of the measured ones.
  static std::shared_ptr<const LoadCurves> load(const catalog::Catalog&, std::vector<std::string> devices);
  const WallPower* find_wall(std::string_view device) const;
  // Put into words only where it is used: there are many rows, and every start of the program reads them.
  FactorUse use_of(const WallPower&) const;

  std::map<std::string, catalog::Source> sources;  // of the walls
};

// By its name, as makers and kernels write it: "" where none is recognised.
std::string processor_family(std::string_view device);
std::string processor_line(std::string_view device);

}  // namespace wattline::physics
