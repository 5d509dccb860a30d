#include "meter/agent/exposition.h"

#include <cmath>

#include "kernel/json.h"
#include "kernel/utf8.h"

namespace wattline::meter {
namespace {

constexpr std::size_t longest_label = 200;

// "energy", "joules": a counter's unit stands before _total, and OpenMetrics declares it.
class Writer {
 public:
  explicit Writer(Exposition form) : open_(form == Exposition::open_metrics) {}

  void counter(std::string_view name, std::string_view unit, std::string_view help) {
    begin(name, "counter", unit, help, "_total");
  }
  void gauge(std::string_view name, std::string_view unit, std::string_view help) {
    begin(name, "gauge", unit, help, "");
  }
  // OpenMetrics knows a kind for it; for others it is a gauge of 1.
  void info(std::string_view name, std::string_view help) { begin(name, open_ ? "info" : "gauge", "", help, "_info"); }

  Writer& label(std::string_view name, std::string_view value) {
    labels_ += labels_.empty() ? "{" : ",";
    labels_ += name;
    labels_ += "=\"";
    for (std::size_t i = 0; i < value.size() && i < longest_label;) {
      const std::size_t n = utf8_length(value, i);
      if (n == 0) {
        labels_ += "\xEF\xBF\xBD";
        ++i;
        continue;
      }
      const char c = value[i];
      if (c == '\\' || c == '"') labels_ += '\\';
      if (c == '\n') labels_ += "\\n";
      else if (n == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)) labels_ += ' ';
      else labels_.append(value, i, n);
      i += n;
    }
    labels_ += '"';
    return *this;
  }
  void value(double v) {
    out_ += sample_;
    if (!labels_.empty()) out_ += labels_ + '}';
    labels_.clear();
    out_ += ' ';
    out_ += std::isnan(v) ? "NaN" : std::isinf(v) ? (v > 0 ? "+Inf" : "-Inf") : shortest(v);
    out_ += '\n';
  }
  std::string take() {
    if (open_) out_ += "# EOF\n";
    return std::move(out_);
  }

 private:
  void begin(std::string_view name, std::string_view kind, std::string_view unit, std::string_view help,
             std::string_view suffix) {
    std::string family(name);
    if (!unit.empty()) family += "_" + std::string(unit);
    sample_ = family + std::string(suffix);
    const std::string& declared = open_ ? family : sample_;
    out_ += "# TYPE " + declared + " " + std::string(kind) + "\n";
    if (open_ && !unit.empty()) out_ += "# UNIT " + declared + " " + std::string(unit) + "\n";
    out_ += "# HELP " + declared + " " + std::string(help) + "\n";
  }

  const bool open_;
  std::string out_, sample_, labels_;
};

std::string_view source_of(const ComponentSeen& c) {
  return c.info.family.empty() ? std::string_view("model") : c.info.family;
}

Writer& component_labels(Writer& w, const ComponentSeen& c) {
  return w.label("component", c.info.component)
      .label("domain", to_string(c.info.domain))
      .label("method", to_string(c.energy.method()))
      .label("source", source_of(c));
}

void write_components(Writer& w, const Snapshot& s) {
  w.counter("wattline_node_energy", "joules", "Energy of the components that make up this machine: these add up.");
  for (const auto& c : s.components)
    if (c.info.counted) component_labels(w, c).value(c.energy.value().base());
  w.counter("wattline_node_contained_energy", "joules",
            "Energy of what is part of another component, or contains others: never to be added to those.");
  for (const auto& c : s.components)
    if (!c.info.counted) component_labels(w, c).value(c.energy.value().base());
  w.gauge("wattline_node_power", "watts", "Mean power since the last publication; NaN where it was not read.");
  for (const auto& c : s.components)
    if (c.info.counted) component_labels(w, c).value(c.watts);
  w.gauge("wattline_node_contained_power", "watts",
          "The same of what is part of another component, or contains others.");
  for (const auto& c : s.components)
    if (!c.info.counted) component_labels(w, c).value(c.watts);
  w.gauge("wattline_node_energy_uncertainty", "ratio",
          "Half of the 95 % interval of the energy, relative to it; NaN without any.");
  for (const auto& c : s.components) {
    const double j = c.energy.value().base();
    w.label("component", c.info.component).label("domain", to_string(c.info.domain));
    w.value(j > 0 ? (c.energy.high().base() - c.energy.low().base()) / (2 * j) : std::nan(""));
  }
  w.counter("wattline_node_component_missing", "seconds", "Time in which a component was not read: a gap, not a zero.");
  for (const auto& c : s.components)
    w.label("component", c.info.component).label("domain", to_string(c.info.domain)).value(c.missing.base());
  w.gauge("wattline_node_component_up", "", "Whether the component is read now.");
  for (const auto& c : s.components)
    w.label("component", c.info.component).label("domain", to_string(c.info.domain)).value(c.trouble.empty() ? 1 : 0);
}

void write_domains(Writer& w, const Snapshot& s) {
  w.counter("wattline_node_idle_energy", "joules",
            "Part of the energy that the machine would have drawn without work.");
  for (const auto& d : s.domains)
    w.label("domain", to_string(d.domain)).label("method", to_string(d.idle.method())).value(d.idle.value().base());
  w.counter("wattline_node_unattributed_energy", "joules",
            "Part of the energy above idle that no consumer could be found for.");
  for (const auto& d : s.domains) w.label("domain", to_string(d.domain)).value(d.unattributed);
}

void write_consumers(Writer& w, const Snapshot& s, Level level, std::string_view name, std::string_view help) {
  bool any = false;
  std::array<bool, domain_count> used{};
  for (const auto& c : s.consumers)
    for (std::size_t d = 0; c.level == level && d < domain_count; ++d) used[d] = used[d] || c.joules[d] > 0;
  for (const bool u : used) any = any || u;
  if (!any) return;
  w.counter("wattline_" + std::string(name) + "_energy", "joules", help);
  for (const auto& c : s.consumers) {
    if (c.level != level || c.name == once_named) continue;
    for (std::size_t d = 0; d < domain_count; ++d) {
      if (!used[d]) continue;
      // Scrapers put labels "job" and "service" of their own on everything.
      w.label(level == Level::job       ? "job_id"
              : level == Level::service ? "unit"
                                        : name,
              c.name)
          .label("domain", to_string(static_cast<Domain>(d)));
      if (level == Level::process || level == Level::gpu_process) w.label("pid", std::to_string(c.pid));
      if (level == Level::process) w.label("container", c.detail);
      if (level == Level::gpu_process) w.label("gpu", c.detail);
      if (level == Level::container) w.label("pod", c.detail);
      w.value(c.joules[d]);
    }
  }
}

}  // namespace

