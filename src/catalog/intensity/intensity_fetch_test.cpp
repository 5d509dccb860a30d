#include "catalog/intensity/intensity_fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/intensity/intensity_commands.h"
#include "catalog/intensity/provider_testing.h"
#include "kernel/command_testing.h"
#include "kernel/error.h"

namespace wattline::catalog {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using tests::Connection;
using tests::HttpServer;
using tests::reply;
using wattline::tests::message_of;
using wattline::tests::run_command;
using wattline::tests::ScratchDir;

Time at(const char* text) { return parse_time(text); }

TEST(IntensitySeries, TellsWhatIsNotCovered) {
  constexpr std::int64_t hour = 3600'000'000'000;
  IntensitySeries s;
  s.imports = {{"a", "", "", "", "", at("2026-01-02"), hour}};
  const std::int64_t t = at("2026-01-01").ns;
  s.samples = {{Time{t}, 1, false, 0}, {Time{t + hour}, 2, true, 0}, {Time{t + 3 * hour}, 3, false, 0}};
  const auto text = [&](const char* from, const char* to, bool estimates = false) {
    std::string out;
    for (const auto& g : uncovered(s, at(from), at(to), estimates))
      out += to_string(g.begin).substr(11, 5) + "-" + to_string(g.end).substr(11, 5) + " ";
    return out;
  };
  EXPECT_EQ(text("2026-01-01T00:00Z", "2026-01-01T02:00Z"), "");
  EXPECT_EQ(text("2026-01-01T00:30Z", "2026-01-01T06:00Z"), "02:00-03:00 04:00-06:00 ");
  EXPECT_EQ(text("2026-01-01T00:30Z", "2026-01-01T06:00Z", true), "01:00-03:00 04:00-06:00 ");
  EXPECT_EQ(text("2025-12-31T23:00Z", "2026-01-01T00:30Z"), "23:00-00:00 ");
  EXPECT_EQ(text("2026-01-01T08:00Z", "2026-01-01T09:00Z"), "08:00-09:00 ");
  EXPECT_EQ(text("2026-01-01T02:15Z", "2026-01-01T02:45Z"), "02:15-02:45 ");
}

TEST(IntensityFetch, WindowsAreFewAndNoneIsTooLong) {
  const auto text = [](std::vector<IntensityGap> gaps) {
    std::string out;
    for (const auto& w : windows_of(gaps, Duration(86400)))
      out += to_string(w.begin).substr(8, 5) + "-" + to_string(w.end).substr(8, 5) + " ";
    return out;
  };
  EXPECT_EQ(text({}), "");
  EXPECT_EQ(text({{at("2026-01-01T00:20Z"), at("2026-01-01T00:40Z")}}), "01T00-01T01 ");
  EXPECT_EQ(text({{at("2026-01-01T00:00Z"), at("2026-01-03T12:00Z")}}), "01T00-02T00 02T00-03T00 03T00-03T12 ");
  EXPECT_EQ(
      text({{at("2026-01-01T00:00Z"), at("2026-01-01T02:00Z")}, {at("2026-01-01T20:00Z"), at("2026-01-02T03:00Z")}}),
      "01T00-02T00 02T00-02T03 ");
  EXPECT_EQ(
      text({{at("2026-01-01T00:00Z"), at("2026-01-01T02:00Z")}, {at("2026-01-05T00:00Z"), at("2026-01-05T01:00Z")}}),
      "01T00-01T02 05T00-05T01 ");
  EXPECT_EQ(
      text({{at("2026-01-01T00:10Z"), at("2026-01-01T00:20Z")}, {at("2026-01-01T00:30Z"), at("2026-01-01T00:40Z")}}),
      "01T00-01T01 ");
}

// Commands against a server that speaks as Electricity Maps does, and may be told to fail.
class IntensityFetchCommand : public testing::Test {
 protected:
  void SetUp() override {
    tests::config_for(ProviderName::electricity_maps, "");
    context_.provide(Catalog::load());
    context_.provide(std::make_shared<IntensityLocation>(IntensityLocation{(dir_.path() / "series").string()}));
    const std::string file = (dir_.path() / "intensity.toml").string();
    std::ofstream(file) << fmt::format(
        "[electricity-maps]\nurl = '{0}'\nretries = 0\nlicence = 'my contract'\n"
        "[electricity-maps.zones]\nUS-CA = 'US-CAL-CISO'\n[watttime]\nurl = '{0}'\nuser = 'ann'\nretries = 0\n"
        "[watttime.zones]\nUS-CA = 'CAISO_NORTH'\n",
        server_.url());
    context_.provide(std::make_shared<ProvidersLocation>(ProvidersLocation{file}));
  }
  Result fetch(std::vector<std::string> words) { return run_command(intensity_fetch_capability(), words, context_); }
  std::string message(const std::vector<std::string>& words) {
    return message_of([&] { fetch(words); });
  }
  IntensityStore store() const { return IntensityStore(dir_.path() / "series"); }

