// Both providers against a server on this machine: what they ask, what they make of answers, and every way it can fail.
#include "catalog/intensity/provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/intensity/provider_http.h"
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

const Time t0 = parse_time("2026-01-01"), t3 = parse_time("2026-01-01T03:00Z");

Error error_of(const std::function<void()>& ask) {
  try {
    ask();
  } catch (const Error& e) {
    return e;
  }
  return Error(ErrorKind::unsupported, "no error");
}

bool send(Connection& c, const std::string& text) { return c.send(text); }

// What Electricity Maps' past-range brings when the server answers so.
Error refused(const std::string& answer) {
  HttpServer server([&](const HttpServer::Request&, Connection& c) { return send(c, answer); });
  ProviderConfig config = tests::config_for(ProviderName::electricity_maps, server.url());
  const Error e = error_of([&] { make_provider(config)->range({"FR"}, t0, t3); });
  EXPECT_THAT(e.what(), Not(HasSubstr(tests::test_key)));
  return e;
}

TEST(ElectricityMaps, AsksForARangeAndReadsIt) {
  HttpServer server([](const HttpServer::Request& r, Connection& c) { return send(c, reply(tests::hours_of(r))); });
  const auto provider = make_provider(tests::config_for(ProviderName::electricity_maps, server.url()));
  EXPECT_TRUE(provider->has(IntensityKind::average));
  EXPECT_FALSE(provider->has(IntensityKind::marginal));
  const IntensityFile f = provider->range({"FR"}, t0, t3);
  ASSERT_EQ(f.samples.size(), 3u);
  EXPECT_EQ(f.samples[2].begin, parse_time("2026-01-01T02:00Z"));
  EXPECT_EQ(f.samples[2].grams, 102);
  EXPECT_EQ(f.kind, IntensityKind::average);
  EXPECT_EQ(f.emissions, "lifecycle");
  EXPECT_EQ(f.step_ns, 3600'000'000'000);
  EXPECT_THAT(f.source, HasSubstr("carbon-intensity/past-range"));
  ASSERT_EQ(server.seen().size(), 1u);
  const std::string head = server.seen()[0].head;
  EXPECT_THAT(head, HasSubstr("GET /carbon-intensity/past-range?zone=FR&start=2026-01-01T00%3A00%3A00Z&"
                              "end=2026-01-01T03%3A00%3A00Z&temporalGranularity=hourly&emissionFactorType=lifecycle"));
  EXPECT_EQ(wattline::tests::header_value(head, "auth-token"), tests::test_key);
}

TEST(ElectricityMaps, WhatLiesOutsideAndMomentsWithoutAValueAreLeftOut) {
  HttpServer server([](const HttpServer::Request&, Connection& c) {
    return send(c, reply(R"({"zone":"FR","data":[
      {"datetime":"2025-12-31T23:00:00Z","carbonIntensity":1},{"datetime":"2026-01-01T00:00:00Z","carbonIntensity":null},
      {"datetime":"2026-01-01T01:00:00Z","carbonIntensity":2,"isEstimated":true},{"datetime":"2026-01-01T03:00:00Z","carbonIntensity":3}]})"));
  });
  const auto provider = make_provider(tests::config_for(ProviderName::electricity_maps, server.url()));
  const IntensityFile f = provider->range({"FR"}, t0, t3);
  ASSERT_EQ(f.samples.size(), 1u);
  EXPECT_TRUE(f.samples[0].estimated);
}

TEST(ElectricityMaps, NoValuesAreNoFault) {
  HttpServer server(
      [](const HttpServer::Request&, Connection& c) { return send(c, reply(R"({"zone":"FR","data":[]})")); });
  EXPECT_TRUE(make_provider(tests::config_for(ProviderName::electricity_maps, server.url()))
                  ->range({"FR"}, t0, t3)
                  .samples.empty());
}

