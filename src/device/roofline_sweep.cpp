// The points of a sweep, and the drawing of a roof.
#include <algorithm>
#include <cmath>

#include "device/roofline.h"

namespace wattline::device {

std::vector<RooflineOptions> sweep_points(const RooflineOptions& o, const catalog::Model& model) {
  std::vector<RooflineOptions> out;
  const auto add = [&](auto member, double value) {
    RooflineOptions point = o;
    using Value = std::remove_reference_t<decltype(point.*member)>;
    point.*member = static_cast<Value>(value);
    point.cached_tokens = std::min(point.cached_tokens, point.prompt_tokens);
    out.push_back(std::move(point));
  };
  switch (o.sweep) {
    case Sweep::none: break;
    case Sweep::batch:
      for (double b = 1; b <= 1024; b *= 2) add(&RooflineOptions::batch, b);
      break;
    case Sweep::devices:
      for (double d = 1; d <= 16; d *= 2) add(&RooflineOptions::devices, d);
      break;
    case Sweep::prompt: {
      const double longest =
          std::max((model.context > 0 ? model.context : 131072.0) - static_cast<double>(o.output_tokens), 1.0);
      for (double p = 128; p < longest; p *= 2) add(&RooflineOptions::prompt_tokens, p);
      add(&RooflineOptions::prompt_tokens, std::floor(longest));
      break;
    }
    case Sweep::weight_bits:
      for (const double bits : {4.25, 8.0, 16.0, 32.0}) add(&RooflineOptions::weight_bits, bits);
      break;
  }
  return out;
}

Figure roof_figure(const physics::Inference& i, const RooflineOptions& o) {
  const physics::Roof& r = i.roof;
  Figure f;
  f.kind = Figure::Kind::scatter;
  f.title = "Roofline";
  f.caption = "Per device. Left of the bend memory limits, right of it arithmetic.";
  f.x = {"work per byte", "FLOP/B", true};
  f.y = {"rate", "FLOP/s", true};
  Figure::Trace nominal{"roof, nominal", {}, {}, {}, {}}, achieved{"roof, achieved", {}, {}, {}, {}};
  constexpr int points = 48;
  constexpr double decades = 5;
  for (int k = 0; k <= points; ++k) {
    const double intensity = 0.1 * std::pow(10.0, decades * k / points);
    nominal.x.push_back(intensity);
    achieved.x.push_back(intensity);
    nominal.y.push_back(std::min(r.peak.base(), r.bandwidth.base() * intensity));
    achieved.y.push_back(
        std::min(r.peak.base() * r.of_peak.value(), r.bandwidth.base() * r.of_bandwidth.value() * intensity));
  }
  f.traces = {std::move(nominal), std::move(achieved)};
  const auto add = [&](const char* name, const physics::Phase& p) {
    if (p.bytes.base() <= 0 || p.time.value().base() <= 0) return;
    const double work = p.flops.base() / static_cast<double>(o.devices);
    f.traces.push_back({name,
                        {p.flops.base() / p.bytes.base()},
                        {work / p.time.value().base()},
                        {work / p.time.high().base()},
                        {work / p.time.low().base()}});
  };
  add("prefill", i.prefill);
  add("decode", i.decode);
  return f;
}

}  // namespace wattline::device
