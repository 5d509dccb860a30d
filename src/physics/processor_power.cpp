#include "physics/processor_power.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::physics {
namespace {

// The factors of the result name each of them.
constexpr const char* curves_source = "measured curves of processors' power by load (catalog: processor_curves.csv)";

constexpr const char* idle_id = "physics.cpu.idle_spread";
constexpr const char* range_id = "physics.cpu.range_spread";
constexpr const char* shape_id = "physics.cpu.shape_spread";
constexpr const char* own_id = "physics.cpu.own_curve";

double clamped(double load) { return std::isnan(load) ? 0 : std::clamp(load, 0.0, 1.0); }

double mean_of(const std::vector<double>& x) {
  double sum = 0;
  for (const double v : x) sum += v;
  return x.empty() ? 0 : sum / static_cast<double>(x.size());
}
double median_of(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  return x.empty() ? 0 : (x[(x.size() - 1) / 2] + x[x.size() / 2]) / 2;
}

// The 97.5 % point of Student's t (Cornish-Fisher; within 1 % from 3 degrees of freedom on).
double student(double f) {
  const double z = 1.95996, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  return z + (z3 + z) / (4 * f) + (5 * z5 + 16 * z3 + 3 * z) / (96 * f * f) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * f * f * f);
}

// How far the next one may lie from `middle`, as a standard deviation whose 1.96-fold holds 95 %: the
// spread of those seen, with the prior's counted as `weight` of them.
double predictive(const std::vector<double>& seen, double middle, double prior, double weight) {
  double squares = weight * prior * prior;
  for (const double x : seen) squares += (x - middle) * (x - middle);
  const double n = static_cast<double>(seen.size()), freedom = weight + std::max(0.0, n - 1);
  if (!(freedom > 0)) return prior;
  return std::sqrt(squares / freedom * (1 + 1 / std::max(1.0, n))) * student(std::max(freedom, 2.0)) / 1.96;
}

// Packages that were measured: of each its curves' mean, as shares of the TDP.
struct Package {
  std::string device, family;
  double idle = 0, range = 0;
};
std::vector<Package> packages_of(const LoadCurves& all) {
  std::vector<Package> out;
  std::set<std::string> seen;
  for (const auto& c : all.curves) {
    if (!c.package || !(c.tdp > Power(0)) || !seen.insert(catalog::device_key(c.device)).second) continue;
    std::vector<double> idle, range;
    for (const auto& d : all.curves) {
      if (!d.package || !(d.tdp > Power(0)) || catalog::device_key(d.device) != catalog::device_key(c.device)) continue;
      idle.push_back(d.idle() / d.tdp);
      range.push_back((d.full() - d.idle()) / d.tdp);
    }
    out.push_back({c.device, c.family, mean_of(idle), mean_of(range)});
  }
  return out;
}

// Idle power and range of servers with the processor as shares of its TDP: its own, else the medians of its
// line or family.
struct Wall {
  double idle = 0, range = 0;
  std::string of;
  std::optional<FactorUse> use;
};
std::optional<Wall> wall_of(const std::string& device, const LoadCurves& all) {
  if (const WallPower* own = all.find_wall(device))
    return Wall{own->idle / own->tdp, (own->full - own->idle) / own->tdp, device, all.use_of(*own)};
  const auto median = [&](const auto& belongs, const std::string& of) -> std::optional<Wall> {
    std::vector<double> idle, range;
    const WallPower* some = nullptr;
    for (const auto& w : all.walls) {
      if (!belongs(w)) continue;
      some = &w;
      idle.push_back(w.idle / w.tdp);
      range.push_back((w.full - w.idle) / w.tdp);
    }
    if (!some) return std::nullopt;
    FactorUse use = all.use_of(*some);
    use.id = "physics.cpu.wall." + of;
    use.description = fmt::format("servers with processors of {}, medians of {}", of, idle.size());
    use.value = fmt::format("idle {:.2f}, full {:.2f} of the TDP", median_of(idle), median_of(idle) + median_of(range));
    return Wall{median_of(idle), median_of(range), of, use};
  };
  if (const std::string line = processor_line(device); !line.empty())
    if (auto found = median([&](const WallPower& w) { return w.line == line; }, line)) return found;
  if (const std::string family = processor_family(device); !family.empty())
    return median([&](const WallPower& w) { return w.family == family; }, family);
  return std::nullopt;
}

class Maker {
 public:
  Maker(const catalog::Device& device, const LoadCurves& curves, const catalog::Catalog& catalog)
      : device_(device), curves_(curves), catalog_(catalog), tdp_(device.board_power.base()) {
    out_.device = device.name;
    out_.cores = device.cores;
    out_.factors.push_back(catalog::use(device));
  }

  ProcessorPower make() {
    if (!own_curve()) from_others();
    for (Estimate<Power>* e : {&out_.idle, &out_.full}) e->raw().worsen(Method::modelled);
    return std::move(out_);
  }