Exposition accepted_exposition(std::string_view accept) {
  // What Prometheus sends lists it first where it wants it; what refuses it by q=0 is not met in the field.
  return accept.find("application/openmetrics-text") != std::string_view::npos ? Exposition::open_metrics
                                                                               : Exposition::text;
}

std::string_view content_type(Exposition e) {
  return e == Exposition::open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                       : "text/plain; version=0.0.4; charset=utf-8";
}

std::string exposition(const Published& p, Exposition form, const DoorUse& door) {
  Writer w(form);
  const Snapshot& s = p.seen;
  w.info("wattline_agent", "The agent: its version, the machine and this run of it.");
  w.label("version", WATTLINE_VERSION).label("host", p.host).label("instance_id", p.instance).value(1);
  write_components(w, s);
  write_domains(w, s);
  write_consumers(w, s, Level::process, "process", "Active energy of processes; consumers add up within a level only.");
  write_consumers(w, s, Level::container, "container", "Active energy of containers.");
  write_consumers(w, s, Level::pod, "pod", "Active energy of Kubernetes pods.");
  write_consumers(w, s, Level::user, "user", "Active energy of users.");
  write_consumers(w, s, Level::job, "job", "Active energy of batch jobs.");
  write_consumers(w, s, Level::gpu_process, "gpu_process", "Active energy of processes on GPUs.");
  write_consumers(w, s, Level::gpu_slice, "gpu_slice", "Active energy of MIG slices.");
  write_consumers(w, s, Level::service, "service", "Active energy of services of systemd.");
  w.counter("wattline_node_covered", "seconds", "Time for which the figures hold.");
  w.value(s.covered.base());
  w.counter("wattline_node_missing", "seconds", "Time asleep, or in which nothing was read: a gap, not a zero.");
  w.value(s.missing.base());
  w.counter("wattline_agent_ticks", "", "Readings of all sources.");
  w.value(static_cast<double>(s.ticks));
  w.counter("wattline_agent_late_ticks", "", "Readings that came more than an interval late.");
  w.value(static_cast<double>(p.own.late));
  w.counter("wattline_agent_cpu", "seconds", "CPU time of the agent itself.");
  w.value(p.own.cpu_seconds);
  w.counter("wattline_agent_energy", "joules", "Energy of the agent itself, of its CPU time.");
  w.label("method", to_string(p.own.energy.method())).value(p.own.energy.value().base());
  w.gauge("wattline_agent_resident", "bytes", "Memory of the agent itself.");
  w.value(static_cast<double>(p.own.resident_bytes));
  w.counter("wattline_agent_requests", "", "Requests at the agent's door.");
  w.label("result", "answered").value(static_cast<double>(door.answered));
  w.label("result", "refused").value(static_cast<double>(door.refused));
  w.label("result", "turned_away").value(static_cast<double>(door.turned_away));
  w.gauge("wattline_agent_started_time", "seconds", "When the agent began, Unix time.");
  w.value(static_cast<double>(s.started.ns) * 1e-9);
  return w.take();
}

}  // namespace wattline::meter
