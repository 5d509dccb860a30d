#include "physics/roofline.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "physics/transformer.h"

namespace wattline::physics {
namespace {

void check(std::string_view what, double value, double low, double high) {
  // Written so that NaN fails.
  if (!(value >= low && value <= high))
    throw bad_input(fmt::format("{} is {:g}; {:g} to {:g} is allowed", what, value, low, high), std::string(what));
}

void check(const Request& r, const Serving& s) {
  constexpr double most_tokens = 1e9;
  check("prompt tokens", r.prompt_tokens, 0, most_tokens);
  check("output tokens", r.output_tokens, 0, most_tokens);
  check("cached tokens", r.cached_tokens, 0, r.prompt_tokens);
  check("batch", s.batch, 1, 1e6);
  check("devices", s.devices, 1, 1e5);
  check("weight bits", s.weight_bits, 0.1, 64);
  check("KV bits", s.kv_bits, 0.1, 64);
  if (r.prompt_tokens + r.output_tokens <= 0)
    throw bad_input("the request has neither prompt nor output tokens; one of them must be above 0");
}

// Seconds of a phase, for the whole batch on all devices, at the nominal rates.
struct Seconds {
  double compute = 0, memory = 0;  // all of the phase's work at either roof
  double limited_by_compute = 0, limited_by_memory = 0;  // the larger of the two, where it was the larger
  double sequences = 0;  // scheduled, summed over the passes
};

class Prediction {
 public:
  Prediction(const Transformer& t, const catalog::Device& device, const Serving& serving, const Roof& roof,
             const Estimate<Ratio>& layers, const Estimate<Ratio>& size)
      : t_(t), device_(device), serving_(serving), roof_(roof), layers_(layers), size_(size) {}

  Phase prefill(double fresh, double cached, const Estimate<Ratio>& chunk) const {
    Phase p;
    if (fresh <= 0) return p;
    const double b = serving_.batch;
    // Not rounded up: a pass that is half full shares its weights with the next batch.
    p.passes = std::max(1.0, b * fresh / chunk.value());
    p.flops = t_.prefill_flops(fresh, cached) * b;
    p.bytes = t_.weights_read(b * fresh / p.passes, serving_.weight_bits) * p.passes +
              t_.kv_held(fresh + cached, serving_.kv_bits) * b;
    p.exchanged = t_.exchanged(b * fresh, serving_.devices);
    p.bound = bound_of({p.flops, p.bytes});
    Seconds s;
    s.sequences = std::max(b, p.passes);
    add_work(s, p.flops, p.bytes);
    finish(p, s);
    return p;
  }

  Phase decode(double steps, double context) const {
    Phase p;
    p.bound = bound_of(step(1, context + steps / 2));
    if (steps <= 0) return p;
    p.passes = steps;
    p.exchanged = t_.exchanged(serving_.batch * steps, serving_.devices);
    Seconds s;
    s.sequences = serving_.batch * steps;
    // The bound may change as the context grows: stretch by stretch.
    constexpr int stretches = 8;
    const double length = steps / stretches;
    for (int i = 0; i < stretches; ++i) {
      const Work w = step(length, context + i * length);
      p.flops += w.flops;
      p.bytes += w.bytes;
      add_work(s, w.flops, w.bytes);
    }
    finish(p, s);
    return p;
  }

 private:
  struct Work {
    Flops flops;
    Bytes bytes;
  };
  Work step(double steps, double context) const {
    const double b = serving_.batch;
    // What is read back, and the new token's own keys and values written.
    return {t_.decode_flops(steps, context) * b,
            t_.weights_read(b, serving_.weight_bits) * steps +
                (t_.kv_read(steps, context, serving_.kv_bits) + t_.kv_per_token(serving_.kv_bits) * steps) * b};
  }
  double compute_seconds(Flops f) const { return f.base() / (roof_.peak.base() * serving_.devices); }
  double memory_seconds(Bytes b) const { return b.base() / (roof_.bandwidth.base() * serving_.devices); }
  Bound bound_of(const Work& w) const {
    return compute_seconds(w.flops) / roof_.of_peak.value() >= memory_seconds(w.bytes) / roof_.of_bandwidth.value()
               ? Bound::compute
               : Bound::memory;
  }
  void add_work(Seconds& s, Flops flops, Bytes bytes) const {
    const double compute = compute_seconds(flops), memory = memory_seconds(bytes);
    s.compute += compute;
    s.memory += memory;
    if (bound_of({flops, bytes}) == Bound::compute) s.limited_by_compute += compute;
    else s.limited_by_memory += memory;
  }

