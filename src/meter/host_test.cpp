#include "meter/host.h"

#include <fstream>

#include <gtest/gtest.h>

#include "kernel/testing.h"
#include "meter/fake_tree.h"

namespace wattline::meter {
namespace {

const catalog::Catalog& known() {
  static const auto catalog = catalog::Catalog::load();
  return *catalog;
}

HostModel host_of(const std::string& cpu, int cores, int threads, bool guest = false) {
  Host h;
  h.cpu = cpu;
  h.cores = cores;
  h.threads = threads;
  h.virtual_machine = guest;
  return HostModel(h, known());
}

TEST(HostModel, KnowsItsProcessorFromTheDevicesElseFromServersThatHaveIt) {
  const HostModel measured = host_of("AMD EPYC 8024P 8-Core Processor", 8, 16);
  EXPECT_TRUE(measured.known());
  EXPECT_NE(measured.explanation().find("its own curve"), std::string::npos) << measured.explanation();
  // No row of devices.csv, but servers with it were published.
  const HostModel server = host_of("Intel(R) Xeon(R) CPU E5-2699 v3 @ 2.30GHz", 18, 36);
  EXPECT_TRUE(server.known());
  EXPECT_EQ(server.device(), "Intel Xeon E5-2699 v3");
  EXPECT_EQ(server.design_power(), Power(145));
  EXPECT_GT(server.full().value(), Power(80));
  EXPECT_LT(server.full().value(), Power(145));
  EXPECT_EQ(server.full().method(), Method::modelled);
  const HostModel unknown = host_of("Imaginary 9000", 4, 8);
  EXPECT_FALSE(unknown.known());
  EXPECT_FALSE(unknown.design_power());
  EXPECT_NE(unknown.explanation().find("Imaginary 9000"), std::string::npos);
  EXPECT_LT(unknown.full().low() * 4, unknown.full().high());  // it is not known, and says so
}

TEST(HostModel, TheIntervalGrowsWithWhatIsNotKnown) {
  const auto width = [](const HostModel& h) { return h.at(0.5).high() / h.at(0.5).low(); };
  const HostModel own = host_of("Intel Xeon E5-2620 v3", 6, 12), like = host_of("Intel Xeon E5-2699 v3", 18, 36),
                  none = host_of("", 4, 8);
  EXPECT_LT(width(own), width(like));
  EXPECT_LT(width(like), width(none));
  for (const HostModel* h : {&own, &like, &none}) {
    EXPECT_EQ(h->at(0).value(), h->idle().value());
    EXPECT_EQ(h->at(1).value(), h->full().value());
    EXPECT_GT(h->at(0.1).low(), Power(0));
  }
}

TEST(HostModel, DoubtsAMeterThatCountsTheCoresTwice) {
  const HostModel h = host_of("Intel(R) Xeon(R) CPU E3-1240 V2 @ 3.40GHz", 4, 8);
  const auto why = h.doubt(Power(93), Duration(30));
  ASSERT_TRUE(why);
  EXPECT_NE(why->find("1.35 times"), std::string::npos) << *why;
  EXPECT_FALSE(h.doubt(Power(50), Duration(30)));
  EXPECT_FALSE(h.doubt(Power(93), Duration(5)));  // a short boost
  ASSERT_TRUE(h.doubt(Power(2000), Duration(5)));
  EXPECT_NE(h.doubt(Power(2000), Duration(5))->find("29 times"), std::string::npos)
      << *h.doubt(Power(2000), Duration(5));
  EXPECT_FALSE(h.doubt(Power(2000), Duration(0.5))) << "a counter's steps";
  ASSERT_TRUE(h.doubt(Power(0), Duration(5), 0.9));
  EXPECT_NE(h.doubt(Power(0), Duration(5), 0.9)->find("load of 90 %"), std::string::npos);
  EXPECT_FALSE(h.doubt(Power(0.5), Duration(5), 0.1)) << "deep sleep";
  EXPECT_FALSE(h.doubt(Power(0), Duration(5))) << "the load is not known";
  EXPECT_FALSE(host_of("Imaginary 9000", 4, 8).doubt(Power(1e4), Duration(60)));
}

TEST(HostModel, TakesACurveThatWasFittedForAProcessorNobodyKnows) {
  wattline::tests::ScratchDir dir;
  std::ofstream(dir.path() / "processor_curves.csv")
      << "name,device,load,basis,w0 [W],w10 [W],w20 [W],w30 [W],w40 [W],w50 [W],w60 [W],w70 [W],w80 [W],w90 [W],"
         "w100 [W],error [%],year,source\n"
         "mine,Imaginary 9000,spread,package,10,11,12,13,14,15,16,17,18,19,20,5,2026,fitted here\n";
  const auto mine = catalog::Catalog::load(dir.path());
  Host h;
  h.cpu = "Imaginary 9000";
  h.cores = h.threads = 4;
  const HostModel model(h, *mine);
  EXPECT_TRUE(model.known());
  EXPECT_NEAR(model.at(0.5).value().base(), 15, 1e-9);
  EXPECT_NEAR(model.at(0.5).high().base(), 15.75, 0.1);
  EXPECT_FALSE(model.design_power());
  bool told = false;
  for (const auto& f : model.factors()) told = told || f.source == "fitted here";
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace wattline::meter
