#include "meter/load_model/fit.h"

#include <cmath>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernel/command_testing.h"
#include "kernel/testing.h"
#include "meter/host.h"
#include "meter/load_model/load_fit.h"

namespace wattline::meter {
namespace {

using physics::LoadKind;

std::string steps(double (*power)(double)) {
  std::string out = "load [%],power [W]\n";
  for (int i = 0; i <= 20; ++i) out += fmt::format("{},{:.3f}\n", i * 5, power(i / 20.0));
  return out;
}

class Fit : public testing::Test {
 protected:
  Fit() { context_.provide(catalog::Catalog::load()); }
  std::string file(const std::string& name) const { return (dir_.path() / name).string(); }
  std::string put(const std::string& name, const std::string& text) {
    std::ofstream(file(name)) << text;
    return file(name);
  }
  Result ask(const std::vector<std::string>& words) {
    return wattline::tests::run_command(fit_capability(), words, context_);
  }

  wattline::tests::ScratchDir dir_;
  Context context_;
};

TEST_F(Fit, ACurveGoesThroughWhatWasMeasured) {
  const auto fits = fit_load_curves(
      read_load_points(steps([](double l) { return 30 + 100 * std::sqrt(l); }), "t", LoadKind::spread), "t");
  ASSERT_EQ(fits.size(), 1u);
  for (int i = 1; i <= 10; ++i)
    EXPECT_NEAR(fits[0].watts[static_cast<std::size_t>(i)], 30 + 100 * std::sqrt(i / 10.0), 4) << i;
  EXPECT_LT(fits[0].error, 0.05);
  EXPECT_FALSE(fits[0].across);
}

TEST_F(Fit, WhatCannotBeFitted) {
  const auto refused = [](const std::string& text) {
    return wattline::tests::message_of(
        [&] { fit_load_curves(read_load_points(text, "t.csv", LoadKind::spread), "t.csv"); });
  };
  EXPECT_NE(refused(steps([](double l) { return 100 - 50 * l; })).find("does not rise"), std::string::npos);
  EXPECT_NE(refused("load [%],power [W]\n40,50\n50,60\n60,70\n45,55\n55,65\n50,61\n").find("from 40 to 60 %"),
            std::string::npos);
  EXPECT_NE(refused("power [W]\n40\n").find("no load"), std::string::npos);
  EXPECT_NE(refused("load [%]\n40\n").find("no power"), std::string::npos);
  EXPECT_NE(refused("load [%],power [W]\n50,-3\n").find("no point"), std::string::npos);
  EXPECT_NE(refused("time,component,power [W]\n2026-01-01T00:00:00Z,cpu,5\n").find("has no load"), std::string::npos);
  EXPECT_NE(refused(""), "no error");
}

TEST_F(Fit, TheRowsAreTheModelsFromThenOn) {
  const std::string trace = put("steps.csv", steps([](double l) { return 40 + 100 * l; }));
  ask({"--trace", trace, "--device", "AMD EPYC 7302", "--output", file("mine")});
  ask({"--trace", trace, "--device", "AMD EPYC 7302", "--output", file("mine")});  // once more: not twice
  ask({"--trace", trace, "--device", "Imaginary, 9000", "--packages", "2", "--output", file("mine")});
  const auto mine = catalog::Catalog::load(file("mine"));
  Host host;
  host.cpu = "AMD EPYC 7302 16-Core Processor";
  host.cores = 16;
  host.threads = 32;
  const HostModel known(host, *mine);
  EXPECT_NEAR(known.at(0.35).value().base(), 75, 0.5);
  EXPECT_NE(known.explanation().find("its own curve"), std::string::npos);
  host.cpu = "Imaginary, 9000";
  const HostModel other(host, *mine);
  EXPECT_TRUE(other.known());
  EXPECT_NEAR(other.at(1).value().base(), 70, 0.5);  // of one package
  put("mine/processor_curves.csv", "name,device\nx,y\n");
  EXPECT_THROW(ask({"--trace", trace, "--device", "AMD EPYC 7302", "--output", file("mine")}), Error);
}

TEST_F(Fit, MeasuredServersAcrossTheWaysOfLoading) {
  const auto shared = wattline::tests::shared_dir();
  const std::string folder = shared ? (*shared / "data").string() : "";
  if (!shared || !std::filesystem::exists(folder + "/cpu-load-rapl")) GTEST_SKIP() << "skipped: no shared data";
  const auto both = [&](const std::string& all, const std::string& some) {
    std::string text;
    for (const auto& name : {all, some}) {
      std::ifstream in(folder + "/" + name);
      std::stringstream content;
      content << in.rdbuf();
      text += text.empty() ? content.str() : content.str().substr(content.str().find('\n') + 1);
    }
    return text;
  };
  const std::string start = "cpu-load-rapl/compare_cpu_load_and_RAPL-",
                    e3 = "Intel(R)_Xeon(R)_CPU_E3-1240_V2_@_3.40GHz-2025-01-14.csv",
                    e5 = "Intel(R)_Xeon(R)_CPU_E5-2620_v3_@_2.40GHz-2025-01-14.csv",
                    epyc = "AMD_EPYC_8024P_8-Core_Processor-2025-01-14.csv";
  struct Server {
    const char* device;
    const char* packages;
    std::string text;
    double most_across;
  };
  for (const Server& s :
       {Server{"AMD EPYC 8024P", "1", both(start + "all_cores-" + epyc, start + "some_cores-" + epyc), 0.25},
        Server{"Intel Xeon E5-2620 v3", "2", both(start + "all_cores-" + e5, start + "some_cores-" + e5), 0.30},
        Server{"Intel Xeon E3-1240 v2", "1",
               both("cpu-load-vs-rapl/E3-1240__all_cores.csv", "cpu-load-vs-rapl/E3-1240__some_cores.csv"), 1.5}}) {
    const Result r = ask({"--trace", put("s.csv", s.text), "--device", s.device, "--packages", s.packages});
    const double own = r.find_estimate("spread_error")->measure.value,
                 across = r.find_estimate("packed_across")->measure.value;
    std::cout << fmt::format("{:22} spread loads left out {:.0f} %, judged by the packed curve {:.0f} %\n", s.device,
                             own, across);
    EXPECT_LT(own, 25) << s.device;
    EXPECT_LT(across, 100 * s.most_across) << s.device;
    EXPECT_GT(across, 0) << s.device;
  }
  const std::string twice = put("twice.csv", both(start + "all_cores-" + e3, start + "some_cores-" + e3));
  const std::string why = wattline::tests::message_of([&] {
    ask({"--trace", twice, "--device", "Intel Xeon E3-1240 v2"});
  });
  EXPECT_NE(why.find("the design power"), std::string::npos) << why;
  EXPECT_FALSE(ask({"--trace", twice, "--device", "Intel Xeon E3-1240 v2", "--believe"}).warnings.empty());
}

}  // namespace
}  // namespace wattline::meter