  void finish(Phase& p, const Seconds& s) const {
    const auto seconds = [](double v) { return Estimate<Duration>::exact(Duration(v)); };
    const double link = device_.link ? device_.link->base() : 0;
    const double exchange = link > 0 ? p.exchanged.base() / link : 0;
    const Estimate<Duration> work = seconds(s.limited_by_compute) / roof_.of_peak +
                                    seconds(s.limited_by_memory) / roof_.of_bandwidth +
                                    seconds(exchange) / roof_.of_link;
    Estimate<Duration> per_layer = roof_.layer_time;
    if (serving_.devices > 1) per_layer += roof_.sync_time;
    // Work is in proportion to the number of parameters, which of closed models is itself uncertain.
    const Estimate<Duration> expected =
        work * size_ + per_layer * layers_ * p.passes + roof_.sequence_time * s.sequences;
    p.time = expected * roof_.time_residual;
    p.power = power(s, expected.value().base());
    p.energy = p.power * p.time * (1 / serving_.batch);
  }

  Estimate<Power> power(const Seconds& s, double time) const {
    const Estimate<Ratio> share =
        roof_.static_power + roof_.memory_power * (s.memory / time) + roof_.compute_power * (s.compute / time);
    // The board's limit holds; what is above it is only ever a slower clock.
    const double capped = std::min(1.0, 1 / share.value());
    return Estimate<Power>::exact(device_.board_power * serving_.devices) * capped * share * roof_.power_residual;
  }

  const Transformer& t_;
  const catalog::Device& device_;
  const Serving& serving_;
  const Roof& roof_;
  const Estimate<Ratio>& layers_;
  const Estimate<Ratio>& size_;
};

// 1, as uncertain as the model's parameter count.
Estimate<Ratio> relative_size(const catalog::Model& m) {
  const auto& interval = m.active_parameters_interval ? m.active_parameters_interval : m.parameters_interval;
  const double value = m.active_parameters_interval ? m.active_parameters : m.parameters;
  if (!interval || value <= 0) return Estimate<Ratio>::exact(1);
  return Estimate<Ratio>::within(1, interval->low / value, interval->high / value, Method::modelled, m.origin.source)
      .from_factor("model." + m.name + ".parameters");
}

void judge_memory(Inference& out, const catalog::Device& device, const Serving& serving) {
  if (!device.memory) {
    out.warnings.push_back(
        fmt::format("the memory of {} is not known: whether the model fits is not checked", device.name));
    return;
  }
  const Bytes available = *device.memory * serving.devices;
  out.fits = out.memory_needed <= available;
  if (!out.fits)
    out.warnings.push_back(fmt::format(
        "does not fit: {} are needed for weights, keys and values, {:g} x {} has {}; the figures are those of a "
        "device that had the memory",
        to_string(out.memory_needed), serving.devices, device.name, to_string(available)));
}

}  // namespace

std::string_view to_string(Bound b) { return b == Bound::compute ? "compute" : "memory"; }

Inference predict(const catalog::Model& model, const catalog::Device& device, const Request& request,
                  const Serving& serving, const catalog::Catalog& catalog) {
  check(request, serving);
  if (!(device.board_power.base() > 0))
    throw bad_input(fmt::format("the catalog has no board power for '{}'", device.name), {},
                    "choose another device, or give its board power in a catalog override");
  const Transformer t(model);
  Inference out;
  out.roof = roof(device, serving.format, serving.weight_bits, catalog);
  out.factors.push_back(catalog::use(model));
  out.factors.insert(out.factors.end(), out.roof.factors.begin(), out.roof.factors.end());
  out.warnings = t.warnings();
  out.warnings.insert(out.warnings.end(), out.roof.warnings.begin(), out.roof.warnings.end());

  const auto factor = [&](const char* id) {
    const catalog::Factor& f = catalog.factor(id);
    out.factors.push_back(f.use());
    return Estimate<Ratio>(f.estimate());
  };
  const Estimate<Ratio> chunk = factor("physics.prefill_chunk");
  const Estimate<Ratio> layers =
      t.shape_known() ? Estimate<Ratio>::exact(t.layers()) : factor("physics.unpublished_layers");
  const Estimate<Ratio> size = relative_size(model);

  const double fresh = request.prompt_tokens - request.cached_tokens;
  const double steps = std::max(request.output_tokens - (fresh > 0 ? 1 : 0), 0.0);
  const double total = request.prompt_tokens + request.output_tokens;
  const Prediction prediction(t, device, serving, out.roof, layers, size);
  out.prefill = prediction.prefill(fresh, request.cached_tokens, chunk);
  out.decode = prediction.decode(steps, request.prompt_tokens);

  out.weights = t.stored_weights(serving.weight_bits);
  out.kv_per_token = t.kv_per_token(serving.kv_bits);
  out.memory_needed = out.weights + t.kv_held(total, serving.kv_bits) * serving.batch;
  judge_memory(out, device, serving);
  if (model.context > 0 && total > model.context)
    out.warnings.push_back(
        fmt::format("{:g} tokens are more than the {} that {} can look back on", total, model.context, model.name));
  if (serving.devices > 1 && !device.link)
    out.warnings.push_back(
        fmt::format("the link between several {} is not known: of their exchange only the "
                    "waiting is counted, not the {} that each sends",
                    device.name, to_string(out.prefill.exchanged + out.decode.exchanged)));
  return out;
}

}  // namespace wattline::physics