  ScratchDir dir_;
  Context context_;
  std::string fail_;  // the answer to the question `fail_at_`, counted from 1, and to all after it
  int fail_at_ = 0;
  std::string estimated_from_ = "9999-01-01";
  std::atomic<int> asked_{0};
  HttpServer server_{[this](const HttpServer::Request& r, Connection& c) {
    if (tests::asks(r, "/login")) return c.send(reply(fmt::format(R"({{"token":"{}"}})", tests::test_token)));
    ++asked_;
    if (fail_at_ && asked_ >= fail_at_) return c.send(fail_);
    if (tests::asks(r, "/v3/historical")) return c.send(reply(tests::marginal_of(r)));
    return c.send(reply(tests::hours_of(r, estimated_from_)));
  }};
};

TEST_F(IntensityFetchCommand, TakesWhatIsMissingAndAsksForNothingTwice) {
  const std::vector<std::string> words{"france", "--from", "2026-01-01", "--to", "2026-01-21T06:00Z"};
  const Result first = fetch(words);
  EXPECT_THAT(to_text(first),
              AllOf(HasSubstr("486 values taken from Electricity Maps"), HasSubstr("Terms: my"), HasSubstr("zone FR")));
  EXPECT_TRUE(first.warnings.empty()) << first.warnings[0];
  EXPECT_EQ(asked_, 3) << "ten days a question";
  const auto s = store().find({"FR", IntensityKind::average, IntensityBasis::location});
  ASSERT_EQ(s->samples.size(), 486u);
  EXPECT_EQ(s->imports.size(), 1u);
  EXPECT_EQ(s->imports[0].licence, "my contract");
  EXPECT_EQ(s->imports[0].zone, "FR");
  EXPECT_EQ(s->emissions, "lifecycle");
  EXPECT_TRUE(gaps(*s).empty());

  EXPECT_THAT(to_text(fetch(words)), AllOf(HasSubstr("nothing new"), HasSubstr("no question was sent")));
  EXPECT_EQ(asked_, 3);
  fetch({"FR", "--from", "2026-01-20", "--to", "2026-01-21T08:00Z"});
  EXPECT_EQ(asked_, 4);
  EXPECT_EQ(store().find({"FR", IntensityKind::average, IntensityBasis::location})->samples.size(), 488u);
  EXPECT_EQ(tests::query_of(server_.seen().back(), "start"), "2026-01-21T06:00:00Z") << "the two hours alone";
}

TEST_F(IntensityFetchCommand, WhatWasHadBeforeAFaultIsKeptAndTheRestIsNamed) {
  fail_at_ = 2;
  fail_ = reply("busy", "503 Busy");
  const Result r = fetch({"FR", "--from", "2026-01-01", "--to", "2026-01-15"});
  EXPECT_THAT(to_text(r), AllOf(HasSubstr("240 values"), HasSubstr("not all was had"), HasSubstr("HTTP 503"),
                                HasSubstr("96 hours")));
  const Table& missing = *r.find_table("catalog.intensity_missing.v1");
  ASSERT_EQ(missing.rows(), 1u);
  EXPECT_EQ(missing.column("hours").numbers()[0], 96);
  fail_at_ = 0;
  EXPECT_TRUE(fetch({"FR", "--from", "2026-01-01", "--to", "2026-01-15"}).warnings.empty());
  EXPECT_EQ(tests::query_of(server_.seen().back(), "start"), "2026-01-11T00:00:00Z");
}

TEST_F(IntensityFetchCommand, NothingHadIsAnErrorAndLeavesNothing) {
  fail_at_ = 1;
  fail_ = reply(fmt::format(R"({{"error":"bad {}"}})", tests::test_key), "401 No");
  const std::string text = message({"FR", "--from", "2026-01-01", "--to", "2026-01-02"});
  EXPECT_THAT(text, AllOf(HasSubstr("HTTP 401"), Not(HasSubstr(tests::test_key))));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "series"));
}

TEST_F(IntensityFetchCommand, EstimatesAreToldAndAskedForAgainOnRequest) {
  estimated_from_ = "2026-01-01T20:00Z";
  const std::vector<std::string> words{"FR", "--from", "2026-01-01", "--to", "2026-01-02"};
  EXPECT_THAT(to_text(fetch(words)), HasSubstr("4 of the hours are estimates"));
  fetch(words);
  EXPECT_EQ(asked_, 1);
  estimated_from_ = "9999-01-01";
  std::vector<std::string> again = words;
  again.push_back("--refresh");
  EXPECT_THAT(to_text(fetch(again)), HasSubstr("in place of an estimate"));
  EXPECT_EQ(asked_, 2);
  EXPECT_TRUE(fetch(again).warnings.empty());
  EXPECT_EQ(asked_, 2);
}