TEST(ElectricityMaps, TheLatestIsOneValue) {
  HttpServer server([](const HttpServer::Request& r, Connection& c) {
    if (!tests::asks(r, "/carbon-intensity/latest")) return send(c, reply("{}", "404 Not Found"));
    return send(c,
                reply(R"({"zone":"FR","carbonIntensity":31.5,"datetime":"2026-01-01T01:00:00.000Z","isEstimated":true,
                             "estimationMethod":"TIME_SLICER_AVERAGE","emissionFactorType":"lifecycle"})"));
  });
  const IntensityFile f =
      make_provider(tests::config_for(ProviderName::electricity_maps, server.url()))->latest({"FR"}, t3);
  ASSERT_EQ(f.samples.size(), 1u);
  EXPECT_EQ(f.samples[0].grams, 31.5);
  EXPECT_TRUE(f.samples[0].estimated);
}

TEST(ElectricityMaps, RefusalsSayWhatTheServerSaysAndNeverTheKey) {
  const Error contract =
      refused(reply(R"({"error":"Request unauthorized for zoneKey=FR","message":"no access"})", "401 Unauthorized"));
  EXPECT_EQ(contract.kind(), ErrorKind::denied);
  EXPECT_THAT(contract.what(), AllOf(HasSubstr("HTTP 401"), HasSubstr("zoneKey=FR no access"), HasSubstr("contract")));
  const Error key =
      refused(reply(fmt::format(R"({{"error":"Invalid auth-token {}"}})", tests::test_key), "403 Forbidden"));
  EXPECT_THAT(key.what(), AllOf(HasSubstr("HTTP 403"), HasSubstr("auth-token ***")));
  EXPECT_EQ(refused(reply("", "400 Bad")).kind(), ErrorKind::world);
  EXPECT_THAT(refused(reply("oh no", "500 Oops")).what(), HasSubstr("fails (HTTP 500)"));
  EXPECT_EQ(refused(reply("", "302 Found")).kind(), ErrorKind::world);
}

TEST(ElectricityMaps, WhatIsNoAnswerIsTold) {
  const auto text = [](const std::string& answer) {
    const Error e = refused(answer);
    EXPECT_EQ(e.kind(), ErrorKind::world) << e.what();
    return std::string(e.what());
  };
  EXPECT_THAT(text(reply("<html>log in</html>", "200 OK", "text/html")), HasSubstr("web page"));
  EXPECT_THAT(text(reply(" <!doctype html>")), HasSubstr("web page"));
  EXPECT_THAT(text(reply("")), HasSubstr("empty"));
  EXPECT_THAT(text(reply("Access denied")), HasSubstr("no JSON"));
  EXPECT_THAT(text(reply(R"({"zone":"FR","data":[)")), HasSubstr("cannot be used"));
  EXPECT_THAT(text(reply(R"({"zone":"FR"})")), HasSubstr("cannot be used"));
  EXPECT_THAT(text(reply(R"({"zone":"FR","data":[{"datetime":"2026-01-01T01:00:00Z","carbonIntensity":"low"}]})")),
              HasSubstr("data[0]"));
  EXPECT_THAT(text(reply(R"({"zone":"FR","data":[{"datetime":"2026-01-01T01:00:00Z","carbonIntensity":-5}]})")),
              HasSubstr("-5"));
  EXPECT_THAT(text(reply(R"({"zone":"DE","data":[]})")), HasSubstr("FR was asked for and an answer for DE came"));
  EXPECT_THAT(
      text(reply(
          R"({"zone":"FR","data":[{"datetime":"2026-01-01T01:00:00Z","carbonIntensity":5,"emissionFactorType":"direct"}]})")),
      HasSubstr("lifecycle emissions were asked for"));
  EXPECT_THAT(text("HTTP/1.1 200 OK\r\ncontent-length: 17000000\r\n\r\n{"), HasSubstr("larger than"));
}

