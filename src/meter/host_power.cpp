#include "meter/host_power.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include <fmt/format.h>
#include <unistd.h>

#include "kernel/time.h"
#include "meter/host.h"
#include "meter/proc_files.h"
#include "meter/rapl.h"

namespace wattline::meter {
namespace {

class ModelledPower : public HostPower {
 public:
  ModelledPower(HostModel model, const std::string& why)
      : model_(std::move(model)), explanation_(fmt::format("{}: {}", model_.explanation(), why)) {
    for (const auto& f : model_.factors())
      if (std::find(sources_.begin(), sources_.end(), f.source) == sources_.end()) sources_.push_back(f.source);
  }
  Estimate<Energy> energy_of_cpu_time(Duration t) const override { return model_.energy_of_cpu_time(t); }
  const std::string& device() const override { return model_.device(); }
  Method method() const override { return Method::modelled; }
  const std::vector<std::string>& sources() const override { return sources_; }
  const std::string& explanation() const override { return explanation_; }

 private:
  const HostModel model_;
  const std::string explanation_;
  std::vector<std::string> sources_;
};

// The packages' joules shared out by busy CPU time, over the last span of at least a second in which the
// machine did something; until there is one, the model. What idle threads draw is charged to nobody: of
// the idle power a CPU second carries one thread's share. Since the idle power is modelled, the figure is
// called measured only while that correction is a small part of it.
class MeasuredPower : public HostPower {
 public:
  // `gain_sd`: of RAPL itself, relative.
  MeasuredPower(HostModel model, Sources packages, Roots roots, double gain_sd)
      : model_(std::move(model)),
        packages_(std::move(packages)),
        roots_(std::move(roots)),
        gain_sd_(gain_sd),
        explanation_(
            "measured: the energy counters of the processor packages (RAPL), shared out by busy CPU time; "
            "modelled until a second has been seen") {
    for (const auto& p : packages_) sources_.push_back(p->info().where);
    last_ = read();
  }
  const std::string& device() const override { return model_.device(); }
  Method method() const override { return Method::measured; }
  const std::vector<std::string>& sources() const override { return sources_; }
  const std::string& explanation() const override { return explanation_; }

  Estimate<Energy> energy_of_cpu_time(Duration t) const override {
    const double seconds = std::isfinite(t.base()) ? std::max(0.0, t.base()) : 0;
    std::lock_guard lock(mutex_);
    refresh();
    if (!per_second_) return model_.energy_of_cpu_time(t);
    return Estimate<Energy>(RawEstimate::scaled(per_second_->raw(), seconds));
  }

 private:
  struct Look {
    std::int64_t ns = 0;
    double busy_s = 0;
    std::vector<double> joules;  // by package
  };
  std::optional<Look> read() const {
    Look now;
    now.ns = monotonic_ns();
    const auto stat = read_small_file(roots_.proc / "stat", 4096);
    const auto ticks = stat ? parse_cpu_ticks(*stat) : std::nullopt;
    if (!ticks) return std::nullopt;
    now.busy_s = static_cast<double>(ticks->busy) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    for (const auto& p : packages_) {
      const auto j = p->read();
      if (!j) return std::nullopt;
      now.joules.push_back(*j);
    }
    return now;
  }
  void refresh() const {
    constexpr std::int64_t span_ns = 1'000'000'000, longest_ns = 60 * span_ns;
    if (last_ && monotonic_ns() - last_->ns < span_ns) return;
    const auto now = read();
    if (!now || !last_) {
      last_ = now;
      return;
    }
    const double span = static_cast<double>(now->ns - last_->ns) * 1e-9;
    const double busy = now->busy_s - last_->busy_s;
    double joules = 0;
    bool sure = now->ns - last_->ns <= longest_ns && busy > 0.05 * span;
    for (std::size_t i = 0; i < packages_.size(); ++i) {
      double rise = now->joules[i] - last_->joules[i];
      if (rise < 0) rise += packages_[i]->info().range;  // once at most within a minute
      sure = sure && rise >= 0 && rise <= packages_[i]->info().most.base() * span;
      joules += rise;
    }
    last_ = now;
    if (!sure) return;
    const double threads = model_.host().threads;
    const double idle_share = std::clamp(1 - busy / (threads * span), 0.0, 1.0);
    const auto idle_power = model_.idle();
    const double idle = std::min(idle_power.value().base() * span * idle_share, joules);
    const double idle_sd = std::min(idle_power.sd().base() * span * idle_share, joules);
    const Method method = idle <= 0.2 * joules ? Method::measured : Method::modelled;
    per_second_ =
        Estimate<Energy>::with_sd(Energy((joules - idle) / busy), Energy(std::hypot(joules * gain_sd_, idle_sd) / busy),
                                  method, "RAPL by busy CPU time");
  }

  const HostModel model_;
  const Sources packages_;
  const Roots roots_;
  const double gain_sd_;
  const std::string explanation_;
  std::vector<std::string> sources_;
  mutable std::mutex mutex_;
  mutable std::optional<Look> last_;
  mutable std::optional<Estimate<Energy>> per_second_;
};

}  // namespace

std::shared_ptr<const HostPower> HostPower::detect(const catalog::Catalog& catalog) {
  const Roots roots = Roots::from_environment();
  HostModel model(read_host(roots), catalog);
  Found rapl = find_rapl(roots);
  std::erase_if(rapl.sources, [](const auto& s) { return s->info().domain != Domain::cpu; });
  // With one of two packages missing, joules and CPU time would not belong together.
  if (!rapl.sources.empty() && static_cast<int>(rapl.sources.size()) >= model.host().packages)
    return std::make_shared<MeasuredPower>(std::move(model), std::move(rapl.sources), roots,
                                           catalog.factor("meter.rapl.gain").estimate().sd());
  const std::string why =
      rapl.obstacles.empty() ? "the packages' counters do not match its processors" : rapl.obstacles.front().why;
  return std::make_shared<ModelledPower>(std::move(model), why);
}

}  // namespace wattline::meter
