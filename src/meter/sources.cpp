#include "meter/sources.h"

#include <cctype>
#include <chrono>
#include <cmath>
#include <thread>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "meter/host.h"
#include "meter/load_model/parts.h"
#include "meter/recorder.h"

namespace wattline::meter {
namespace {

struct SourcesOptions {
  Duration watch{0.5};
};

std::string expected_error(const SourceInfo& info, const catalog::Catalog& catalog) {
  if (info.gain.empty()) return {};
  const auto& f = catalog.factor(info.gain);
  return fmt::format("{:+.0f} % to {:+.0f} %", (f.interval.low - 1) * 100, (f.interval.high - 1) * 100);
}

std::optional<double> last_reading(const SourceRecord& record) {
  if (record.info.kind != SourceKind::power) return std::nullopt;
  for (std::size_t i = record.readings.size(); i > 0; --i)
    if (std::isfinite(record.readings.values[i - 1])) return record.readings.values[i - 1];
  return std::nullopt;
}

std::string sentence(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  if (!text.empty() && text.back() != '.') text += '.';
  return text;
}

// What was seen of the sources; whether a counter or sensor of the processor is counted.
bool add_sources(Result& out, Sources sources, Duration watch, const HostModel& host, const catalog::Catalog& catalog) {
  if (sources.empty()) return false;
  Table here("meter.sources.v1"), places("meter.source_places.v1");
  here.title = "Sources";
  here.text("component").text("source").text("kind").number("power", "W", "mean while watching");
  here.text("error", "95 %").text("counted");
  places.title = "Where they are";
  places.text("component").text("where").text("device").text("remark");
  Recorder recorder(std::move(sources), Duration(0.1));
  recorder.start();
  std::this_thread::sleep_for(std::chrono::duration<double>(watch.base()));
  const Recording r = recorder.stop();
  bool measured = false;
  Power processors{0};
  for (const auto& record : r.records) {
    const ComponentEnergy c = component_energy(record, r.begin, r.end, catalog);
    const SourceInfo& i = c.info;
    const auto last = last_reading(record);
    const double watts = c.mean ? c.mean->base() : last.value_or(std::nan(""));
    here.add_row({i.component, i.family, std::string(to_string(i.kind)), watts, expected_error(i, catalog),
                  std::string(i.counted ? "yes" : "no")});
    std::string remark = i.counted ? "" : "not added: " + i.not_counted_because;
    if (std::isnan(watts))
      remark = !record.trouble.empty() ? record.trouble : c.warnings.empty() ? "no reading" : c.warnings.front();
    places.add_row({i.component, i.where, i.id.empty() ? i.device : i.device + " " + i.id, remark});
    for (const auto& f : c.factors) out.use(f);
    if (!i.counted || i.domain != Domain::cpu) continue;
    measured = measured || !i.modelled;
    processors += Power(std::isnan(watts) ? 0 : watts);
  }
  if (const auto doubt = host.doubt(processors, r.end - r.begin); measured && doubt) out.warn(*doubt);
  out.add(std::move(here));
  out.add(std::move(places));
  return measured;
}

// Commands are copied whole from a line, and not from a column of a table.
void add_barred(Result& out, const std::vector<Obstacle>& obstacles) {
  for (const auto& o : obstacles)
    if (!o.absent)
      out.note(sentence(fmt::format("Here, and not readable: {} ({}): {}", o.family, o.component, o.why)) +
               " Mend: " + o.mend + ".");
}

void add_absent(Result& out, const std::vector<Obstacle>& obstacles) {
  Table absent("meter.sources_absent.v1");
  absent.title = "Not here";
  absent.text("source").text("why").text("needs");
  for (const auto& o : obstacles)
    if (o.absent) absent.add_row({o.family, o.why, o.mend});
  if (absent.rows()) out.add(std::move(absent));
}

// Why nothing of the processor is read: the first reasons of the families that could.
std::string why_modelled(const Found& found, const Host& host) {
  std::string why;
  bool none_here = true;
  for (const auto& o : found.obstacles)
    if (o.family == "perf" || o.family == "rapl") {
      none_here = none_here && o.absent;
      why += fmt::format("{}{}: {}", why.empty() ? "" : "; ", o.family, o.why);
    }
  return fmt::format(
      "No counter of the processor can be read{}: its energy is modelled, and every result says so ({}).",
      host.virtual_machine && none_here ? ", for this is a virtual machine" : "", why.empty() ? "none found" : why);
}

void add_parts(Result& out, const Host& h, const Roots& roots, const catalog::Catalog& catalog) {
  Table parts("meter.modelled_parts.v1");
  parts.title = "Beside the processor, modelled";
  parts.text("part").number("power", "W").number("low", "W", "95 %").number("high", "W", "95 %").text("how");
  const auto rest = modelled_parts(h, roots, catalog);
  for (const auto& p : rest) {
    const auto watts = [&](Power (Estimate<Power>::*which)() const) {
      return p.power ? ((*p.power).*which)().base() : std::nan("");
    };
    parts.add_row({p.component, watts(&Estimate<Power>::value), watts(&Estimate<Power>::low),
                   watts(&Estimate<Power>::high), p.how});
    for (const auto& f : p.factors) out.use(f);
  }
  if (!rest.empty()) out.add(std::move(parts));
}

void add_model(Result& out, const HostModel& host) {
  const Host& h = host.host();
  Table model("meter.model.v1");
  model.title = "The model, where nothing is read";
  model.text("what").text("value");
  model.add_row({std::string("processor"), h.cpu.empty() ? std::string("not named") : h.cpu});
  model.add_row(
      {std::string("in the catalog"), host.known() ? host.device() : std::string("no: a general figure for a core")});
  model.add_row({std::string("cores, threads"),
                 fmt::format("{}, {}{}", h.cores, h.threads, h.virtual_machine ? " (virtual machine)" : "")});
  if (h.memory) model.add_row({std::string("memory"), to_string(*h.memory)});
  out.add(std::move(model));
  out.estimate("idle", "Processor idle", host.idle());
  out.estimate("full", "Processor, every core busy", host.full());
  out.estimate("cpu_second", "A second of one thread", host.energy_of_cpu_time(Duration(1)));
  for (const auto& f : host.factors()) out.use(f);
}

Result sources(const SourcesOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  const Roots roots = Roots::from_environment();
  const HostModel host(read_host(roots), catalog);
  Found found = find_sources(roots);

  Result out;
  out.title = "What this machine can be measured with";
  const bool measured = add_sources(out, std::move(found.sources), o.watch, host, catalog);
  out.note(measured ? "The processor is measured; the model is used for nothing here that a counter covers."
                    : why_modelled(found, host.host()));
  for (const auto& n : found.notes) out.note(n);
  add_barred(out, found.obstacles);
  add_model(out, host);
  add_parts(out, host.host(), roots, catalog);
  add_absent(out, found.obstacles);
  return out;
}

}  // namespace

Capability sources_capability() {
  static const auto fields = Fields<SourcesOptions>()
                                 .quantity("watch", &SourcesOptions::watch, "s", "how long to watch the power")
                                 .range(0.05, 60);
  Capability c =
      capability<SourcesOptions>("meter", "sources", "What this machine can be measured with.", sources, fields);
  c.description =
      "Lists the energy counters and power sensors that can be read here with what error to expect of them, those that "
      "are there and cannot be read with what would mend it, and the model that stands in where nothing is read. "
      "Counters of one thing are never counted twice: cores are part of their package, psys contains the packages, and "
      "the same package seen through two drivers is one. Meters outside the machine (plugs, UPS, Redfish, logs) are "
      "named in the configuration: docs/formats/meter-sources.md.";
  c.verb = Verb::observe;
  c.doors = Doors::command_line;
  c.examples = {{{"--watch", "0.05 s"}, {}, "The model, where nothing is read"}};
  return c;
}

}  // namespace wattline::meter