TEST_F(IntensityFetchCommand, RevisedFiguresAreToldAndTakenOnRequest) {
  fetch({"FR", "--from", "2026-01-01", "--to", "2026-01-01T02:00Z"});
  // The window of the two hours around goes over the one that is known with another figure.
  IntensitySeries s = *store().find({"FR", IntensityKind::average, IntensityBasis::location});
  s.samples = {s.samples[1]};
  s.samples[0].grams = 999;
  store().save(s);
  const std::vector<std::string> words{"FR", "--from", "2026-01-01", "--to", "2026-01-01T03:00Z"};
  EXPECT_THAT(to_text(fetch(words)), HasSubstr("other figures now for 1 of those"));
  EXPECT_EQ(store().find(s.name)->samples[1].grams, 999);
}

TEST_F(IntensityFetchCommand, MarginalAndAverageAreSeriesOfTheirOwn) {
  fetch({"US-CA", "--from", "2026-01-01", "--to", "2026-01-01T01:00Z", "--provider", "watttime"});
  fetch({"US-CA", "--from", "2026-01-01", "--to", "2026-01-01T01:00Z", "--provider", "watttime", "--kind", "average"});
  const auto names = store().names();
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(to_string(names[0]), "US-CA average location");
  EXPECT_EQ(to_string(names[1]), "US-CA marginal location");
  const auto s = store().find(names[1]);
  EXPECT_EQ(s->samples.size(), 12u);
  EXPECT_NEAR(s->samples[0].grams, 453.592, 1e-9);
  EXPECT_EQ(s->imports[0].model, "2026-03-01");
  EXPECT_THAT(message({"FR", "--from", "2026-01-01", "--kind", "marginal"}), HasSubstr("no marginal intensities"));
  EXPECT_THAT(message({"FR", "--from", "2026-01-01", "--provider", "watttime"}), HasSubstr("no zone of WattTime"));
}

TEST_F(IntensityFetchCommand, BadInputIsRefusedBeforeAnythingIsSent) {
  EXPECT_THAT(message({"Frnce", "--from", "2026-01-01"}), HasSubstr("France"));
  EXPECT_THAT(message({"FR", "--from", "noon"}), HasSubstr("noon"));
  EXPECT_THAT(message({"FR", "--from", "2026-01-02", "--to", "2026-01-01"}), HasSubstr("not after"));
  EXPECT_THAT(message({"FR", "--from", "2199-01-01", "--to", "2199-01-02"}), HasSubstr("not come yet"));
  EXPECT_THAT(message({"FR", "--from", "2020-01-01", "--to", "2026-01-01"}), HasSubstr("year by year"));
  EXPECT_THAT(to_text(fetch({"FR", "--from", "2026-01-01", "--to", "2026-02-01", "--dry-run"})),
              AllOf(HasSubstr("4 questions"), HasSubstr("Nothing was sent"), HasSubstr(server_.url())));
  IntensitySeries direct;
  direct.name = {"FR", IntensityKind::average, IntensityBasis::location};
  direct.emissions = "direct";
  direct.imports = {{"x.csv", "s", "", "", "", at("2026-01-01"), 3600'000'000'000}};
  direct.samples = {{at("2026-01-01"), 1, false, 0}};
  store().save(direct);
  EXPECT_THAT(message({"FR", "--from", "2026-01-01", "--to", "2026-01-02"}), HasSubstr("lifecycle here and direct"));
  EXPECT_EQ(server_.requests(), 0);
  Context without;
  without.provide(Catalog::load());
  EXPECT_THAT(message_of([&] {
                run_command(intensity_fetch_capability(), {"FR", "--from", "2026-01-01"}, without);
              }),
              HasSubstr("command line"));
}

TEST_F(IntensityFetchCommand, NoResultHoldsAKey) {
  for (const char* provider : {"electricity-maps", "watttime"}) {
    const Result r = fetch({"US-CA", "--from", "2026-01-01", "--to", "2026-01-02", "--provider", provider});
    for (const auto& text : {to_text(r), to_json(r), to_html(r), to_csv(r)})
      for (const char* secret : {tests::test_key, tests::test_password, tests::test_token})
        EXPECT_THAT(text, Not(HasSubstr(secret)));
  }
  for (const auto& file : std::filesystem::directory_iterator(dir_.path() / "series")) {
    const std::string text = InputFile::from_path(file.path().string()).read();
    for (const char* secret : {tests::test_key, tests::test_password, tests::test_token})
      EXPECT_THAT(text, Not(HasSubstr(secret)));
  }
}

}  // namespace
}  // namespace wattline::catalog
