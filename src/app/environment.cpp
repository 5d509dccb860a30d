#include "app/environment.h"

#include <cstdlib>
#include <mutex>
#include <sys/resource.h>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "catalog/place_options.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/ledger.h"
#include "meter/host_power.h"

namespace wattline::app {
namespace fs = std::filesystem;

fs::path ledger_dir(const std::string& given) {
  if (!given.empty()) return given;
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (const auto own = variable("WATTLINE_LEDGER"); !own.empty()) return own;
  if (const auto xdg = variable("XDG_DATA_HOME"); !xdg.empty()) return fs::path(xdg) / "wattline" / "ledger";
  if (const auto home = variable("HOME"); !home.empty())
    return fs::path(home) / ".local" / "share" / "wattline" / "ledger";
  throw world_error("no place for the ledger: neither HOME nor XDG_DATA_HOME is set", {}, "give --ledger DIR");
}

namespace {

// Most commands record nothing: the ledger is opened by the first fact.
class LazySink : public AccountSink {
 public:
  explicit LazySink(std::string dir) : dir_(std::move(dir)) {}
  std::string record(const Fact& fact) override { return ledger().record(fact); }
  void record_all(std::span<const Fact> facts) override { ledger().record_all(facts); }

 private:
  AccountSink& ledger() {
    std::lock_guard lock(mutex_);
    if (!ledger_) ledger_ = ledger::Ledger::open(ledger_dir(dir_), ledger::OpenMode::write);
    return *ledger_;
  }
  std::string dir_;
  std::mutex mutex_;
  std::shared_ptr<AccountSink> ledger_;
};

Duration cpu_time(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return Duration(seconds(usage.ru_utime) + seconds(usage.ru_stime));
}

}  // namespace

void provide_shared_parts(Context& context, const std::string& catalog_dir, const std::string& ledger) {
  context.provide(catalog::Catalog::load(catalog_dir));
  context.provide<AccountSink>(std::make_shared<LazySink>(ledger));
}

std::string self_account(Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  const auto host = meter::HostPower::detect(catalog);
  const Estimate<Energy> energy = host->energy_of_cpu_time(cpu_time(RUSAGE_SELF));
  const Estimate<Carbon> carbon = catalog::resolve({}, catalog).carbon(energy);
  return fmt::format("wattline itself: {}, {} ({})", to_string(energy.value(), 2), to_string(carbon.value(), 2),
                     to_string(energy.method()));
}

}  // namespace wattline::app
