#include "catalog/intensity/intensity_store.h"

#include <cmath>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/intensity/intensity_commands.h"
#include "kernel/error.h"
#include "kernel/testing.h"

namespace wattline::catalog {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t hour = 3600'000'000'000;
Time at(const char* text) { return parse_time(text); }

IntensitySeries three_hours() {
  IntensitySeries s;
  s.name = {"FR", IntensityKind::average, IntensityBasis::location};
  s.imports = {{"a.csv", "a source", "CC0", "", "", at("2026-01-02"), hour}};
  const std::int64_t t0 = at("2026-01-01").ns;
  s.samples = {{Time{t0}, 10, false, 0}, {Time{t0 + hour}, 20, true, 0}, {Time{t0 + 3 * hour}, 40, false, 0}};
  return s;
}

TEST(IntensitySeries, MeansAreWeighedByTimeAndNeverExtrapolated) {
  const IntensitySeries s = three_hours();
  const auto mean = [&](const char* from, const char* to) { return mean_over(s, at(from), at(to)); };
  EXPECT_DOUBLE_EQ(mean("2026-01-01T00:30Z", "2026-01-01T01:30Z").grams, 15);
  EXPECT_DOUBLE_EQ(mean("2026-01-01T00:45Z", "2026-01-01T01:45Z").grams, 17.5);
  EXPECT_DOUBLE_EQ(mean("2026-01-01T00:00Z", "2026-01-01T02:00Z").estimated, 0.5);
  const IntensityMean across = mean("2026-01-01T01:00Z", "2026-01-01T04:00Z");
  EXPECT_DOUBLE_EQ(across.grams, 30);
  EXPECT_DOUBLE_EQ(across.covered, 2.0 / 3);
  EXPECT_DOUBLE_EQ(mean("2026-01-01T03:59Z", "2026-01-01T04:01Z").covered, 0.5);
  EXPECT_EQ(mean("2025-12-31", "2026-01-01").covered, 0);
  EXPECT_EQ(mean("2026-01-01T02:00Z", "2026-01-01T03:00Z").covered, 0);
  EXPECT_EQ(mean("2026-01-01T01:59Z", "2026-01-01T01:59Z").grams, 20) << "a moment";
  EXPECT_EQ(mean("2026-01-01T02:00Z", "2026-01-01T02:00Z").covered, 0);
  EXPECT_EQ(mean_over({}, at("2026-01-01"), at("2026-01-02")).covered, 0);
}

TEST(IntensitySeries, SaysWhyAMomentIsNotCovered) {
  const IntensitySeries s = three_hours();
  EXPECT_EQ(why_uncovered(s, at("2026-01-01T01:30Z")), "");
  EXPECT_THAT(why_uncovered(s, at("2025-01-01")), HasSubstr("begins at 2026-01-01"));
  EXPECT_THAT(why_uncovered(s, at("2026-01-01T02:30Z")), HasSubstr("gap from 2026-01-01T02:00:00Z to 2026-01-01T03"));
  EXPECT_THAT(why_uncovered(s, at("2026-01-01T04:00Z")), HasSubstr("ends at 2026-01-01T04"));
  ASSERT_EQ(gaps(s).size(), 1u);
  EXPECT_EQ(covered(s).base(), 3 * 3600);
}

TEST(IntensityFile, ReadsBackWhatItWrote) {
  IntensitySeries s = three_hours();
  s.emissions = "lifecycle";
  s.samples[1].grams = 1.0 / 3;
  s.samples[1].begin.ns += 1;
  s.imports[0].source = "a \"source\", with\nlines";
  const std::string text = to_text(s);
  const IntensitySeries back = parse_intensity_series(text, "x");
  EXPECT_EQ(back.name, s.name);
  EXPECT_EQ(back.samples, s.samples);
  EXPECT_EQ(back.imports, s.imports);
  EXPECT_EQ(to_text(back), text);
}

TEST(IntensityFile, ErrorsNameTheLine) {
  const std::string good = to_text(three_hours());
  const auto error = [&](std::string from, const std::string& to) {
    std::string text = good;
    const auto p = text.find(from);
    EXPECT_NE(p, std::string::npos) << from;
    text.replace(p, from.size(), to);
    try {
      parse_intensity_series(text, "FR.csv");
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(error("average", "mean"), AllOf(HasSubstr("FR.csv:1"), HasSubstr("average or marginal")));
  EXPECT_THAT(error("intensity.v1", "intensity.v9"), HasSubstr("intensity.v9"));
  EXPECT_THAT(error(",10,", ",ten,"), AllOf(HasSubstr("FR.csv:3"), HasSubstr("ten")));
  EXPECT_THAT(error("false,0", "false,1"), HasSubstr("no import"));
  EXPECT_THAT(error("T01:00", "T00:00"), HasSubstr("not after"));
  EXPECT_THAT(error("true", "perhaps"), HasSubstr("perhaps"));
  EXPECT_THAT(error("\"step_s\":3600", "\"step_s\":0"), HasSubstr("step_s"));
}

TEST(IntensityMerge, TheSameAgainAddsNothing) {
  IntensitySeries s = three_hours();
  const auto before = s.samples;
  const IntensityMerge m = merge(s, "", s.imports[0], before, false);
  EXPECT_FALSE(m.changed());
  EXPECT_EQ(m.same, 3);
  EXPECT_EQ(s.imports.size(), 1u);
  EXPECT_EQ(s.samples, before);
}

TEST(IntensityMerge, FiguresReplaceEstimatesAndContradictionsAreRefused) {
  IntensitySeries s = three_hours();
  IntensityImport import = s.imports[0];
  import.file = "b.csv";
  std::vector<IntensitySample> more = s.samples;
  more[0] = {more[0].begin, 99, true, 0};  // an estimate for what is known
  more[1] = {more[1].begin, 21, false, 0};  // a figure for an estimate
  more[2].begin.ns -= hour;  // fills the gap
  const IntensityMerge m = merge(s, "", import, more, false);
  EXPECT_EQ(m.kept, 1);
  EXPECT_EQ(m.replaced_estimates, 1);
  EXPECT_EQ(m.added, 1);
  ASSERT_EQ(s.samples.size(), 4u);
  EXPECT_EQ(s.samples[0].grams, 10);
  EXPECT_EQ(s.samples[1].grams, 21);
  EXPECT_EQ(s.samples[1].import, 1u);
  EXPECT_TRUE(gaps(s).empty());

  std::vector<IntensitySample> other{{s.samples[1].begin, 22, false, 0}};
  const auto before = s.samples;
  try {
    merge(s, "", import, other, false);
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), AllOf(HasSubstr("22"), HasSubstr("21"), HasSubstr("--replace")));
  }
  EXPECT_EQ(s.samples, before) << "nothing of a refused file stays";
  EXPECT_EQ(merge(s, "", import, other, true).replaced, 1);
  EXPECT_EQ(s.samples[1].grams, 22);
  EXPECT_THROW(merge(s, "direct", import, other, true), Error);
  import.zone = "FR";
  other[0].grams = 23;
  merge(s, "", import, other, true);
  import.zone = "DE";
  EXPECT_THROW(merge(s, "", import, other, true), Error);
}

class IntensityCommands : public testing::Test {
 protected:
  void SetUp() override {
    context_.provide(Catalog::load());
    context_.provide(std::make_shared<IntensityLocation>(IntensityLocation{(scratch_.path() / "series").string()}));
  }
  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(scratch_.path() / name, std::ios::binary) << text;
    return (scratch_.path() / name).string();
  }
  Result run(const Capability& c, const std::vector<std::string>& words) {
    const auto options = options_from_arguments(c, words);
    return c.run(options.get(), context_);
  }
  Result import(const std::vector<std::string>& words) { return run(intensity_import_capability(), words); }
  Result show(const std::vector<std::string>& words) { return run(intensity_capability(), words); }
  template <class F>
  static std::string message(F&& f) {
    try {
      f();
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  }
  const std::string csv_ = "time,value [g/kWh]\n2026-01-01T00:00Z,10\n2026-01-01T01:00Z,20\n2026-01-01T03:00Z,40\n";
  tests::ScratchDir scratch_;
  Context context_;
};

TEST_F(IntensityCommands, ImportListShowAndAsk) {
  EXPECT_THAT(to_text(show({})), HasSubstr("There is none"));
  const auto path = file("a.csv", csv_);
  const std::vector<std::string> words{path, "--place", "france", "--kind", "average", "--source", "a source"};
  const Result first = import(words);
  EXPECT_THAT(to_text(first), AllOf(HasSubstr("FR average location"), HasSubstr("1 gap"), HasSubstr("--licence")));
  EXPECT_THAT(to_text(import(words)), AllOf(HasSubstr("nothing new"), HasSubstr("there already")));
  EXPECT_EQ(show({}).find_table("catalog.intensity_series.v1")->rows(), 1u);
  const Result hour_of = show({"FR", "--at", "2026-01-01T01:20Z"});
  EXPECT_DOUBLE_EQ(hour_of.find_estimate("intensity")->measure.value, 20);
  const Result gap = show({"FR", "--at", "2026-01-01T02:20Z"});
  EXPECT_THAT(to_text(gap), AllOf(HasSubstr("yearly average"), HasSubstr("has a gap")));
  EXPECT_DOUBLE_EQ(gap.find_estimate("intensity")->measure.value,
                   context_.get<Catalog>().place("FR").carbon_intensity.value().in(units::gCO2e_per_kWh));
  EXPECT_THAT(to_text(show({"DE", "--at", "2026-01-01T02:20Z"})), HasSubstr("no average location-based series of DE"));
  const Result all = show({"FR"});
  EXPECT_NEAR(all.find_estimate("intensity")->measure.value, 70.0 / 3, 1e-9);
  EXPECT_THAT(to_text(all), HasSubstr("75 %"));
  EXPECT_THAT(message([&] { show({"FR", "--since", "2027-01-01"}); }), HasSubstr("not after"));
}

TEST_F(IntensityCommands, MarginalNeverStandsForAverage) {
  const auto path = file("w.json", R"({"data":[{"point_time":"2026-01-01T00:00:00Z","value":1000}],
    "meta":{"region":"FR_X","signal_type":"co2_moer","units":"lbs_co2_per_mwh"}})");
  EXPECT_THAT(message([&] { import({path}); }), AllOf(HasSubstr("FR_X"), HasSubstr("--place")));
  EXPECT_THAT(message([&] { import({path, "--place", "FR", "--kind", "average"}); }), HasSubstr("holds marginal"));
  import({path, "--place", "FR"});
  const std::string average = to_text(show({"FR", "--at", "2026-01-01T00:01Z"}));
  EXPECT_THAT(average,
              AllOf(HasSubstr("yearly average"), HasSubstr("marginal location, which answers another question")));
  EXPECT_NEAR(show({"FR", "--kind", "marginal", "--at", "2026-01-01T00:01Z"}).find_estimate("intensity")->measure.value,
              453.592, 1e-9);
  EXPECT_THAT(message([&] {
                show({"FR", "--kind", "marginal", "--at", "2026-01-01T00:06Z"});
              }),
              AllOf(HasSubstr("ends at"), HasSubstr("never stands")));
}

