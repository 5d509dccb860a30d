#include "device/roofline.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/units.h"

namespace wattline::device {
namespace {

using physics::Inference;
using physics::Phase;

Table phases_table(const Inference& i, const RooflineOptions& o) {
  Table t("device.roofline.v1");
  t.title = "Phases";
  t.caption = "Of the whole batch on all devices; energy and J/token of one request.";
  t.text("phase", "prefill reads the prompt, decode writes the answer")
      .text("bound", "what limits: compute or memory")
      .number("time", "s")
      .number("energy", "J", "of one request")
      .number("energy_per_token", "J/token", "of the phase's own tokens")
      .number("power", "W", "all devices")
      .number("of_peak", "%", "achieved share of the peak rate (MFU)")
      .number("of_bandwidth", "%", "achieved share of the memory bandwidth")
      .number("intensity", "FLOP/B", "work per byte")
      .number("work", "TFLOP")
      .number("moved", "GB", "between memory and processors")
      .number("passes", "", "over the weights")
      .number("exchanged", "GB", "sent by each device to the others")
      .number("time_low", "s", "95 % interval")
      .number("time_high", "s")
      .number("energy_low", "J", "95 % interval")
      .number("energy_high", "J");
  const auto row = [&](const char* name, const Phase& p, double tokens) {
    const double seconds = p.time.value().base();
    const auto share = [&](double work, double rate) {
      return seconds > 0 ? 100 * work / (rate * static_cast<double>(o.devices) * seconds) : std::nan("");
    };
    t.add_row({std::string(name), std::string(physics::to_string(p.bound)), seconds, p.energy.value().base(),
               tokens > 0 ? p.energy.value().base() / tokens : std::nan(""), p.power.value().base(),
               share(p.flops.base(), i.roof.peak.base()), share(p.bytes.base(), i.roof.bandwidth.base()),
               p.bytes.base() > 0 ? p.flops.base() / p.bytes.base() : std::nan(""), p.flops.in(units::TFLOP),
               p.bytes.in(units::GB), p.passes, p.exchanged.in(units::GB), p.time.low().base(), p.time.high().base(),
               p.energy.low().base(), p.energy.high().base()});
  };
  row("prefill", i.prefill, static_cast<double>(o.prompt_tokens - o.cached_tokens));
  row("decode", i.decode, i.decode.passes);
  return t;
}

std::string varied_name(Sweep s) {
  switch (s) {
    case Sweep::batch: return "batch";
    case Sweep::prompt: return "prompt_tokens";
    case Sweep::devices: return "devices";
    case Sweep::weight_bits: return "weight_bits";
    case Sweep::none: break;
  }
  return {};
}
double varied_value(const RooflineOptions& o) {
  switch (o.sweep) {
    case Sweep::batch: return static_cast<double>(o.batch);
    case Sweep::prompt: return static_cast<double>(o.prompt_tokens);
    case Sweep::devices: return static_cast<double>(o.devices);
    case Sweep::weight_bits: return o.weight_bits;
    case Sweep::none: break;
  }
  return 0;
}

void add_sweep(Result& out, const RooflineOptions& o, const catalog::Model& model, const catalog::Device& device,
               const catalog::Catalog& catalog, const Context& context) {
  Table t("device.roofline.sweep.v1");
  t.title = "Sweep of " + varied_name(o.sweep);
  t.number(varied_name(o.sweep))
      .number("energy_per_token", "J/token", "all energy of a request, over its answer's tokens")
      .number("energy_low", "J/token", "95 % interval")
      .number("energy_high", "J/token")
      .number("tokens_per_second", "tokens/s", "of the batch's answers")
      .number("first_token", "s")
      .number("output_token", "s")
      .number("power", "W")
      .text("decode_bound")
      .text("format")
      .number("memory", "GB", "needed")
      .flag("fits");
  Figure f;
  f.title = "Energy per output token";
  f.caption = "95 % intervals";
  f.x = {varied_name(o.sweep), "", true};
  f.y = {"energy", "J/token", true};
  Figure::Trace fitting{"fits", {}, {}, {}, {}}, too_large{"does not fit", {}, {}, {}, {}};
  const auto points = sweep_points(o, model);
  for (std::size_t k = 0; k < points.size(); ++k) {
    context.check_cancelled();
    const RooflineOptions& point = points[k];
    const Inference i = physics::predict(model, device, point.request(), point.serving(), catalog);
    const Summary s = summarise(i, point);
    const double x = varied_value(point);
    t.add_row({x, s.per_output_token.value().base(), s.per_output_token.low().base(), s.per_output_token.high().base(),
               s.throughput.value().base(), s.first_token.value().base(), s.output_token.value().base(),
               i.decode.power.value().base(), std::string(physics::to_string(i.decode.bound)), i.roof.format,
               i.memory_needed.in(units::GB), i.fits});
    Figure::Trace& trace = i.fits ? fitting : too_large;
    trace.x.push_back(x);
    trace.y.push_back(s.per_output_token.value().base());
    trace.low.push_back(s.per_output_token.low().base());
    trace.high.push_back(s.per_output_token.high().base());
  }
  for (Figure::Trace* trace : {&fitting, &too_large})
    if (!trace->x.empty()) f.traces.push_back(std::move(*trace));
  out.add(std::move(f));
  out.add(std::move(t));
}

}  // namespace

physics::Request RooflineOptions::request() const {
  return {static_cast<double>(prompt_tokens), static_cast<double>(output_tokens), static_cast<double>(cached_tokens)};
}
physics::Serving RooflineOptions::serving() const {
  return {static_cast<double>(batch), static_cast<double>(devices), weight_bits, kv_bits, format};
}

Summary summarise(const Inference& i, const RooflineOptions& o) {
  Summary s;
  s.request = i.prefill.energy + i.decode.energy;
  s.first_token = i.prefill.time;
  s.whole = i.prefill.time + i.decode.time;
  if (i.decode.passes > 0) s.output_token = i.decode.time * (1 / i.decode.passes);
  if (o.output_tokens > 0) {
    const Estimate<Tokens> answer = Estimate<Tokens>::exact(Tokens(static_cast<double>(o.output_tokens)));
    s.per_output_token = s.request / answer;
    s.throughput = answer * static_cast<double>(o.batch) / s.whole;
  }
  return s;
}

Result roofline(const RooflineOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  const catalog::Model& model = catalog.model(o.model);
  const catalog::Device& device = catalog.device(o.device);
  const catalog::Grid grid = catalog::resolve(o.place, catalog);
  const Inference i = physics::predict(model, device, o.request(), o.serving(), catalog);
  const Summary s = summarise(i, o);

  Result out;
  out.title =
      fmt::format("{} on {}{}: {} tokens in, {} out", model.name, o.devices > 1 ? fmt::format("{} x ", o.devices) : "",
                  device.name, o.prompt_tokens, o.output_tokens);
  if (o.batch > 1) out.title += fmt::format(", {} requests at once", o.batch);
  catalog::add_impacts(out, s.request, grid);
  if (o.output_tokens > 0) {
    out.estimate("energy_per_token", "Energy per output token", s.per_output_token, "J/token", "of one request");
    out.estimate("throughput", "Throughput", s.throughput, "tokens/s", "answers of the whole batch");
  }
  out.estimate("first_token", "Time to the first token", s.first_token, {},
               o.batch > 1 ? "all prompts of the batch read together" : "");
  if (i.decode.passes > 0) out.estimate("output_token", "Time per output token", s.output_token);
  out.estimate("time", "Time of the whole request", s.whole);
  const auto counted = [](Bytes b) {
    return Estimate<Bytes>::with_sd(b, Bytes(0), Method::declared, "the model's shape");
  };
  out.estimate("weights", "Weights", counted(i.weights), {}, fmt::format("{:g} bits each", o.weight_bits));
  if (i.kv_per_token.base() > 0)
    out.estimate("kv_per_token", "Keys and values of a token", counted(i.kv_per_token), "KiB",
                 fmt::format("{:g} bits each", o.kv_bits));
  out.estimate("memory", "Memory needed", counted(i.memory_needed), {},
               device.memory ? fmt::format("of {}", to_string(*device.memory * static_cast<double>(o.devices))) : "");
  if (o.sweep == Sweep::none) {
    out.add(roof_figure(i, o));
    out.add(phases_table(i, o));
  } else {
    out.add(phases_table(i, o));
    add_sweep(out, o, model, device, catalog, context);
  }
  out.note(fmt::format(
      "Modelled, at the devices alone: not the host, its memory and fans. Arithmetic in {} at {}, "
      "memory at {} a device: memory limits below {:.3g} FLOP per byte by the data sheet, "
      "{:.3g} as achieved.",
      i.roof.format, to_string(i.roof.peak), to_string(i.roof.bandwidth), i.roof.nominal_ridge(), i.roof.ridge()));
  for (const auto& f : i.factors) out.use(f);
  for (const auto& w : i.warnings) out.warn(w);
  return out;
}

const Fields<RooflineOptions>& roofline_fields() {
  using O = RooflineOptions;
  static const Fields<O> fields =
      Fields<O>()
          .reference("model", &O::model, "models", "language model of the catalog (llama-3.1-8b)")
          .required()
          .positional()
          .reference("device", &O::device, "devices", "device of the catalog (NVIDIA H100 SXM)")
          .required()
          .positional()
          .integer("prompt-tokens", &O::prompt_tokens, "tokens of the prompt")
          .range(0, 1e9)
          .integer("output-tokens", &O::output_tokens, "tokens of the answer")
          .range(0, 1e9)
          .integer("cached-tokens", &O::cached_tokens, "of the prompt, found in the prefix cache")
          .range(0, 1e9)
          .integer("batch", &O::batch, "requests that share each pass over the weights")
          .range(1, 1e6)
          .integer("devices", &O::devices, "devices that share every layer")
          .range(1, 1e5)
          .number("weight-bits", &O::weight_bits,
                  "bits of a stored weight, scales included (4-bit formats: 4.25 to 4.5)")
          .range(1, 64)
          .number("kv-bits", &O::kv_bits, "bits of a stored key or value")
          .range(1, 64)
          .text("format", &O::format, "arithmetic (bf16, fp8); none: the device's fastest for the weights")
          .enumeration("sweep", &O::sweep, {"none", "batch", "prompt", "devices", "weight-bits"}, "vary one of them")
          .group(&O::place, catalog::place_fields(), "Place");
  return fields;
}

Capability roofline_capability() {
  Capability c = capability<RooflineOptions>("device", "roofline", "Time and energy of a language model on a device.",
                                             &roofline, roofline_fields());
  c.description =
      "Predicts prefill and decode from the model's shape and the device's roof (Williams, Waterman, Patterson 2009, "
      "doi:10.1145/1498765.1498785): each pass takes the larger of arithmetic over achieved peak rate and bytes over "
      "achieved bandwidth, plus what launches, exchange between devices and scheduling take; power lies between a "
      "static share and the board's limit. Achieved shares are catalog factors. Those of GPUs are fitted to 2,066 "
      "measured serving runs on H100, H200, B200 and B300; there, the median error is 11 % of the time between "
      "tokens, 12 % of power and 16 % of energy on ML.ENERGY, 19 % of time per token on aiconfigurator's runs, and "
      "95 % or more lie inside the interval. For processors and systems on a chip the factors are wide. Counts the "
      "devices alone, not their host. A mixture of experts reads the experts that a batch touches.";
  c.verb = Verb::predict;
  c.emits = {"device.roofline.v1", "device.roofline.sweep.v1"};
  c.examples = {{{"llama-3.1-8b", "NVIDIA H100 SXM", "--place", "FR"}, {}, "decode   memory"},
                {{"mixtral-8x7b", "NVIDIA H100 SXM", "--devices", "2", "--batch", "32"}, {}, "2 x NVIDIA H100 SXM"},
                {{"llama-3.1-70b", "NVIDIA H200 SXM", "--devices", "2", "--weight-bits", "8", "--sweep", "batch"},
                 {},
                 "Sweep of batch"},
                {{"llama-3.1-70b", "NVIDIA GeForce RTX 4090"}, {}, "does not fit"}};
  return c;
}

}  // namespace wattline::device