 private:
  double factor(const char* id) {
    const catalog::Factor& f = catalog_.factor(id);
    use(f.use());
    return f.value;
  }
  void use(const FactorUse& f) {
    const auto& all = out_.factors;
    if (std::none_of(all.begin(), all.end(), [&](const FactorUse& g) { return g.id == f.id; }))
      out_.factors.push_back(f);
  }

  bool own_curve() {
    std::vector<const LoadCurve*> own;
    for (const auto& c : curves_.curves)
      if (c.package && !c.device.empty() && catalog::device_key(c.device) == catalog::device_key(device_.name))
        own.push_back(&c);
    if (own.empty()) return false;
    const auto& usual = catalog_.factor(own_id);
    double idle = 0, full = 0, error = 0;
    for (const LoadCurve* c : own) {
      use(c->use);
      idle += c->idle().base() / static_cast<double>(own.size());
      full += c->full().base() / static_cast<double>(own.size());
      error = std::max(error, c->error.value_or(usual.estimate().sd() * 1.96));
    }
    use(usual.use());
    // One error for the whole curve: another unit of the part, another cooling, other work.
    out_.idle = Estimate<Power>::relative(Power(idle), error, Method::modelled, "curve").from_factor(own_id);
    out_.full = Estimate<Power>::relative(Power(full), error, Method::modelled, "curve").from_factor(own_id);
    for (const LoadKind kind : {LoadKind::unknown, LoadKind::spread, LoadKind::packed}) {
      auto& shape = out_.shapes[static_cast<std::size_t>(kind)];
      const bool seen = std::any_of(own.begin(), own.end(), [&](const auto* c) { return c->load == kind; });
      for (std::size_t i = 0; i < curve_points; ++i) {
        double low = 1e300, high = -1e300;
        std::vector<double> shares;
        for (const LoadCurve* c : own) {
          if (seen && c->load != kind) continue;
          // On the mean's scale, so that the watts of this point are kept.
          shares.push_back((c->watts[i] - idle) / (full - idle));
          low = std::min(low, shares.back());
          high = std::max(high, shares.back());
        }
        const bool end = i == 0 || i + 1 == curve_points;
        shape.share[i] = end ? static_cast<double>(i > 0) : mean_of(shares);
        shape.sd[i] = end ? 0 : (high - low) / 2;  // it is the one or the other
      }
    }
    out_.own_curve = true;
    out_.basis = "its own curve";
    return true;
  }

  void from_others() {
    const std::vector<Package> packages = packages_of(curves_);
    if (packages.empty())
      throw bad_input("there is no measured curve of any processor", "processor_curves.csv", "take no rows away");
    const double weight = factor("physics.cpu.prior_packages");
    const auto wall = wall_of(device_.name, curves_);
    if (wall && wall->use) use(*wall->use);
    std::vector<double> range, idle_by_wall, idle_by_tdp;
    for (const auto& p : packages) {
      const auto theirs = wall_of(p.device, curves_);
      if (wall && theirs) idle_by_wall.push_back(std::log(p.idle / theirs->idle));
      range.push_back(std::log(p.range / (wall && theirs ? theirs->range : 1)));
      idle_by_tdp.push_back(std::log(p.idle));
    }
    for (const auto& c : curves_.curves)
      if (c.package) use(c.use);
    const double of_range = std::exp(mean_of(range)) * (wall ? wall->range : 1) * tdp_;
    const double range_sd = predictive(range, mean_of(range), factor(range_id), weight);
    const double prior_idle = factor(idle_id);
    double of_idle = mean_of(idle_by_tdp), idle_sd = predictive(idle_by_tdp, of_idle, prior_idle, weight);
    if (wall && !idle_by_wall.empty()) {
      const double other = mean_of(idle_by_wall);
      idle_sd = std::hypot(idle_sd, predictive(idle_by_wall, other, prior_idle, weight)) / std::sqrt(2.0);
      of_idle = (of_idle + other + std::log(wall->idle)) / 2;
    }
    of_idle = std::exp(of_idle) * tdp_;
    out_.idle = device_.idle_power ? Estimate<Power>::exact(*device_.idle_power)
                                   : Estimate<Power>::with_sd(Power(of_idle), Power(of_idle * idle_sd),
                                                              Method::modelled, curves_source)
                                         .from_factor(idle_id);
    out_.full = out_.idle +
                Estimate<Power>::with_sd(Power(of_range), Power(of_range * range_sd), Method::modelled, curves_source)
                    .from_factor(range_id);
    shape(weight);
    const std::string family = processor_family(device_.name);
    out_.basis = fmt::format("{} and the curves of {} measured packages", wall ? "servers with " + wall->of : "its TDP",
                             packages.size());
    out_.warnings.push_back(fmt::format("no curve of {} was measured: its power by load is that of others{}",
                                        device_.name, family.empty() ? "" : " (" + family + ")"));
  }

