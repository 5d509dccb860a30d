#include <algorithm>
#include <array>
#include <cmath>

#include "catalog/listing.h"
#include "kernel/error.h"

namespace wattline::catalog {
namespace {

enum class KindFilter { any, gpu, cpu, soc, accelerator };
struct DevicesOptions {
  std::string name, match;
  KindFilter kind = KindFilter::any;
};

constexpr std::array kind_names = {"gpu", "cpu", "soc", "accelerator"};
std::string kind_name(DeviceKind k) { return kind_names[static_cast<std::size_t>(k)]; }

constexpr ComputeRate tera{1e12};
constexpr Bandwidth giga{1e9};

double rate(const Device& d, std::initializer_list<const char*> formats) {
  for (const char* f : formats)
    if (const auto it = d.peak.find(f); it != d.peak.end()) return it->second.in(tera);
  return NAN;
}

Result explain(const Device& d) {
  Result out;
  out.title = d.name;
  Explained e;
  if (d.board_power > Power(0)) e.figure("board power", d.board_power.in(units::W), "W");
  if (d.idle_power) e.figure("idle power", d.idle_power->in(units::W), "W");
  if (d.memory) e.figure("memory", d.memory->in(units::GiB), "GiB");
  if (d.bandwidth) e.figure("memory bandwidth", d.bandwidth->in(giga), "GB/s");
  if (d.link) e.figure("link to neighbours, one direction", d.link->in(giga), "GB/s");
  for (const auto& [format, peak] : d.peak)
    e.figure("peak " + format + ", dense", peak.in(tera), format.starts_with("int") ? "TOP/s" : "TFLOP/s");
  e.count("cores", d.cores);
  // What decides whether a piece of work waits for memory or for arithmetic.
  if (const double peak = rate(d, {"bf16", "fp16", "fp32"}); d.bandwidth && std::isfinite(peak))
    e.figure("balance: operations per byte at which both limit", peak * 1e12 / d.bandwidth->base(), "FLOP/B");
  e.about("kind", kind_name(d.kind)).names(d.aliases).origin(d.origin).about("note", d.note);
  std::move(e).add_to(out);
  if (!(d.board_power > Power(0)))
    out.warn("no power is published for it: energy on it can be measured, not predicted");
  out.use(use(d));
  return out;
}

Result devices(const DevicesOptions& o, Context& context) {
  const auto& catalog = context.get<Catalog>();
  if (!o.name.empty()) return explain(catalog.device(o.name));
  Result out;
  Table t("catalog.devices.v1");
  t.text("name").text("kind").number("power", "W", "TDP or limit of the board; missing: not published");
  t.number("memory", "GiB").number("bandwidth", "GB/s", "of its memory").number("fp32", "TFLOP/s", "dense peak");
  t.number("16-bit", "TFLOP/s", "dense peak of bf16, else fp16")
      .number("8-bit", "TFLOP/s", "dense peak of fp8, else int8");
  t.integer("cores", "", "of processors");
  for (const auto& d : catalog.devices()) {
    if (o.kind != KindFilter::any && static_cast<int>(o.kind) != static_cast<int>(d.kind) + 1) continue;
    if (!matches(o.match, d.name, d.aliases)) continue;
    t.add_row({d.name, kind_name(d.kind), d.board_power > Power(0) ? d.board_power.in(units::W) : NAN,
               d.memory ? d.memory->in(units::GiB) : NAN, d.bandwidth ? d.bandwidth->in(giga) : NAN, rate(d, {"fp32"}),
               rate(d, {"bf16", "fp16"}), rate(d, {"fp8", "int8"}), d.cores ? std::int64_t{d.cores} : missing_integer});
  }
  if (t.rows() == 0) nothing_left("device", o.match);
  out.title = std::to_string(t.rows()) + " devices";
  t.caption = "all rates dense; name one to see the rest, its aliases, source and licence";
  out.add(std::move(t));
  return out;
}

}  // namespace

Capability devices_capability() {
  static const auto fields =
      Fields<DevicesOptions>()
          .reference("device", &DevicesOptions::name, "devices", "this one only, explained whole")
          .positional()
          .enumeration("kind", &DevicesOptions::kind, {"any", "gpu", "cpu", "soc", "accelerator"}, "only of this kind")
          .text("match", &DevicesOptions::match, "only those with this in their name or aliases");
  Capability c = capability<DevicesOptions>(
      "catalog", "devices", "Processors and accelerators that are known, or one of them.", &devices, fields);
  c.description =
      "Board power, idle power, memory, bandwidths and peak rates by number format, each row with its source. Rates "
      "are "
      "dense: the sparse figures of data sheets are halved. A processor is found as the machine names it "
      "(\"AMD EPYC 7763 64-Core Processor\", \"NVIDIA H100 80GB HBM3\"). Further rows and other figures come from "
      "devices.csv in the folder of --catalog (docs/formats/catalog.md).";
  c.emits = {"catalog.devices.v1"};
  c.examples = {{{"H100 SXM"}, {}, "3350"}, {{"--kind", "soc", "--match", "jetson"}, {}, "Jetson AGX Orin"}};
  return c;
}

}  // namespace wattline::catalog
