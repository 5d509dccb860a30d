#include "serve/energy_table.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace wattline::serve {
namespace {

// Index of the interval that holds `tokens` and where in it, 0..1; beyond the ends the last slope goes on.
template <std::size_t N>
double interpolate(const std::array<double, N>& values, double tokens) {
  if (tokens <= 1) return values[0] * tokens;  // below one token: towards nothing
  const auto i = std::min(static_cast<std::size_t>(std::ilogb(tokens)), N - 2);
  const double low = std::ldexp(1.0, static_cast<int>(i));
  return values[i] + (values[i + 1] - values[i]) * (tokens - low) / low;
}

// Integral of the piecewise linear `step` from 0 to `tokens`, `decoded` holding it at the points.
template <std::size_t N>
double integral(const std::array<double, N>& decoded, const std::array<double, N>& step, double tokens) {
  if (tokens <= 1) return step[0] * tokens;
  const auto i = std::min(static_cast<std::size_t>(std::ilogb(tokens)), N - 2);
  const double low = std::ldexp(1.0, static_cast<int>(i)), x = tokens - low;
  return decoded[i] + x * (step[i] + (step[i + 1] - step[i]) * x / (2 * low));
}

}  // namespace

EnergyTable::EnergyTable(const catalog::Model& model, const catalog::Device& device, physics::Serving serving,
                         double fixed_batch, double largest_batch, const catalog::Catalog& catalog) {
  std::vector<double> batches;
  if (fixed_batch > 0) batches.push_back(fixed_batch);
  else
    for (double b = 1; b <= std::max(1.0, largest_batch); b *= 2) batches.push_back(b);
  std::set<std::string> sources, warnings;
  for (const double batch : batches) {
    Curve c;
    c.inverse_batch = 1 / batch;
    serving.batch = batch;
    for (std::size_t i = 0; i < points; ++i) {
      const double tokens = std::ldexp(1.0, static_cast<int>(i));
      const auto p = physics::predict(model, device, {tokens, 2, 0}, serving, catalog);
      c.prefill[i] = p.prefill.energy.value().base();
      c.step[i] = p.decode.energy.value().base();
      const auto spread = [](const Estimate<Energy>& e) {
        return e.value().base() > 0 ? e.sd().base() / e.value().base() : 0.0;
      };
      c.prefill_spread = std::max(c.prefill_spread, spread(p.prefill.energy));
      c.step_spread = std::max(c.step_spread, spread(p.decode.energy));
      const auto& used = p.decode.energy.raw().sources();
      sources.insert(used.begin(), used.end());
      if (i == 0 && factors_.empty()) factors_ = p.factors;
      if (i == 0) warnings.insert(p.warnings.begin(), p.warnings.end());
    }
    c.decoded[0] = c.step[0];
    for (std::size_t i = 1; i < points; ++i)
      c.decoded[i] = c.decoded[i - 1] + (c.step[i - 1] + c.step[i]) / 2 * std::ldexp(1.0, static_cast<int>(i) - 1);
    curves_.push_back(c);
  }
  if (sources.empty()) sources.insert("roofline of the catalog's model and device");
  sources_.assign(sources.begin(), sources.end());
  warnings_.assign(warnings.begin(), warnings.end());
}

EnergyTable::Cost EnergyTable::on_curve(const Curve& c, double prompt, double cached, double output) {
  cached = std::clamp(cached, 0.0, prompt);
  double prefill = interpolate(c.prefill, prompt);
  // Short prompts cost what reading the weights costs, long ones rise faster than their length: the
  // uncached rest costs at least what it would alone.
  if (cached > 0) prefill = std::max(prefill - interpolate(c.prefill, cached), interpolate(c.prefill, prompt - cached));
  // The prefill yields the first token of the answer.
  const double steps = std::max(0.0, output - (prompt > cached ? 1 : 0));
  const double decode =
      std::max(0.0, integral(c.decoded, c.step, prompt + steps) - integral(c.decoded, c.step, prompt));
  return {Energy(prefill), Energy(decode), Energy(prefill * c.prefill_spread + decode * c.step_spread)};
}

EnergyTable::Cost EnergyTable::cost(double prompt, double cached, double output, double batch) const {
  const double wanted = 1 / std::max(1.0, batch);
  std::size_t above = 0;  // first curve with a batch of at least the wanted one
  while (above < curves_.size() && curves_[above].inverse_batch > wanted) ++above;
  if (above == 0) return on_curve(curves_.front(), prompt, cached, output);
  if (above == curves_.size()) return on_curve(curves_.back(), prompt, cached, output);
  const Curve &a = curves_[above - 1], &b = curves_[above];
  const double share = (a.inverse_batch - wanted) / (a.inverse_batch - b.inverse_batch);
  const Cost x = on_curve(a, prompt, cached, output), y = on_curve(b, prompt, cached, output);
  const auto mix = [&](Energy p, Energy q) { return p + (q - p) * share; };
  return {mix(x.prefill, y.prefill), mix(x.decode, y.decode), mix(x.sd, y.sd)};
}

}  // namespace wattline::serve
