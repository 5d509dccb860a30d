#include "app/environment.h"

#include <mutex>

#include <fmt/format.h>
#include <sys/resource.h>

#include "catalog/catalog.h"
#include "catalog/intensity/intensity_store.h"
#include "catalog/place_options.h"
#include "kernel/cpu_energy.h"
#include "kernel/units.h"
#include "ledger/account.h"
#include "ledger/ledger.h"
#include "meter/host_power.h"

namespace wattline::app {

namespace {

// Most commands record nothing: the account is opened by the first fact.
class LazySink : public AccountSink {
 public:
  LazySink(ledger::Location location, std::shared_ptr<const catalog::Catalog> catalog)
      : location_(std::move(location)), catalog_(std::move(catalog)) {}
  std::string record(const Fact& fact) override { return account().record(fact); }
  void record_all(std::span<const Fact> facts) override { account().record_all(facts); }
  std::shared_ptr<AccountJournal> open_journal(std::function<void(std::string_view)> log) override {
    if (log) log(fmt::format("what is answered is recorded in the account {}", location_.dir().string()));
    return account().open_journal(std::move(log));
  }

 private:
  AccountSink& account() {
    std::lock_guard lock(mutex_);
    if (!ledger_) {
      ledger_ = ledger::open_with_leftovers(location_.dir(), catalog_->version());
    }
    return *ledger_;
  }

  const ledger::Location location_;
  const std::shared_ptr<const catalog::Catalog> catalog_;
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

void provide_shared_parts(Context& context, const std::string& catalog_dir, const std::string& ledger_dir,
                          const std::string& intensity_dir) {
  const auto catalog = catalog::Catalog::load(catalog_dir);
  // The first stays until the program ends: to take thousands of rows apart is work for nothing.
  [[maybe_unused]] static const auto* const kept = new std::shared_ptr<const catalog::Catalog>(catalog);
  const auto location = std::make_shared<ledger::Location>(ledger::Location{ledger_dir});
  context.provide(catalog);
  context.provide(location);
  context.provide(std::make_shared<catalog::IntensityLocation>(catalog::IntensityLocation{intensity_dir}));
  context.provide(std::make_shared<CpuEnergy>(
      [catalog](Duration cpu) { return meter::HostPower::detect(*catalog)->energy_of_cpu_time(cpu); }));
  context.provide<AccountSink>(std::make_shared<LazySink>(*location, catalog));
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