TEST(ElectricityMaps, ATruncatedAnswerIsTold) {
  HttpServer server([](const HttpServer::Request&, Connection& c) {
    send(c, "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"zone\":\"FR\",\"data\":[");
    return false;
  });
  EXPECT_THAT(message_of([&] {
                make_provider(tests::config_for(ProviderName::electricity_maps, server.url()))->range({"FR"}, t0, t3);
              }),
              HasSubstr("cut short"));
}

TEST(ElectricityMaps, AnUnknownZoneComesWithTheNearest) {
  HttpServer server([](const HttpServer::Request& r, Connection& c) {
    if (tests::asks(r, "/zones"))
      return send(c, reply(R"({"US-CAL-CISO":{"zoneName":"CAISO"},"FR":{},"US-TEX-ERCO":{}})"));
    return send(c, reply(R"({"error":"Zone does not exist"})", "404 Not Found"));
  });
  const Error e = error_of([&] {
    make_provider(tests::config_for(ProviderName::electricity_maps, server.url()))->range({"US-CAL-CIS"}, t0, t3);
  });
  EXPECT_EQ(e.kind(), ErrorKind::not_found);
  EXPECT_THAT(e.what(), AllOf(HasSubstr("US-CAL-CIS"), HasSubstr("US-CAL-CISO"), HasSubstr("does not exist")));
  HttpServer without([](const HttpServer::Request&, Connection& c) { return send(c, reply("", "404 Not Found")); });
  EXPECT_THAT(message_of([&] {
                make_provider(tests::config_for(ProviderName::electricity_maps, without.url()))->range({"XX"}, t0, t3);
              }),
              HasSubstr("'XX' may be none of its zones"));
}

TEST(ProviderHttp, WhatMayDoBetterIsAskedAgainWithinTheDeadline) {
  int asked = 0;
  HttpServer server([&](const HttpServer::Request& r, Connection& c) {
    if (++asked == 1) return send(c, "HTTP/1.1 429 Too Many\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n");
    if (asked == 2) return send(c, "HTTP/1.1 503 Later\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n");
    return send(c, reply(tests::hours_of(r)));
  });
  ProviderConfig config = tests::config_for(ProviderName::electricity_maps, server.url());
  config.retries = 2;
  EXPECT_EQ(make_provider(config)->range({"FR"}, t0, t3).samples.size(), 3u);
  EXPECT_EQ(asked, 3);
  asked = 0;
  config.retries = 1;
  EXPECT_THAT(message_of([&] { make_provider(config)->range({"FR"}, t0, t3); }), HasSubstr("HTTP 503"));
}

TEST(ProviderHttp, AWaitLongerThanTheDeadlineIsNotBegun) {
  int asked = 0;
  HttpServer server([&](const HttpServer::Request&, Connection& c) {
    ++asked;
    return send(c, "HTTP/1.1 429 Too Many\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n");
  });
  ProviderConfig config = tests::config_for(ProviderName::electricity_maps, server.url());
  config.retries = 5;
  const Error e = error_of([&] { make_provider(config)->range({"FR"}, t0, t3); });
  EXPECT_THAT(e.what(), AllOf(HasSubstr("again in 3600 s"), HasSubstr("deadline is 20 s")));
  EXPECT_EQ(asked, 1);
}

