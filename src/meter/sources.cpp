#include "meter/sources.h"

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "meter/host.h"
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

Result sources(const SourcesOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  const Roots roots = Roots::from_environment();
  const HostModel host(read_host(roots), catalog);
  Found found = find_sources(roots);

  Result out;
  out.title = "What this machine can be measured with";
  Table here;
  here.title = "Sources";
  here.text("component").text("source").text("kind").number("power", "W", "mean while watching");
  here.text("error", "95 %").text("counted").text("where").text("device");
  bool measured = false;
  if (!found.sources.empty()) {
    Recorder recorder(std::move(found.sources), Duration(0.1));
    recorder.start();
    std::this_thread::sleep_for(std::chrono::duration<double>(o.watch.base()));
    const Recording r = recorder.stop();
    for (const auto& record : r.records) {
      const ComponentEnergy c = component_energy(record, r.begin, r.end, catalog);
      const SourceInfo& i = c.info;
      here.add_row({i.component, i.family, std::string(to_string(i.kind)), c.mean ? c.mean->base() : std::nan(""),
                    expected_error(i, catalog), i.counted ? "yes" : "no: " + i.not_counted_because, i.where, i.device});
      for (const auto& f : c.factors) out.use(f);
      measured = measured || (i.counted && i.domain == Domain::cpu);
    }
    out.add(std::move(here));
  }
  for (const auto& b : found.obstacles)
    out.note(fmt::format("{}: {} cannot be read: {}. Mend: {}.", b.family, b.component, b.why, b.mend));

  const Host& h = host.host();
  Table model;
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
  const auto second = host.energy_of_cpu_time(Duration(1));
  out.estimate("cpu_second", "A second of one thread", second);
  for (const auto& f : host.factors()) out.use(f);
  out.note(measured ? "The processor is measured; the model is used for nothing here that a counter covers."
                    : "No counter of the processor can be read: its energy is modelled, and every result says so.");
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
      "the same package seen through two drivers is one.";
  c.verb = Verb::observe;
  c.doors = Doors::command_line;
  c.examples = {{{"--watch", "0.05 s"}, {}, "The model, where nothing is read"}};
  return c;
}

}  // namespace wattline::meter