TEST_F(IntensityCommands, BadInputLeavesNothingBehind) {
  const auto path = file("a.csv", csv_);
  const auto error = [&](std::vector<std::string> words) { return message([&] { import(words); }); };
  EXPECT_THAT(error({path, "--kind", "average", "--source", "s"}), HasSubstr("of which place"));
  EXPECT_THAT(error({path, "--place", "Frnce", "--kind", "average", "--source", "s"}), HasSubstr("France"));
  EXPECT_THAT(error({path, "--place", "FR", "--source", "s"}), HasSubstr("average or marginal"));
  EXPECT_THAT(error({path, "--place", "FR", "--kind", "average"}), HasSubstr("origin"));
  EXPECT_THAT(error({file("n.csv", "time,v [g/kWh]\n2026-01-01T00:00Z,-1\n2026-01-01T01:00Z,2\n"), "--place", "FR",
                     "--kind", "average", "--source", "s"}),
              HasSubstr("-1"));
  EXPECT_THAT(error({file("one.csv", "time,v [g/kWh]\n2026-01-01T00:00Z,1\n"), "--place", "FR", "--kind", "average",
                     "--source", "s"}),
              HasSubstr("--step"));
  EXPECT_THAT(error({(scratch_.path() / "none").string(), "--place", "FR"}), HasSubstr("none"));
  EXPECT_FALSE(std::filesystem::exists(scratch_.path() / "series"));
  EXPECT_THAT(message([&] { show({"Frnce"}); }), HasSubstr("France"));
  EXPECT_THAT(message([&] { show({"FR", "--at", "noon"}); }), HasSubstr("noon"));
  EXPECT_THAT(message([&] { show({"--at", "2026-01-01"}); }), HasSubstr("no place"));
}

