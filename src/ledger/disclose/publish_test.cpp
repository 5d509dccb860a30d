// What is made of a checked disclosure: SCI, badge, and what changed since another one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/disclose/badge.h"
#include "ledger/disclose/diff.h"
#include "ledger/disclose/disclose.h"
#include "ledger/disclose/manifest.h"
#include "ledger/disclose/sci.h"

namespace wattline::ledger::disclose {
namespace {

using testing::HasSubstr;
using testing::Not;

const catalog::Catalog& embedded() {
  static const auto catalog = catalog::Catalog::load();
  return *catalog;
}
std::string with(std::string from, std::string to, std::string text = sample_disclosure()) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}
std::vector<Sci> sci_of(const std::string& text) {
  return sci(read_manifest(text, "m.yaml").items, schema(embedded()));
}
Badge badge(const std::string& text) { return badge_of(text, "m.yaml", embedded()); }

TEST(Sci, OfTheRunAndOfARequest) {
  auto s = sci_of(sample_disclosure());
  ASSERT_EQ(s.size(), 3u);
  EXPECT_NEAR(s[0].grams.value(), 12 * 1.2 * 50, 1e-9);
  EXPECT_THAT(s[0].how, HasSubstr("M is not disclosed"));
  EXPECT_FALSE(s[1].grams);
  EXPECT_THAT(s[1].how, HasSubstr("needs inference.energy_per_request"));
  EXPECT_FALSE(s[2].grams);
  s = sci_of(sample_disclosure() +
             "embodied: {emissions: 0.1, method: a sheet, lifetime: 26280 h}\n"
             "inference: {energy_per_request: 0.5 Wh, requests_per_year: 1000}\n");
  EXPECT_NEAR(s[0].grams.value(), 12 * 1.2 * 50 + 100, 1e-9);
  EXPECT_NEAR(s[1].grams.value(), 0.0005 * 1.2 * 50, 1e-12);
  EXPECT_NEAR(s[2].grams.value(), 0.03 + 820.0 / 1000, 1e-9);
}

TEST(Sci, TakesNoMarketFactorAndNoOverheadTwice) {
  for (const auto& s : sci_of(with("basis: location", "basis: market"))) {
    EXPECT_FALSE(s.grams) << s.scope;
    EXPECT_THAT(s.how, HasSubstr("market-based"));
  }
  EXPECT_NEAR(sci_of(with("boundary: gpu", "boundary: facility"))[0].grams.value(), 12 * 50, 1e-9);
  EXPECT_NEAR(sci_of(with("pue: 1.2", "pue: excluded"))[0].grams.value(), 12 * 50, 1e-9);
  EXPECT_THAT(sci_of(with("pue: 1.2", "pue: excluded"))[0].how, HasSubstr("no PUE is stated"));
  EXPECT_FALSE(sci_of(with("value: 12 kWh", "value: -12 kWh"))[0].grams);
  EXPECT_FALSE(sci_of(with("value: 12 kWh", "value: TBD"))[0].grams);
}

TEST(Badge, ItsFigureIsRecomputed) {
  const Badge b = badge(sample_disclosure());
  EXPECT_EQ(b.value, "720 gCO2e, grade A");
  EXPECT_EQ(b.tone, BadgeTone::good);
  // Within the tolerance of the rule the stated figure may differ: the recomputed one is shown.
  EXPECT_EQ(badge(with("emissions: 0.72", "emissions: 0.73")).value, "720 gCO2e, grade A");
}

TEST(Badge, WhatFailsIsNotVerified) {
  const Badge wrong = badge(with("emissions: 0.72", "emissions: 0.07"));
  EXPECT_EQ(wrong.value, "not verified");
  EXPECT_EQ(wrong.tone, BadgeTone::bad);
  EXPECT_THAT(wrong.description, HasSubstr("R4 contradicted"));
  // What cannot be recomputed is not known to be wrong.
  const Badge open = badge(with("mean_power: 300 W", "mean_power: TBD"));
  EXPECT_EQ(open.value, "not verified");
  EXPECT_EQ(open.tone, BadgeTone::open);
  EXPECT_THAT(open.description, HasSubstr("R1 not checked"));
  // A contradiction elsewhere takes the trust too.
  EXPECT_EQ(badge(with("pue: 1.2", "pue: 0.9")).value, "not verified");
}

TEST(Badge, IsOneSmallFileThatAsksNothing) {
  const std::string svg = to_svg(badge(sample_disclosure()));
  EXPECT_THAT(svg, testing::StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  for (const char* outward : {"href", "<script", "<image", "@import", "url(", "<style"})
    EXPECT_THAT(svg, Not(HasSubstr(outward)));
  EXPECT_THAT(svg, HasSubstr("720 gCO2e, grade A"));
  EXPECT_LT(svg.size(), 2000u);
  // It tells of which text it is.
  EXPECT_NE(svg, to_svg(badge(sample_disclosure() + "\n")));
  const std::string odd = to_svg({"<a> & \"b\"", "'</svg>", BadgeTone::bad, "-->"});
  EXPECT_THAT(odd, HasSubstr("&lt;a&gt; &amp;"));
  EXPECT_EQ(odd.find("</svg>"), odd.size() - 7) << odd;
}

TEST(Badge, WritesSvgAlone) {
  tests::ScratchDir dir;
  Context context;
  context.provide(catalog::Catalog::load());
  BadgeOptions o{InputFile::from_bytes("m.yaml", sample_disclosure()), (dir.path() / "badge.png").string()};
  EXPECT_THROW(disclose_badge(o, context), Error);
  o.write = (dir.path() / "badge.svg").string();
  disclose_badge(o, context);
  EXPECT_EQ(InputFile::from_path(o.write).read(), to_svg(badge(sample_disclosure())));
}

Result diff(const std::string& before, const std::string& after, const std::string& name = "b.yaml") {
  Context context;
  context.provide(catalog::Catalog::load());
  return disclose_diff({InputFile::from_bytes("a.yaml", before), InputFile::from_bytes(name, after)}, context);
}

TEST(Diff, TheSameInAnotherFormOrUnitIsNoChange) {
  const Result r = diff(sample_disclosure(), sample_disclosure());
  EXPECT_TRUE(r.verdict->holds);
  EXPECT_FALSE(r.find_table("disclosure.items_diff.v1"));
  EXPECT_FALSE(
      diff(sample_disclosure(), with("value: 12 kWh", "value: 12000 Wh")).find_table("disclosure.items_diff.v1"));
  const Json items = read_manifest(sample_disclosure(), "m.yaml").items;
  EXPECT_FALSE(diff(sample_disclosure(), to_json_text(items), "b.json").find_table("disclosure.items_diff.v1"));
}

TEST(Diff, SaysWhatChangedAndByHowMuch) {
  const Result r =
      diff(sample_disclosure(), with("emissions: 0.72", "emissions: 0.6", with("value: 12 kWh", "value: 10 kWh")));
  const Table* t = r.find_table("disclosure.items_diff.v1");
  ASSERT_TRUE(t);
  EXPECT_THAT(t->column("item").texts(), testing::ElementsAre("energy.value", "carbon.emissions"));
  EXPECT_NEAR(t->column("change").numbers()[0], -100.0 / 6, 1e-9);
  const Table* rules = r.find_table("disclosure.rules_diff.v1");
  ASSERT_TRUE(rules) << "12 kWh is what the devices took";
  EXPECT_THAT(rules->column("rule").texts()[0], HasSubstr("R1"));
  EXPECT_FALSE(r.verdict->holds);
  EXPECT_THAT(r.verdict->why, HasSubstr("0 items told less than before, 1 new contradiction"));
}

TEST(Diff, TellingLessIsWorse) {
  const Result r = diff(sample_disclosure(), with("licence: Apache-2.0", "licence: TBD"));
  EXPECT_FALSE(r.verdict->holds);
  EXPECT_EQ(r.find_table("disclosure.items_diff.v1")->column("worse").texts()[0], "yes");
  EXPECT_TRUE(diff(with("licence: Apache-2.0", "licence: TBD"), sample_disclosure()).verdict->holds);
  EXPECT_TRUE(
      diff(sample_disclosure(), with("licence: Apache-2.0", "licence: {not_applicable: kept inside}")).verdict->holds)
      << "a reason tells";
  EXPECT_THROW(diff(sample_disclosure(), ": ["), Error);
}

}  // namespace
}  // namespace wattline::ledger::disclose