TEST(ProviderHttp, TheDeadlineAndCancellingEndAQuestion) {
  HttpServer silent([](const HttpServer::Request&, Connection& c) { return c.closed_within(60'000), false; });
  ProviderConfig config = tests::config_for(ProviderName::electricity_maps, silent.url());
  config.deadline = Duration(0.2);
  config.retries = 5;
  EXPECT_THAT(message_of([&] { make_provider(config)->range({"FR"}, t0, t3); }), HasSubstr("within"));
  config.deadline = Duration(60);
  EXPECT_EQ(error_of([&] { make_provider(config, [] { return true; })->range({"FR"}, t0, t3); }).kind(),
            ErrorKind::cancelled);
}

TEST(ProviderHttp, ReadsHowLongToWait) {
  const Time now = parse_time("2026-11-26T03:00:00Z");
  EXPECT_DOUBLE_EQ(retry_after("120", now)->base(), 120);
  EXPECT_DOUBLE_EQ(retry_after("Thu, 26 Nov 2026 03:00:30 GMT", now)->base(), 30);
  EXPECT_DOUBLE_EQ(retry_after("Thu, 26 Nov 2026 02:00:00 GMT", now)->base(), 0) << "past";
  for (const char* text : {"", "-1", "soon", "99999999999999999999", "12 s"})
    EXPECT_FALSE(retry_after(text, now)) << text;
}

// A server of WattTime; `forgets` tokens it gave, once.
struct WattTimeServer {
  std::atomic<int> logins{0};
  bool forgets = false, no_token = false;
  HttpServer server{[this](const HttpServer::Request& r, Connection& c) {
    if (tests::asks(r, "/login")) {
      // "ann:pa55w0rd-of-the-test"
      const bool right =
          wattline::tests::header_value(r.head, "authorization") == "Basic YW5uOnBhNTV3MHJkLW9mLXRoZS10ZXN0";
      if (!right) return send(c, reply(R"({"detail":"wrong"})", "401 Unauthorized"));
      ++logins;
      return send(c, reply(no_token ? "{}" : fmt::format(R"({{"token":"{}"}})", tests::test_token)));
    }
    if (wattline::tests::header_value(r.head, "authorization") != std::string("Bearer ") + tests::test_token)
      return send(c, reply("{}", "401 Unauthorized"));
    if (std::exchange(forgets, false)) return send(c, reply(R"({"message":"token expired"})", "401 Unauthorized"));
    if (tests::asks(r, "/v3/my-access"))
      return send(
          c,
          reply(
              R"({"signal_types":[{"signal_type":"co2_moer","regions":[{"region":"CAISO_NORTH"},{"region":"PJM_NJ"}]}]})"));
    if (tests::query_of(r, "region") != "CAISO_NORTH") return send(c, reply("{}", "404 Not Found"));
    if (tests::asks(r, "/v3/historical")) return send(c, reply(tests::marginal_of(r)));
    if (tests::asks(r, "/v3/forecast"))
      return send(
          c, reply(R"({"data":[{"point_time":"2026-01-01T03:00:00+00:00","value":870}],"meta":{"region":"CAISO_NORTH",
        "signal_type":"co2_moer","units":"lbs_co2_per_mwh","data_point_period_seconds":300,"model":{"date":"2023-03-01"},
        "generated_at":"2026-01-01T02:58:00+00:00","warnings":[]}})"));
    return send(c, reply("{}", "404 Not Found"));
  }};
};

TEST(WattTime, LogsInOnceAndReadsMarginalIntensities) {
  WattTimeServer w;
  const auto provider = make_provider(tests::config_for(ProviderName::watttime, w.server.url()));
  const ZoneAsked asked{"CAISO_NORTH", IntensityKind::marginal};
  const IntensityFile f = provider->range(asked, t0, t3);
  ASSERT_EQ(f.samples.size(), 36u);
  EXPECT_NEAR(f.samples[1].grams, 1001 * 0.453592, 1e-9) << "lbs/MWh to g/kWh";
  EXPECT_EQ(f.kind, IntensityKind::marginal);
  EXPECT_EQ(f.model, "2026-03-01");
  EXPECT_EQ(f.step_ns, 300'000'000'000);
  EXPECT_EQ(provider->latest(asked, t3).samples.front().estimated, true) << "a forecast";
  EXPECT_EQ(w.logins, 1) << "one log-in for both";
  w.forgets = true;
  EXPECT_EQ(provider->range(asked, t0, t3).samples.size(), 36u);
  EXPECT_EQ(w.logins, 2);
}

TEST(WattTime, AveragesAreAskedForByTheirName) {
  WattTimeServer w;
  const auto provider = make_provider(tests::config_for(ProviderName::watttime, w.server.url()));
  EXPECT_EQ(provider->range({"CAISO_NORTH", IntensityKind::average}, t0, t3).kind, IntensityKind::average);
  EXPECT_EQ(provider->latest({"CAISO_NORTH", IntensityKind::average}, t3).samples.back().begin,
            parse_time("2026-01-01T02:55Z"));
  for (const auto& r : w.server.seen())
    EXPECT_EQ(tests::query_of(r, "signal_type"), tests::asks(r, "/login") ? "" : "co2_aoer");
}

TEST(WattTime, FailuresHoldNoSecret) {
  WattTimeServer w;
  ProviderConfig config = tests::config_for(ProviderName::watttime, w.server.url());
  const auto told = [&](const std::string& zone) {
    const Error e = error_of([&] { make_provider(config)->range({zone, IntensityKind::marginal}, t0, t3); });
    for (const char* secret : {tests::test_password, tests::test_token, "YW5uOnBh"})
      EXPECT_THAT(e.what(), Not(HasSubstr(secret)));
    return e;
  };
  const Error zone = told("CAISO_NORT");
  EXPECT_EQ(zone.kind(), ErrorKind::not_found);
  EXPECT_THAT(zone.what(), HasSubstr("CAISO_NORTH"));
  w.no_token = true;
  EXPECT_THAT(told("CAISO_NORTH").what(), HasSubstr("no token"));
  config.user = "bob";
  EXPECT_EQ(told("CAISO_NORTH").kind(), ErrorKind::denied);
  config.user.clear();
  config.user_env = "WATTLINE_TEST_NO_SUCH_USER";
  EXPECT_THAT(told("CAISO_NORTH").what(), HasSubstr("WATTLINE_TEST_NO_SUCH_USER"));
}

TEST(Zones, AreThoseOfTheConfigurationOrOfTheSameName) {
  const auto catalog = Catalog::load();
  ProviderConfig maps = IntensityProviders().of(ProviderName::electricity_maps);
  std::string kept;
  EXPECT_EQ(zone_of(maps, "france", *catalog, &kept), "FR");
  EXPECT_EQ(kept, "FR");
  EXPECT_EQ(zone_of(maps, "gcp/europe-west9", *catalog, &kept), "FR");
  EXPECT_EQ(kept, "FR") << "a cloud region has the series of its place";
  EXPECT_THAT(message_of([&] { zone_of(maps, "US-CA", *catalog); }),
              AllOf(HasSubstr("no zone of Electricity Maps"), HasSubstr("[electricity-maps.zones]")));
  EXPECT_THAT(message_of([&] { zone_of(maps, "WORLD", *catalog); }), HasSubstr("no zone"));
  EXPECT_THAT(message_of([&] { zone_of(maps, "Frnce", *catalog); }), HasSubstr("France"));
  maps.zones = {{"California", "US-CAL-CISO"}, {"gcp/europe-west9", "FR-PARIS"}};
  EXPECT_EQ(zone_of(maps, "US-CA", *catalog, &kept), "US-CAL-CISO");
  EXPECT_EQ(zone_of(maps, "gcp/europe-west9", *catalog, &kept), "FR-PARIS");
  EXPECT_EQ(kept, "gcp/europe-west9");
  maps.zones = {{"Clifornia", "X"}};
  EXPECT_THAT(message_of([&] { zone_of(maps, "FR", *catalog); }), AllOf(HasSubstr("zones"), HasSubstr("California")));
  const ProviderConfig watttime = IntensityProviders().of(ProviderName::watttime);
  EXPECT_THAT(message_of([&] { zone_of(watttime, "FR", *catalog); }), HasSubstr("[watttime.zones]"));
}

}  // namespace
}  // namespace wattline::catalog