  void shape(double weight) {
    const double prior = factor(shape_id);
    const std::string family = processor_family(device_.name);
    const auto like = [&](bool of_family, std::optional<LoadKind> kind) {
      std::vector<std::array<double, curve_points>> out;
      for (const auto& c : curves_.curves)
        if ((!of_family || c.family == family) && (!kind || c.load == *kind)) out.push_back(c.shape());
      return out;
    };
    const auto all = like(false, {});
    const bool known = !family.empty() && !like(true, {}).empty();
    if (known)
      for (const auto& c : curves_.curves)
        if (c.family == family) use(c.use);
    for (const LoadKind kind : {LoadKind::unknown, LoadKind::spread, LoadKind::packed}) {
      auto curves = kind == LoadKind::unknown ? like(known, {}) : like(known, kind);
      if (curves.empty()) curves = like(known, {});
      auto& made = out_.shapes[static_cast<std::size_t>(kind)];
      double before = 0;
      for (std::size_t i = 0; i < curve_points; ++i) {
        std::vector<double> mine, theirs;
        for (const auto& c : curves) mine.push_back(c[i]);
        for (const auto& c : all) theirs.push_back(c[i]);
        // What others do when they clock down is not carried over: the power rises to that of full load.
        before = made.share[i] = std::clamp(mean_of(mine), before, 1.0);
        const bool end = i == 0 || i + 1 == curve_points;
        made.sd[i] = end ? 0 : predictive(theirs, made.share[i], prior, weight);
      }
    }
  }

  const catalog::Device& device_;
  const LoadCurves& curves_;
  const catalog::Catalog& catalog_;
  const double tdp_;
  ProcessorPower out_;
};

}  // namespace

Estimate<Power> ProcessorPower::at(double load, LoadKind kind) const {
  load = clamped(load);
  if (load == 0) return idle;
  if (load == 1) return full;
  const Shape& shape = shapes[static_cast<std::size_t>(kind)];
  const double share = curve_at(shape.share, load);
  // Everything made from one curve errs to the same side.
  const Power bend(std::abs((full.value() - idle.value()).base()) * curve_at(shape.sd, load));
  return idle * (1 - share) + full * share +
         Estimate<Power>::with_sd(Power(0), bend, Method::modelled, {}).from_factor(shape_id);
}

ProcessorPower processor_power(const catalog::Device& device, const LoadCurves& curves,
                               const catalog::Catalog& catalog) {
  if (device.cores <= 0)
    throw bad_input(fmt::format("'{}' has no processor cores in the catalog; a processor is needed", device.name), {},
                    "name a processor, or give its cores in a catalog override");
  if (!(device.board_power.base() > 0) || !std::isfinite(device.board_power.base()))
    throw bad_input(fmt::format("the board power of '{}' is {}; a positive power is needed", device.name,
                                to_string(device.board_power)),
                    {}, "give its board power (TDP) in a catalog override");
  return Maker(device, curves, catalog).make();
}

ProcessorPower processor_power(const catalog::Device& device, const catalog::Catalog& catalog) {
  return processor_power(device, *LoadCurves::load(catalog, {device.name}), catalog);
}

Estimate<Energy> energy_of_cpu_time(const ProcessorPower& p, int cores, Duration cpu_time) {
  const double all = std::max(p.cores, 1);
  const double busy = std::clamp(static_cast<double>(cores), 1.0, all);
  const double seconds = std::isfinite(cpu_time.base()) ? std::max(cpu_time.base(), 0.0) : 0;
  const auto& shape = p.shapes[static_cast<std::size_t>(LoadKind::packed)];
  // As shares of the package's range: a core's step alone, and its share of the full machine.
  const double alone = curve_at(shape.share, busy / all) / busy;
  const double shared = 1 / all;
  const double step = (alone + shared) / 2;
  const double full = p.full.value().base();
  const double idle = std::min(p.idle.value().base(), full);
  if (full <= 0) return {};
  const double value = (step * (full - idle) + idle / all) / full;
  const double half_gap = std::abs(alone - shared) / 2 * (full - idle) / full;
  const double of_shape = curve_at(shape.sd, busy / all) / busy / 2 * (full - idle) / full;
  const double of_idle = std::abs(step - shared) * p.idle.sd().base() / full;
  const double sd = std::hypot(std::hypot(half_gap / 1.96, of_idle), of_shape);
  const auto share = Estimate<Ratio>::with_sd(value, sd, Method::modelled, {}).from_factor(shape_id);
  return p.full * share * Estimate<Duration>::exact(Duration(seconds));
}

Estimate<Power> memory_power(Bytes size, const catalog::Catalog& catalog) {
  if (!std::isfinite(size.base()) || size.base() < 0)
    throw bad_input(fmt::format("memory of {} bytes; a size from 0 is needed", size.base()));
  Estimate<PowerPerByte> per_byte(catalog.factor("physics.memory.power").estimate());
  Estimate<Power> out = per_byte * Estimate<Bytes>::exact(size);
  out.raw().worsen(Method::modelled);
  return out;
}

bool above_what_packages_draw(Power mean, Power tdp, const catalog::Catalog& catalog) {
  return tdp > Power(0) && std::isfinite(mean.base()) &&
         mean.base() > tdp.base() * catalog.factor("physics.cpu.most_of_tdp").value;
}

}  // namespace wattline::physics
