#include "meter/agent/agent_command.h"

#include <condition_variable>
#include <csignal>
#include <mutex>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/reload_signal.h"
#include "meter/agent/agent.h"
#include "meter/agent/privileges.h"
#include "meter/agent/snapshot_report.h"
#include "meter/host_power.h"
#include "meter/monitor/monitor.h"
#include "meter/traces/replay.h"

namespace wattline::meter {
namespace {

Watch watch_machine(const AgentSettings& s, const catalog::Catalog& catalog) {
  MonitorSettings m;
  m.roots = Roots::from_environment();
  m.interval = s.interval;
  m.processes = s.processes;
  const auto monitor = std::make_shared<Monitor>(m, catalog);
  const auto host = HostPower::detect(catalog);
  return {[monitor] { monitor->tick(); }, [monitor] { return monitor->snapshot(); },
          [host](Duration cpu) { return host->energy_of_cpu_time(cpu); },
          [monitor](Duration interval) { monitor->change_interval(interval); }};
}

Result once(const AgentSettings& s, const Watch& watch, Context& context) {
  watch.tick();
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, context.stop, std::chrono::duration<double>(s.interval.base()), [] { return false; });
  watch.tick();
  return snapshot_report(watch.snapshot(), fmt::format("{}, {:.3g} s", s.host, s.interval.base()), s.publish.top);
}

// What `run --phase-signal` tells programs by, and others by hand, ends no meter without its last rows.
class IgnoredSignals {
 public:
  IgnoredSignals() {
    for (std::size_t i = 0; i < std::size(signals); ++i) before_[i] = std::signal(signals[i], SIG_IGN);
  }
  ~IgnoredSignals() {
    for (std::size_t i = 0; i < std::size(signals); ++i) std::signal(signals[i], before_[i]);
  }
  IgnoredSignals(const IgnoredSignals&) = delete;
  IgnoredSignals& operator=(const IgnoredSignals&) = delete;

 private:
  static constexpr int signals[] = {SIGUSR1, SIGUSR2};
  void (*before_[std::size(signals)])(int);
};

Result agent(const AgentOptions& o, Context& context) {
  const IgnoredSignals ignored;
  const auto catalog = context.share<catalog::Catalog>();
  const AgentSettings settings = agent_settings(o, *catalog);
  const Watch watch = watch_machine(settings, *catalog);
  if (o.once) return once(settings, watch, context);

  ReloadSignal signal;
  AgentParts parts;
  if (settings.outbox.record_interval && replaying())
    context.log("nothing is recorded in the account: what is read is a replayed trace");
  else if (settings.outbox.record_interval && context.find<AccountSink>()) parts.account = context.share<AccountSink>();
  parts.log = context.on_log;
  parts.reload = [&] { return signal.take(); };
  parts.read_settings = [&] { return agent_settings(o, *catalog); };
  parts.give_up_rights = [&] { context.log(drop_privileges(settings.user)); };
  parts.ready = [&](const DoorAddress& a) {
    context.log(fmt::format("wattline agent meters {} every {:.3g} s: {}://{}/metrics", settings.host,
                            settings.interval.base(), settings.door.certificate_file.empty() ? "http" : "https",
                            a.text()));
    if (!a.loopback() && settings.door.certificate_file.empty())
      context.log("the door is open to others without TLS: keys and figures travel in the clear (--certificate)");
  };
  // The published ones are named ones and "(other)" already.
  return snapshot_report(run_agent(settings, watch, parts, context.stop)->seen, "Metered by the agent", SIZE_MAX);
}

}  // namespace

Capability agent_capability() {
  Capability c = capability<AgentOptions>(
      "meter", "agent", "Meters this machine for Prometheus, OpenTelemetry and others.", agent, agent_fields());
  c.description =
      "A small daemon: reads every counter of this machine (what is modelled says so), shares the energy above idle "
      "out "
      "to processes, containers, pods, users and jobs, and tells it as counters of joules: GET /metrics for Prometheus "
      "(text 0.0.4 or OpenMetrics, docs/formats/agent-metrics.md), GET /api/v1/snapshot as JSON for `wattline serve` "
      "and "
      "`wattline meter agents`, GET /healthz, OTLP/HTTP push (--otlp), and rows of the account (--record-every).\n\n"
      "Started as root it opens the counters, becomes --user and gives up every right for good; clients are answered "
      "from what was published last and cannot make it read anything. Published figures are at least a second apart "
      "and "
      "rounded, since energy told finely tells secrets of the programs that run (docs/security.md). Off loopback a key "
      "is needed. SIGHUP reads the --config file again, SIGTERM ends it, SIGUSR1 and SIGUSR2 do"
      " nothing; --once reads twice and prints.";
  c.verb = Verb::observe;
  c.cost = Cost::service;
  c.doors = Doors::command_line;
  c.aliases = {"agent"};
  c.emits = {"agent.components.v1", "agent.consumers.v1"};
  c.examples = {{{"--once", "--interval", "0.1 s", "--host", "node7"}, {}, "Components"}};
  return c;
}

}  // namespace wattline::meter
