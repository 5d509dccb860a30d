// emissions.csv of CodeCarbon, from version 1 on. Its rows are sums since a run began: `flush()` writes another row of
// the same run with larger sums, so of a run's later rows only what is new is a fact.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/utf8.h"
#include "ledger/imports/reading.h"
#include "ledger/imports/recent.h"
#include "ledger/row.h"

namespace wattline::ledger::imports {
namespace {

// What CodeCarbon writes when no experiment was named.
constexpr std::string_view no_experiment = "5b0fa12a-3dd7-45bb-9766-cc326314d9f1";
// Runs whose last row is remembered; rows of one run are near each other.
constexpr std::size_t most_runs = 100'000;

class CodeCarbon : public RowFormat {
 public:
  CodeCarbon(Sheet& s, Reading& reading)
      : reading_(reading),
        labels_(s, reading),
        timestamp_(s.require("CodeCarbon", {"timestamp"})),
        duration_(s.require("CodeCarbon", {"duration", "duration_s"})),
        energy_(s.require("CodeCarbon", {"energy_consumed", "energy_consumed (kWh)"})),
        cpu_(s.find({"cpu_energy"})),
        gpu_(s.find({"gpu_energy"})),
        ram_(s.find({"ram_energy"})),
        run_(s.find({"run_id"})),
        project_(s.find({"project_name"})),
        experiment_(s.find({"experiment_id", "experiment_name"})),
        version_(s.find({"codecarbon_version"})),
        iso_(s.find({"country_iso_code", "country_iso"})),
        country_(s.find({"country_name"})),
        region_(s.find({"region"})),
        on_cloud_(s.find({"on_cloud"})),
        provider_(s.find({"cloud_provider"})),
        cloud_region_(s.find({"cloud_region"})),
        cpu_model_(s.find({"cpu_model"})),
        gpu_model_(s.find({"gpu_model"})),
        pue_(s.find({"pue"})) {}

  std::string identity(const Sheet& s) const override {
    return fmt::format("{}|{}", s.text(run_), s.text(run_).empty() ? s.text(timestamp_) : std::string_view());
  }
  std::string own_name(const Sheet& s) const override { return std::string(s.text(run_).substr(0, 80)); }

  std::optional<Fact> fact(Sheet& s) override {
    Fact f;
    f.kind = reading_.options.kind.empty() ? "run" : reading_.options.kind;
    f.end = s.required_time(timestamp_);
    Sums sums;
    sums.duration = s.required_amount(duration_, "a duration in seconds");
    if (sums.duration > 1e9) s.fail(duration_, fmt::format("{} s are over 30 years", sums.duration));
    sums.whole = s.required_amount(energy_, "an energy in kWh");
    sums.cpu = s.amount(cpu_, "an energy in kWh").value_or(0);
    sums.gpu = s.amount(gpu_, "an energy in kWh").value_or(0);
    sums.ram = s.amount(ram_, "an energy in kWh").value_or(0);
    const double pue = s.number(pue_).value_or(1);
    if (pue < 1) s.fail(pue_, fmt::format("'{}' is below 1, which no PUE can be", s.text(pue_)));
    // Newer versions count the overhead of the site in the sum; what is recorded is energy at the device.
    const double parts = sums.cpu + sums.gpu + sums.ram;
    const auto near = [&](double a) { return std::abs(a - sums.whole) <= 0.01 * std::max(a, sums.whole); };
    sums.in_parts = parts > 0 && (near(parts) || near(parts * pue));
    if (!sums.in_parts && pue > 1) sums.whole /= pue;
    if (parts > 0 && !sums.in_parts)
      ++reading_.notes.warnings["energy_consumed is not the sum of cpu, gpu and ram: energy_consumed was taken"];
    if (!since_before(s, sums)) {
      ++reading_.notes.left_out["no more than the run's row before"];
      return std::nullopt;
    }
    f.begin = f.end + -Duration(sums.duration);
    f.energy = energy(sums);
    f.place = place(s);
    name_devices(s, sums, f);
    return f;
  }

 private:
  struct Sums {
    double duration = 0, whole = 0, cpu = 0, gpu = 0, ram = 0;  // s, kWh
    bool in_parts = false;
  };

