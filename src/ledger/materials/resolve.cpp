#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/materials/materials.h"
#include "physics/training_compute.h"

namespace wattline::ledger::materials {
namespace {

// Advertised peaks of sparse matrices are twice the dense ones; a dense one of another clock is nearer.
constexpr double sparse_from = 1.5;

class Resolver {
 public:
  Resolver(const MaterialsOptions& o, const Data& data, const catalog::Catalog& names)
      : o_(o), data_(data), names_(names) {}

  ResolvedTraining run() {
    compute();
    peak();
    utilisation();
    life();
    Training& t = out_.training;
    t.seconds_per_year = data_.value("time", "seconds_per_year");
    t.busy = o_.use.busy;
    t.spares = o_.use.spares;
    return std::move(out_);
  }

 private:
  static void bound(Ranged& r, const std::optional<double>& low, const std::optional<double>& high,
                    const char* option) {
    if (!low && !high) return;
    if (!low || !high)
      throw bad_input("one end of the range is given, the other is not", option,
                      fmt::format("give {0}-low and {0}-high", option));
    if (!(*low > 0 && *low <= r.value && r.value <= *high))
      throw bad_input(fmt::format("{} lies outside its range {} .. {}", format_number(r.value), format_number(*low),
                                  format_number(*high)),
                      option, "0 < low <= value <= high");
    r.range = Interval{*low, *high};
  }

  static std::optional<double> base(const std::optional<Flops>& f) {
    return f ? std::optional<double>(f->base()) : std::nullopt;
  }

  void compute() {
    const auto& c = o_.compute;
    Ranged& flop = out_.training.flop;
    double parameters = c.parameters.value_or(0);
    if (c.flop) {
      if (c.parameters || c.tokens)
        throw bad_input("the compute is given, and so are parameters or tokens", "--flop", "leave one of them out");
      flop.value = c.flop->base();
      out_.compute_from = "given";
      if (!c.model.empty()) out_.warnings.push_back("the compute is given: the model's own is not used");
    } else if (const Run* run = c.model.empty() || c.parameters || c.tokens ? nullptr : data_.find_run(c.model)) {
      flop = run->flop;
      out_.compute_from = run->name + (run->note.empty() ? "" : ": " + run->note);
      out_.factors.push_back(data_.use(*run));
    } else {
      if (!c.model.empty() && !c.parameters) parameters = parameters_of(c.model);
      if (!(parameters > 0) || !c.tokens) missing(parameters > 0);
      flop.value = physics::training_flops(parameters, *c.tokens).base();
      out_.compute_from =
          fmt::format("6 FLOP for each of {:.4g} active parameters and {:.4g} tokens", parameters, *c.tokens);
    }
    if (!(flop.value > 0)) throw bad_input("0 FLOP found; more is needed", "--flop");
    bound(flop, base(c.flop_low), base(c.flop_high), "--flop");
  }

  // Of a mixture of experts, those that a token uses.
  double parameters_of(const std::string& model) {
    if (const Run* run = data_.find_run(model); run && run->parameters > 0) {
      out_.factors.push_back(data_.use(*run));
      return run->parameters;
    }
    if (const auto* known = names_.find_model(model)) {
      out_.factors.push_back(catalog::use(*known));
      return known->active_parameters;
    }
    std::vector<std::string> known;
    for (const auto& r : data_.runs()) known.push_back(r.name);
    for (const auto& m : names_.models()) known.push_back(m.name);
    throw unknown_name("model", model, known, "wattline catalog models");
  }

  [[noreturn]] void missing(bool have_parameters) const {
    std::string known;
    for (const auto& r : data_.runs()) known += (known.empty() ? "" : ", ") + r.name;
    throw bad_input(
        have_parameters ? "the tokens of the training are not known" : "the compute of the training is not known",
        have_parameters ? "--tokens" : "--flop",
        fmt::format("give --flop, or --parameters (active ones) and --tokens, or a --model of {}", known));
  }

  void peak() {
    const auto& u = o_.use;
    const auto& device = names_.device(u.device);
    const auto at = device.peak.find(u.format);
    if (u.peak) {
      out_.training.peak = u.peak->base();
      out_.peak_from = "given";
      if (!(out_.training.peak > 0)) throw bad_input("0 FLOP/s found; more is needed", "--peak");
      if (!u.dense && at != device.peak.end() && out_.training.peak > sparse_from * at->second.base())
        throw bad_input(fmt::format("{} is the peak of sparse matrices, or of another device: {} has {} in dense {}",
                                    to_string(*u.peak), device.name, to_string(at->second), u.format),
                        "--peak",
                        "name the device with --device, or say --dense-peak when the figure is of dense matrices");
      return;
    }
    if (at == device.peak.end()) {
      std::string known;
      for (const auto& [format, rate] : device.peak) known += (known.empty() ? "" : ", ") + format;
      throw bad_input(fmt::format("no dense peak of {} is known for {}", u.format, device.name), "--format",
                      known.empty() ? "give --peak" : fmt::format("known are {}; or give --peak", known));
    }
    out_.training.peak = at->second.base();
    out_.peak_from = fmt::format("{}, dense {}", device.name, u.format);
    out_.factors.push_back(catalog::use(device));
  }

  static double share(double v, const char* option) {
    if (v > 1 && v <= 100)
      throw bad_input(fmt::format("{} found; a share from 0 to 1 is allowed", format_number(v)), option,
                      fmt::format("{} % is {}", format_number(v), format_number(v / 100)));
    if (!(v > 0 && v <= 1))
      throw bad_input(fmt::format("{} found; a share above 0 and up to 1 is allowed", format_number(v)), option);
    return v;
  }
  static std::optional<double> share(const std::optional<double>& v, const char* option) {
    if (v) share(*v, option);
    return v;
  }

  void utilisation() {
    const auto& u = o_.use;
    Ranged& mfu = out_.training.mfu;
    if (u.mfu && u.hfu)
      throw bad_input("both utilisations are given", "--mfu", "--hfu counts recomputed activations too: keep one");
    if (u.hfu) {
      mfu.value = physics::mfu_from_hfu(share(*u.hfu, "--hfu"), u.recomputed);
      out_.utilisation_from = fmt::format("HFU {} with {} % of the activations computed twice", format_number(*u.hfu),
                                          format_number(100 * u.recomputed));
    } else if (u.mfu) {
      mfu.value = share(*u.mfu, "--mfu");
      out_.utilisation_from = "given";
    } else {
      const Value& v = data_.row("default", "mfu");
      mfu.value = v.values.front();
      out_.utilisation_from = v.note;
      out_.factors.push_back(data_.use(v));
    }
    bound(mfu, share(u.mfu_low, "--mfu-low"), share(u.mfu_high, "--mfu-high"), "--mfu");
  }

  void life() {
    const auto& u = o_.use;
    Ranged& years = out_.training.years;
    if (u.years) {
      years.value = *u.years;
    } else {
      const Value& v = data_.row("default", "lifetime");
      years.value = v.values.front();
      out_.factors.push_back(data_.use(v));
    }
    bound(years, u.years_low, u.years_high, "--lifetime");
  }

  const MaterialsOptions& o_;
  const Data& data_;
  const catalog::Catalog& names_;
  ResolvedTraining out_;
};

}  // namespace

ResolvedTraining resolve(const MaterialsOptions& o, const Data& data, const catalog::Catalog& names) {
  return Resolver(o, data, names).run();
}

}  // namespace wattline::ledger::materials
