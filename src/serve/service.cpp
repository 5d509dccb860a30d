#include "serve/service.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/account.h"
#include "kernel/reload_signal.h"
#include "kernel/units.h"
#include "serve/gateway.h"
#include "serve/generations.h"

namespace wattline::serve {
namespace {

constexpr std::size_t largest_config = std::size_t{1} << 20;

ConfigReading read(const InputFile& file) {
  if (!file.given()) return {};
  return read_config(file.read(largest_config), file.name(), process_environment());
}

std::vector<Error> all_faults(ConfigReading& reading, const catalog::Catalog& catalog) {
  std::vector<Error> faults = reading.faults;
  if (!faults.empty()) return faults;  // what is half read would be found faulty for that alone
  for (auto& e : check_against(reading.config, catalog)) faults.push_back(std::move(e));
  for (auto& e : check_whole(reading.config)) faults.push_back(std::move(e));
  return faults;
}

// What was answered, model by model, from the figures that are kept for /metrics.
Result farewell(const Gateway& gateway) {
  Result r;
  r.title = "Served";
  Table t("serve.totals.v1");
  t.text("model").text("upstream").integer("answers").integer("failed", "", "failed or left by their reader");
  t.integer("tokens_in", "token")
      .integer("tokens_out", "token")
      .number("energy", "J")
      .number("carbon", "gCO2e")
      .number("water", "mL");
  for (const auto& m : gateway.models()) {
    const auto totals = m->metrics->totals();
    t.add_row({m->id, m->basis->upstream, totals.answers, totals.failed, totals.tokens_in, totals.tokens_out,
               totals.energy_j, totals.carbon_g, totals.water_l * 1e3});
  }
  r.add(std::move(t));
  return r;
}

}  // namespace

const Fields<ServeOptions>& serve_fields() {
  static const Fields<ServeOptions> fields =
      Fields<ServeOptions>()
          .file("config", &ServeOptions::config,
                "TOML file (docs/formats/serve-config.md); without one the built-in models are served")
          .text("listen", &ServeOptions::listen,
                "HOST:PORT to listen on, over the file's; 127.0.0.1:8080 when nobody says")
          .reference("place", &ServeOptions::place, "places",
                     "where the electricity comes from, over the file's; the world when nobody says")
          .integer("threads", &ServeOptions::threads, "threads that serve connections; 0: one a core")
          .range(0, 1024);
  return fields;
}

Result serve(const ServeOptions& o, Context& context) {
  const auto catalog = context.share<catalog::Catalog>();
  bool placeless = false;
  const auto read_all = [&] {
    ConfigReading reading = read(o.config);
    auto& server = reading.config.server;
    if (!o.listen.empty()) server.listen = parse_listen(o.listen, "--listen");
    if (!o.place.empty()) server.place = o.place;
    if (o.threads > 0) server.threads = static_cast<int>(o.threads);
    throw_faults(all_faults(reading, *catalog));
    placeless = server.place.empty();
    return std::move(reading.config);
  };
  GatewayParts parts;
  parts.catalog = catalog;
  parts.host = meter::HostPower::detect(*catalog);
  if (context.find<AccountSink>()) parts.sink = context.share<AccountSink>();
  if (context.find<Routes>()) parts.routes = context.share<Routes>();
  if (context.find<UsageSource>()) parts.usage = context.share<UsageSource>();
  parts.log = context.on_log;
  ReloadSignal reload;
  Generations generations(read_all, std::move(parts));
  generations.start();
  const auto served = generations.served();
  context.log(fmt::format("wattline serves {} model{} at http://{}", served.models, served.models == 1 ? "" : "s",
                          served.address.text()));
  if (placeless)
    context.log(
        "no place given: carbon and water are those of the world average, and the ledger's rows name no place; "
        "--place FR, or place = \"FR\" under [server], says where this machine stands");
  if (served.admin) context.log(fmt::format("administrators are served at http://{}", served.admin->text()));

  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!context.stop.stop_requested()) {
    wake.wait_for(lock, context.stop, std::chrono::seconds(1), [] { return false; });
    if (reload.take()) {
      if (o.config.given()) generations.reload();
      else context.log("there is no configuration file to read again: --config FILE names one");
    }
    generations.refresh();
  }
  generations.stop();
  generations.gateway().recorder().close();
  return farewell(generations.gateway());
}

const Fields<CheckOptions>& check_fields() {
  static const Fields<CheckOptions> fields =
      Fields<CheckOptions>().file("config", &CheckOptions::config, "the TOML file to check").required().positional();
  return fields;
}

Result check_config(const CheckOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  ConfigReading reading = read(o.config);
  const auto faults = all_faults(reading, catalog);
  const Config& c = reading.config;
  Result r;
  r.title = fmt::format("Configuration {}", o.config.name());
  if (!faults.empty()) {
    Table t("serve.faults.v1");
    t.text("where").text("fault").text("mend");
    for (const auto& f : faults) t.add_row({f.where(), f.message(), f.hint()});
    r.add(std::move(t));
    r.verdict = Verdict{false, faults.size() == 1 ? "1 fault" : fmt::format("{} faults", faults.size())};
    return r;
  }
  Table t("serve.models.v1");
  t.text("model", "what clients ask for").text("upstream").text("url").text("energy", "how it is known").text("device");
  if (c.builtin.enabled)
    for (const auto& name : lm::builtin_names())
      if (c.builtin.models.empty() ||
          std::find(c.builtin.models.begin(), c.builtin.models.end(), name) != c.builtin.models.end())
        t.add_row({name, "builtin", "", "CPU time of the thread", "this machine"});
  for (const auto& u : c.upstreams)
    for (const auto& m : u.models) {
      const bool share = shares_cpu_time(u, catalog);
      t.add_row({m.id, u.name, fmt::format("{}://{}{}", u.url.tls ? "https" : "http", u.url.authority, u.url.path),
                 (u.metered.agent.empty() ? "" : fmt::format("agent {}; while it is silent: ", u.metered.agent)) +
                     (share ? std::string("CPU time of the process there") : fmt::format("roofline of {}", m.catalog)),
                 share ? std::string("this machine") : u.device});
    }
  r.add(std::move(t));
  r.note(fmt::format("listens on {}; place {}", c.server.listen.text(),
                     c.server.place.empty() ? "not given: the world's average" : c.server.place));
  r.verdict = Verdict{true, "the configuration can be served"};
  return r;
}

}  // namespace wattline::serve
