#include "meter/agent/otlp_metrics.h"

#include <cmath>

#include <fmt/format.h>

#include "kernel/otlp_attributes.h"

namespace wattline::meter {
namespace {

constexpr int cumulative = 2;

// One metric's points, one after another.
class Points {
 public:
  Points(std::string& out, Time started, Time now) : out_(out), started_(started), now_(now) {}

  void begin(std::string_view name, std::string_view unit, std::string_view what, bool sum) {
    if (out_.back() != '[') out_ += ',';
    out_ += fmt::format("{{\"name\":\"{}\",\"unit\":\"{}\",\"description\":\"{}\",\"{}\":{{", name, unit, what,
                        sum ? "sum" : "gauge");
    if (sum) out_ += fmt::format("\"aggregationTemporality\":{},\"isMonotonic\":true,", cumulative);
    out_ += "\"dataPoints\":[";
  }
  // `since`: when what is summed began at 0; 0: when all did.
  template <class Attributes>
  void point(double value, Attributes&& attributes, Time since = {}) {
    if (!std::isfinite(value)) return;
    if (out_.back() != '[') out_ += ',';
    out_ += fmt::format("{{\"startTimeUnixNano\":\"{}\",\"timeUnixNano\":\"{}\",\"asDouble\":{},\"attributes\":[",
                        since.ns ? since.ns : started_.ns, now_.ns, shortest(value));
    OtlpAttributes to(out_);
    attributes(to);
    out_ += "]}";
  }
  void end() { out_ += "]}}"; }

 private:
  std::string& out_;
  const Time started_, now_;
};

std::string_view hardware_type(Domain d) {
  switch (d) {
    case Domain::cpu: return "cpu";
    case Domain::memory: return "memory";
    case Domain::gpu: return "gpu";
    case Domain::platform: return "power_supply";
    case Domain::other: break;
  }
  return "other";
}

}  // namespace

std::string otlp_metrics(const Published& p) {
  const Snapshot& s = p.seen;
  std::string out = "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[";
  OtlpAttributes resource(out);
  resource.text("service.name", "wattline-agent");
  resource.text("service.version", WATTLINE_VERSION);
  resource.text("service.instance.id", p.instance);
  resource.text("host.name", p.host);
  out += "]},\"scopeMetrics\":[{\"scope\":{\"name\":\"wattline\",\"version\":\"" WATTLINE_VERSION "\"},\"metrics\":[";
  Points points(out, p.counted_since.ns ? p.counted_since : s.started, s.now);
  const auto component = [](const ComponentSeen& c) {
    return [&c](OtlpAttributes& to) {
      to.text("hw.id", c.info.component);
      to.text("hw.type", hardware_type(c.info.domain));
      to.text("hw.name", c.info.device);
      to.text("wattline.method", to_string(c.energy.method()));
      to.text("wattline.source", c.info.family);
      if (!c.info.counted) to.flag("wattline.contained", true);
    };
  };
  points.begin("hw.energy", "J", "Energy of the component since the agent began", true);
  for (const auto& c : s.components) points.point(c.energy.value().base(), component(c));
  points.end();
  points.begin("hw.power", "W", "Mean power of the component", false);
  for (const auto& c : s.components) points.point(c.watts, component(c));
  points.end();
  points.begin("wattline.idle.energy", "J", "Energy the machine would have drawn without work", true);
  for (const auto& d : s.domains)
    points.point(d.idle.value().base(), [&](OtlpAttributes& to) {
      to.text("hw.type", hardware_type(d.domain));
      to.text("wattline.method", to_string(d.idle.method()));
    });
  points.end();
  points.begin("wattline.consumer.energy", "J", "Active energy of a consumer; levels see the same joules", true);
  for (const auto& c : s.consumers)
    for (std::size_t d = 0; d < domain_count; ++d)
      if (c.joules[d] > 0 && c.name != once_named)
        points.point(
            c.joules[d],
            [&](OtlpAttributes& to) {
              to.text("wattline.level", to_string(c.level));
              to.text("wattline.consumer", c.name);
              to.text("hw.type", hardware_type(static_cast<Domain>(d)));
              if (c.pid) to.integer("process.pid", c.pid);
              if (c.level == Level::process) to.text("container.id", c.detail);
              if (c.level == Level::gpu_process) to.text("hw.id", c.detail);
              if (c.level == Level::container) to.text("k8s.pod.uid", c.detail);
            },
            c.since);
  points.end();
  out += "]}]}]}";
  return out;
}

}  // namespace wattline::meter