  // Takes off what rows of the same run told before. False: nothing is left.
  bool since_before(Sheet& s, Sums& sums) {
    const std::string_view run = s.text(run_);
    if (run.empty()) return true;
    const Sums now = sums;
    Sums* before = runs_.find(run);
    if (!before) {
      runs_.put(run, now);
      return true;
    }
    // Smaller sums are of a run that began anew under its old name.
    if (now.duration >= before->duration && now.whole >= before->whole) {
      if (now.duration == before->duration && now.whole == before->whole) return false;
      sums.duration -= before->duration;
      sums.whole -= before->whole;
      sums.cpu = std::max(0.0, sums.cpu - before->cpu);
      sums.gpu = std::max(0.0, sums.gpu - before->gpu);
      sums.ram = std::max(0.0, sums.ram - before->ram);
      sums.in_parts = sums.in_parts && before->in_parts;
      ++reading_.notes.warnings["later rows of a run whose rows are sums: only what each adds was taken"];
    }
    *before = now;
    return true;
  }

  Estimate<Energy> energy(const Sums& sums) {
    double joules = 0;
    std::map<std::string, double> by;
    const auto add = [&](double kwh, const std::string& id) {
      const double part = (kwh * units::kWh).base();
      const RawEstimate& gain = reading_.factor(id);
      joules += part * gain.value();
      for (const auto& [factor, sd] : gain.by_factor()) by[factor] += part * sd;
    };
    if (!sums.in_parts) {
      add(sums.whole, whole_factor_);
    } else {
      add(sums.cpu, cpu_factor_);
      if (sums.gpu > 0) add(sums.gpu, gpu_factor_);
      if (sums.ram > 0) add(sums.ram, ram_factor_);
    }
    // The figure is the file's; that only its error is our judgement does not make it a model of ours.
    return Estimate<Energy>(restore(joules, 0, by, Method::declared, {"CodeCarbon"}, false));
  }

  std::string place(Sheet& s) {
    const std::string &given = reading_.options.place, cloud = std::string(s.text(on_cloud_));
    if (cloud == "Y" || cloud == "y" || cloud == "True") {
      const auto name = fmt::format("{}/{}", s.text(provider_), s.text(cloud_region_));
      if (const auto found = reading_.place(name)) return *found;
    }
    const auto iso = s.text(iso_), country = s.text(country_), region = s.text(region_);
    const auto found = reading_.place(iso.empty() ? country : iso);
    if (found && !region.empty() && (*found == "US" || *found == "CA")) {
      const auto state = reading_.place(region);
      if (state && state->starts_with(*found + "-")) return *state;
    }
    if (found) return *found;
    if (iso.empty() && country.empty()) return given;
    if (!given.empty()) return given;
    const auto column = iso.empty() ? country_ : iso_;
    s.fail(column, fmt::format("the catalog has no place '{}'", shown_text(s.text(column))),
           "`wattline catalog places` lists them; --place NAME is taken for rows whose place is not known");
  }

  void name_devices(Sheet& s, const Sums& sums, Fact& f) {
    if (const auto project = s.text(project_); !project.empty()) f.labels.emplace_back("project", project);
    if (const auto e = s.text(experiment_); !e.empty() && e != no_experiment) f.labels.emplace_back("experiment", e);
    // "2 x NVIDIA A100-SXM4-80GB"
    std::string_view gpu = s.text(gpu_model_);
    if (const auto times = gpu.find(" x "); times != std::string_view::npos && times < 4) gpu.remove_prefix(times + 3);
    const bool is_gpu = !gpu.empty() && (sums.gpu > 0 || s.text(cpu_model_).empty());
    const auto model = is_gpu ? gpu : s.text(cpu_model_);
    f.device = reading_.device(model);
    if (f.device.empty() && !model.empty()) f.labels.emplace_back(is_gpu ? "gpu" : "cpu", model);
    f.labels.emplace_back("tracker",
                          s.text(version_).empty() ? "codecarbon" : fmt::format("codecarbon {}", s.text(version_)));
    labels_.add(s, f);
  }

  Reading& reading_;
  LabelColumns labels_;
  int timestamp_, duration_, energy_, cpu_, gpu_, ram_, run_, project_, experiment_, version_, iso_, country_, region_,
      on_cloud_, provider_, cloud_region_, cpu_model_, gpu_model_, pue_;
  const std::string whole_factor_ = "import.codecarbon.whole", cpu_factor_ = "import.codecarbon.cpu",
                    gpu_factor_ = "import.codecarbon.gpu", ram_factor_ = "import.codecarbon.ram";
  Recent<Sums> runs_{most_runs};
};

}  // namespace

std::unique_ptr<RowFormat> codecarbon_format(Sheet& sheet, Reading& reading) {
  return std::make_unique<CodeCarbon>(sheet, reading);
}

}  // namespace wattline::ledger::imports
