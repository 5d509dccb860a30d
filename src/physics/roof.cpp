#include "physics/roof.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::physics {
namespace {

std::string_view kind_name(catalog::DeviceKind kind) {
  switch (kind) {
    case catalog::DeviceKind::cpu: return "cpu";
    case catalog::DeviceKind::soc: return "soc";
    case catalog::DeviceKind::gpu:
    case catalog::DeviceKind::accelerator: return "gpu";
  }
  return "gpu";
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

using Rate = std::pair<const std::string, ComputeRate>;

// The fastest of the formats that `wanted` accepts by width.
template <class F>
const Rate* fastest(const catalog::Device& device, F wanted) {
  const Rate* best = nullptr;
  for (const Rate& rate : device.peak)
    if (rate.second.base() > 0 && wanted(format_bits(rate.first)) && (!best || rate.second > best->second))
      best = &rate;
  return best;
}

const Rate& pick(const catalog::Device& device, std::string_view format, double weight_bits) {
  if (!format.empty()) {
    const auto named = device.peak.find(lower(format));
    if (named != device.peak.end() && named->second.base() > 0) return *named;
    std::vector<std::string> known;
    for (const Rate& rate : device.peak) known.push_back(rate.first);
    throw unknown_name(fmt::format("number format of {}", device.name), format, known);
  }
  const double width = weight_bits <= 5 ? 4 : weight_bits <= 8 ? 8 : weight_bits <= 16 ? 16 : 32;
  const auto is = [](double bits) { return [bits](double b) { return b == bits; }; };
  const Rate* found = fastest(device, is(width));
  if (!found && width < 16) found = fastest(device, is(16));
  if (!found) found = fastest(device, [&](double b) { return b > width; });
  if (!found) found = fastest(device, [](double) { return true; });
  if (!found)
    throw bad_input(fmt::format("the catalog has no arithmetic rate for '{}'", device.name), {},
                    "choose another device, or give its rate in a catalog override");
  return *found;
}

}  // namespace

double format_bits(std::string_view name) {
  double bits = 0;
  std::size_t i = name.find_last_not_of("0123456789");
  i = i == std::string_view::npos ? 0 : i + 1;
  for (; i < name.size(); ++i) bits = bits * 10 + (name[i] - '0');
  return bits;
}

Roof roof(const catalog::Device& device, std::string_view format, double weight_bits, const catalog::Catalog& catalog) {
  if (!device.bandwidth || !(device.bandwidth->base() > 0))
    throw bad_input(fmt::format("the catalog has no memory bandwidth for '{}'", device.name), {},
                    "choose another device, or give its bandwidth in a catalog override");
  const Rate& rate = pick(device, format, weight_bits);
  Roof r;
  r.format = rate.first;
  r.peak = rate.second;
  r.bandwidth = *device.bandwidth;
  r.factors.push_back(catalog::use(device));
  const auto raw = [&](std::string_view what) {
    const catalog::Factor& f = catalog.factor(fmt::format("physics.{}.{}", kind_name(device.kind), what));
    r.factors.push_back(f.use());
    RawEstimate e = f.estimate();
    e.worsen(Method::modelled);
    return e;
  };
  r.of_peak = Estimate<Ratio>(raw("of_peak"));
  r.of_bandwidth = Estimate<Ratio>(raw("of_bandwidth"));
  r.layer_time = Estimate<Duration>(raw("layer_time"));
  r.sync_time = Estimate<Duration>(raw("sync_time"));
  r.sequence_time = Estimate<Duration>(raw("sequence_time"));
  r.of_link = Estimate<Ratio>(raw("of_link"));
  r.time_residual = Estimate<Ratio>(raw("time_residual"));
  r.static_power = Estimate<Ratio>(raw("static_power"));
  r.memory_power = Estimate<Ratio>(raw("memory_power"));
  r.compute_power = Estimate<Ratio>(raw("compute_power"));
  r.power_residual = Estimate<Ratio>(raw("power_residual"));
  if (device.kind == catalog::DeviceKind::accelerator)
    r.warnings.push_back(fmt::format("{} is no GPU, but is taken to use its roof as GPUs do", device.name));
  return r;
}

}  // namespace wattline::physics
