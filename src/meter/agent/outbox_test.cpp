#include "meter/agent/outbox.h"

#include <gtest/gtest.h>

#include "kernel/command_testing.h"
#include "kernel/error.h"
#include "kernel/http_testing.h"
#include "meter/agent/account_rows.h"
#include "meter/agent/fixture.h"
#include "meter/agent/otlp_metrics.h"

namespace wattline::meter {
namespace {

using wattline::tests::HttpServer;

struct Kept : AccountSink {
  std::string record(const Fact& f) override { return record_all(std::span(&f, 1)), f.uid; }
  void record_all(std::span<const Fact> more) override {
    if (broken) throw world_error("the disk is full");
    facts.insert(facts.end(), more.begin(), more.end());
  }
  std::vector<Fact> facts;
  bool broken = false;
};

PublishedPtr at(Publisher& p, double seconds) { return p.publish(tests::snapshot_at(seconds), {}, Duration(1)); }

TEST(OtlpMetrics, IsTheMessageThatCollectorsTake) {
  Publisher p({}, "node7", "run1");
  at(p, 5);
  const Json j = parse_json(otlp_metrics(*at(p, 10)));
  const Json& resource = j.at("resourceMetrics").as_array().at(0);
  EXPECT_NE(resource.at("resource").dump().find("node7"), std::string::npos);
  const auto& metrics = resource.at("scopeMetrics").as_array().at(0).at("metrics").as_array();
  ASSERT_EQ(metrics.size(), 4u);
  EXPECT_EQ(metrics[0].at("name").as_string(), "hw.energy");
  EXPECT_EQ(metrics[0].at("unit").as_string(), "J");
  const Json& sum = metrics[0].at("sum");
  EXPECT_EQ(sum.at("aggregationTemporality").as_integer(), 2);
  EXPECT_TRUE(sum.at("isMonotonic").as_bool());
  const Json& point = sum.at("dataPoints").as_array().at(0);
  EXPECT_EQ(point.at("asDouble").as_number(), 400);
  EXPECT_EQ(point.at("timeUnixNano").as_string(), "1790000010000000000");
  EXPECT_EQ(metrics[1].at("name").as_string(), "hw.power");
  EXPECT_EQ(metrics[1].at("gauge").at("dataPoints").as_array().size(), 3u);
}

TEST(OtlpMetrics, ASumThatBeginsAnewSaysWhen) {
  Publisher p({}, "node7", "run1");
  auto s = tests::snapshot_at(10);
  s.consumers = {tests::consumer(Level::process, "train", 71, 0, false)};
  p.publish(s, {}, Duration(1));
  auto later = tests::snapshot_at(20);
  later.consumers = {tests::consumer(Level::process, "train", 72, 5)};
  p.publish(later, {}, Duration(1));
  auto end = tests::snapshot_at(30);
  end.consumers = {tests::consumer(Level::process, "train", 72, 8)};
  const Json j = parse_json(otlp_metrics(*p.publish(end, {}, Duration(1))));
  const auto& metrics = j.at("resourceMetrics").as_array()[0].at("scopeMetrics").as_array()[0].at("metrics").as_array();
  EXPECT_EQ(metrics[0].at("sum").at("dataPoints").as_array()[0].at("startTimeUnixNano").as_string(),
            "1790000000000000000");
  const auto& points = metrics[3].at("sum").at("dataPoints").as_array();
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].at("asDouble").as_number(), 3);
  EXPECT_EQ(points[0].at("startTimeUnixNano").as_string(), "1790000020000000000");
  EXPECT_EQ(points[1].at("startTimeUnixNano").as_string(), "1790000000000000000") << "all the others";
}

TEST(OtlpMetrics, WhatIsNotReadHasNoPower) {
  Publisher p({}, "node7", "run1");
  auto s = tests::snapshot_at(1);
  s.components[0].watts = std::nan("");
  const Json j = parse_json(otlp_metrics(*p.publish(s, {}, Duration(1))));
  const auto& metrics = j.at("resourceMetrics").as_array()[0].at("scopeMetrics").as_array()[0].at("metrics").as_array();
  EXPECT_EQ(metrics[1].at("gauge").at("dataPoints").as_array().size(), 2u);
}