TEST_F(IntensityCommands, ACloudRegionHasTheSeriesOfItsPlace) {
  import({file("a.csv", csv_), "--place", "FR", "--kind", "average", "--source", "s"});
  EXPECT_DOUBLE_EQ(show({"gcp/europe-west9", "--at", "2026-01-01T00:00Z"}).find_estimate("intensity")->measure.value,
                   10);
  import({file("b.csv", "time,v [g/kWh]\n2026-01-01T00:00Z,3\n2026-01-01T01:00Z,4\n"), "--place", "gcp/europe-west9",
          "--kind", "average", "--source", "s"});
  EXPECT_DOUBLE_EQ(show({"gcp/europe-west9", "--at", "2026-01-01T00:00Z"}).find_estimate("intensity")->measure.value,
                   3);
  EXPECT_DOUBLE_EQ(show({"FR", "--at", "2026-01-01T00:00Z"}).find_estimate("intensity")->measure.value, 10);
  EXPECT_EQ(show({}).find_table("catalog.intensity_series.v1")->rows(), 2u);
}

TEST_F(IntensityCommands, ABrokenStoredFileIsNamed) {
  import({file("a.csv", csv_), "--place", "FR", "--kind", "average", "--source", "s"});
  const auto stored = scratch_.path() / "series" / "FR.average.location.csv";
  std::filesystem::copy_file(stored, scratch_.path() / "series" / "DE.average.location.csv");
  EXPECT_THAT(message([&] { show({"DE", "--at", "2026-01-01"}); }), HasSubstr("its name says DE"));
  std::ofstream(stored) << "time,value\n";
  EXPECT_THAT(message([&] { show({"FR"}); }), HasSubstr("FR.average.location.csv:1"));
}

}  // namespace
}  // namespace wattline::catalog
