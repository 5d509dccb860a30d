#include "catalog/intensity/now.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/intensity/intensity_commands.h"
#include "catalog/intensity/provider_testing.h"
#include "kernel/command_testing.h"
#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using wattline::tests::message_of;
using wattline::tests::ScratchDir;

const Time noon = parse_time("2026-01-01T12:00Z");

// Answers with what it is told to, or fails.
class ToldProvider : public IntensityProvider {
 public:
  ToldProvider() : config_(IntensityProviders().of(ProviderName::watttime)) { config_.zones = {{"FR", "FR_X"}}; }
  const ProviderConfig& config() const override { return config_; }
  bool has(IntensityKind kind) const override { return kind != IntensityKind::average || averages; }
  Duration longest_range() const override { return Duration(86400); }
  IntensityFile range(const ZoneAsked&, Time, Time) override { throw bad_input("nobody asks for a range of now"); }
  IntensityFile latest(const ZoneAsked& asked, Time now) override {
    ++questions;
    zone = asked.zone;
    if (during) during();
    if (!failure.empty()) throw world_error(failure);
    IntensityFile f;
    f.source = "told";
    f.step_ns = 3600'000'000'000;
    if (grams) f.samples = {{Time{now.ns - 60'000'000'000}, *grams, false, 0}};
    return f;
  }
  bool averages = true;
  int questions = 0;
  std::string failure, zone;
  std::optional<double> grams = 42;
  std::function<void()> during;

 private:
  ProviderConfig config_;
};

class Now : public testing::Test {
 protected:
  LiveIntensity live(std::shared_ptr<IntensityProvider> p) {
    return LiveIntensity(catalog_, IntensityStore(dir_.path() / "series"), std::move(p), {}, [this] { return clock_; });
  }
  void later(double seconds) { clock_ = clock_ + Duration(seconds); }
  static double grams(const IntensityNow& n) { return n.intensity.value().in(units::gCO2e_per_kWh); }
  double yearly() const { return catalog_->place("FR").carbon_intensity.value().in(units::gCO2e_per_kWh); }

  ScratchDir dir_;
  Time clock_ = noon;
  std::shared_ptr<Catalog> catalog_ = Catalog::load();
  std::shared_ptr<ToldProvider> provider_ = std::make_shared<ToldProvider>();
};

TEST_F(Now, IsAskedOnceAndThenRememberedForAsLongAsItIsFresh) {
  LiveIntensity l = live(provider_);
  const IntensityNow first = l.at("France");
  EXPECT_EQ(first.origin, NowOrigin::asked);
  EXPECT_DOUBLE_EQ(grams(first), 42);
  EXPECT_DOUBLE_EQ(first.age.base(), 60);
  EXPECT_EQ(first.name.place, "FR");
  EXPECT_EQ(first.why, "");
  EXPECT_EQ(provider_->zone, "FR_X");
  later(299);
  provider_->grams = 43;
  const IntensityNow second = l.at("FR");
  EXPECT_EQ(second.origin, NowOrigin::remembered);
  EXPECT_DOUBLE_EQ(grams(second), 42);
  EXPECT_DOUBLE_EQ(second.age.base(), 359);
  EXPECT_EQ(second.why, "");
  EXPECT_EQ(provider_->questions, 1);
  later(2);
  EXPECT_DOUBLE_EQ(grams(l.at("FR")), 43);
  EXPECT_EQ(provider_->questions, 2);
}

TEST_F(Now, AnotherProcessRemembersByTheDisk) {
  live(provider_).at("FR");
  later(10);
  LiveIntensity other = live(provider_);
  EXPECT_EQ(other.at("FR").origin, NowOrigin::remembered);
  EXPECT_EQ(provider_->questions, 1);
  // What is broken or of another time is none.
  const auto file = dir_.path() / "series" / "FR.average.now.json";
  ASSERT_TRUE(std::filesystem::exists(file));
  std::ofstream(file) << "{\"schema\":";
  EXPECT_EQ(live(provider_).at("FR").origin, NowOrigin::asked);
  EXPECT_EQ(IntensityStore(dir_.path() / "series").names().size(), 0u) << "no series of its own";
  clock_ = noon + Duration(-86400);
  EXPECT_EQ(live(provider_).at("FR").origin, NowOrigin::asked) << "a clock that was set back";
}

TEST_F(Now, FallsBackInOrderAndSaysWhy) {
  LiveIntensity l = live(provider_);
  provider_->failure = "the line is cut";
  const IntensityNow year = l.at("FR");
  EXPECT_EQ(year.origin, NowOrigin::yearly);
  EXPECT_DOUBLE_EQ(grams(year), yearly());
  EXPECT_THAT(year.why, AllOf(HasSubstr("the line is cut"), HasSubstr("no average location-based series")));
  EXPECT_EQ(provider_->questions, 1);
  l.at("FR");
  EXPECT_EQ(provider_->questions, 1) << "a failure is not tried again at once";

  IntensitySeries s;
  s.name = {"FR", IntensityKind::average, IntensityBasis::location};
  s.imports = {{"x.csv", "a source", "CC0", "", "", noon, 3600'000'000'000}};
  s.samples = {{noon, 33, false, 0}};
  IntensityStore(dir_.path() / "series").save(s);
  later(120);
  const IntensityNow hour = l.at("FR");
  EXPECT_EQ(provider_->questions, 2);
  EXPECT_EQ(hour.origin, NowOrigin::series);
  EXPECT_DOUBLE_EQ(grams(hour), 33);
  EXPECT_THAT(hour.why, HasSubstr("the line is cut"));

  later(120);
  provider_->failure.clear();
  EXPECT_EQ(l.at("FR").origin, NowOrigin::asked);
  provider_->failure = "again";
  later(3600);
  const IntensityNow old = l.at("FR");
  EXPECT_EQ(old.origin, NowOrigin::remembered);
  EXPECT_DOUBLE_EQ(grams(old), 42);
  EXPECT_THAT(old.why, HasSubstr("again"));
  later(2 * 3600);
  const IntensityNow none = l.at("FR");
  EXPECT_EQ(none.origin, NowOrigin::yearly) << "too old, and the series ended";
  EXPECT_THAT(none.why, AllOf(HasSubstr("the last value is of"), HasSubstr("ends at")));
}

TEST_F(Now, NoAverageStandsForAMarginalIntensity) {
  LiveIntensity l = live(provider_);
  EXPECT_EQ(l.at("FR", IntensityKind::marginal).origin, NowOrigin::asked);
  EXPECT_EQ(l.at("FR", IntensityKind::average).origin, NowOrigin::asked) << "each has its own memory";
  provider_->failure = "down";
  later(3 * 3600);
  EXPECT_THAT(message_of([&] { l.at("FR", IntensityKind::marginal); }),
              AllOf(HasSubstr("down"), HasSubstr("never stands")));
  provider_->averages = false;
  EXPECT_THAT(l.at("FR").why, HasSubstr("WattTime has no average intensities"));
}

TEST_F(Now, WhoMayNotWaitAsksNobody) {
  LiveIntensity l = live(provider_);
  EXPECT_EQ(l.known("FR").origin, NowOrigin::yearly);
  EXPECT_THAT(l.known("FR").why, HasSubstr("nobody was asked"));
  EXPECT_EQ(provider_->questions, 0);
  l.at("FR");
  EXPECT_EQ(l.known("FR").origin, NowOrigin::remembered);
  EXPECT_EQ(live(nullptr).at("FR").origin, NowOrigin::yearly);
  EXPECT_THAT(message_of([&] { l.at("Frnce"); }), HasSubstr("France"));
  EXPECT_THAT(l.at("DE").why, HasSubstr("no zone of WattTime is known for DE"));
  provider_->grams.reset();
  later(301);
  EXPECT_THAT(l.at("FR").why, HasSubstr("no value of now"));
}

TEST_F(Now, WhileOneAsksOthersDoNotWait) {
  LiveIntensity l = live(provider_);
  std::string why;
  provider_->during = [&] {
    std::thread([&] { why = l.at("FR").why; }).join();  // would hang if it waited for this question
  };
  EXPECT_EQ(l.at("FR").origin, NowOrigin::asked);
  EXPECT_THAT(why, HasSubstr("being asked"));
  EXPECT_EQ(provider_->questions, 1);
}

TEST_F(Now, TheCommandTellsValueAgeAndOrigin) {
  tests::HttpServer server([](const tests::HttpServer::Request&, tests::Connection& c) {
    return c.send(tests::reply(fmt::format(
        R"({{"zone":"FR","carbonIntensity":31.5,"datetime":"{}","isEstimated":true}})", to_string(Time::now()))));
  });
  tests::config_for(ProviderName::electricity_maps, "");
  const std::string file = (dir_.path() / "intensity.toml").string();
  std::ofstream(file) << fmt::format("[electricity-maps]\nurl = '{}'\nretries = 0\n", server.url());
  Context context;
  context.provide(catalog_);
  context.provide(std::make_shared<IntensityLocation>(IntensityLocation{(dir_.path() / "series").string()}));
  context.provide(std::make_shared<ProvidersLocation>(ProvidersLocation{file}));
  const auto ask = [&](std::vector<std::string> words) {
    return wattline::tests::run_command(intensity_now_capability(), words, context);
  };
  const Result r = ask({"FR"});
  EXPECT_DOUBLE_EQ(r.find_estimate("intensity")->measure.value, 31.5);
  EXPECT_TRUE(r.warnings.empty()) << r.warnings[0];
  EXPECT_THAT(to_text(r), AllOf(HasSubstr("an estimate of the source"), Not(HasSubstr(tests::test_key))));
  EXPECT_THAT(to_text(ask({"FR"})), HasSubstr("remembered since"));
  EXPECT_EQ(server.requests(), 1);
  EXPECT_THAT(to_text(ask({"DE", "--offline"})), AllOf(HasSubstr("yearly average"), HasSubstr("no provider is asked")));
  EXPECT_THAT(message_of([&] { ask({"FR", "--kind", "marginal"}); }), HasSubstr("no marginal"));
}

}  // namespace
}  // namespace wattline::catalog