TEST(AccountRows, AreWhatLiesBetweenTwoPublications) {
  Publisher p({}, "node7", "run1");
  const auto a = at(p, 10);
  auto s = tests::snapshot_at(70);
  s.components[1].missing = Duration(20);
  const auto b = p.publish(s, {}, Duration(1));
  const auto facts = machine_facts(*a, *b, "FR");
  ASSERT_EQ(facts.size(), 2u) << "what is contained in others is not counted again";
  EXPECT_EQ(facts[0].kind, "machine");
  EXPECT_EQ(facts[0].energy.value().base(), 2400);
  EXPECT_NEAR(facts[0].energy.high().base(), 2520, 5);
  EXPECT_DOUBLE_EQ((facts[0].end - facts[0].begin).base(), 60);
  EXPECT_EQ(facts[0].place, "FR");
  EXPECT_EQ(facts[1].labels.back().second, "20");
  EXPECT_NE(facts[0].uid, facts[1].uid);
}

TEST(AccountRows, AClockThatIsSetBackLosesNoJoules) {
  Publisher p({}, "node7", "run1");
  const auto a = at(p, 10);
  auto s = tests::snapshot_at(70);
  s.now = s.now + Duration(-7200);
  s.started = s.started + Duration(-7200);
  const auto facts = machine_facts(*a, *p.publish(s, {}, Duration(1)), "");
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_EQ(facts[0].energy.value().base(), 2400);
  EXPECT_EQ(facts[0].end, s.now);
  EXPECT_NEAR((facts[0].end - facts[0].begin).base(), 60, 1e-6);
}

TEST(AccountRows, ARestartIsNoDifference) {
  Publisher p({}, "h", "run1"), q({}, "h", "run2");
  EXPECT_TRUE(machine_facts(*at(p, 10), *at(q, 70), "").empty());
  const auto b = at(p, 20);
  EXPECT_TRUE(machine_facts(*b, *b, "").empty());
}

TEST(Outbox, WhatIsLeftIsRecordedAndSentAtTheEnd) {
  HttpServer collector(
      [](const HttpServer::Request&, wattline::tests::Connection& c) { return c.send(wattline::tests::reply("{}")); });
  auto account = std::make_shared<Kept>();
  OutboxSettings s;
  s.otlp_url = otlp_endpoint(collector.url(), true);
  s.otlp_headers = {{"x-key", "k"}};
  s.record_interval = Duration(3600);
  Publisher p({}, "h", "run1");
  {
    Outbox out(s, account, {});
    out.put(at(p, 10));
    out.put(at(p, 20));
  }
  ASSERT_EQ(account->facts.size(), 2u);
  EXPECT_EQ(account->facts[0].energy.value().base(), 400);
  const auto seen = collector.seen();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_TRUE(seen[0].head.starts_with("POST /v1/metrics ")) << seen[0].head;
  EXPECT_EQ(wattline::tests::header_value(seen[0].head, "x-key"), "k");
}

TEST(Outbox, ACollectorThatRefusesAndAFullDiskAreToldOnce) {
  HttpServer collector([](const HttpServer::Request&, wattline::tests::Connection& c) {
    return c.send(wattline::tests::reply("no", "503 Service Unavailable"));
  });
  auto account = std::make_shared<Kept>();
  account->broken = true;
  OutboxSettings s;
  s.otlp_url = otlp_endpoint(collector.url(), false);
  s.record_interval = Duration(3600);
  std::string log;
  Publisher p({}, "h", "run1");
  {
    Outbox out(s, account, [&](std::string_view text) { log += std::string(text) + "\n"; });
    out.put(at(p, 10));
    out.put(at(p, 20));
  }
  EXPECT_NE(log.find("503"), std::string::npos) << log;
  EXPECT_NE(log.find("disk is full"), std::string::npos) << log;
}

}  // namespace
}  // namespace wattline::meter
