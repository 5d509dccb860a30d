// Configured meters, from their tables to their joules.
#include "meter/families/external.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/command_testing.h"
#include "kernel/http_testing.h"
#include "meter/fake_tree.h"
#include "meter/families/external_config.h"
#include "meter/families/ipmi.h"
#include "meter/families/poller.h"
#include "meter/monitor/monitor.h"

namespace wattline::meter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::FakeTree;
using wattline::tests::message_of;
using wattline::tests::reply;

const EnvironmentLookup one_key = [](const std::string& name) {
  return name == "METER_KEY" ? std::optional<std::string>("secret") : std::nullopt;
};

std::vector<MeterConfig> read(const std::string& toml) { return read_meters(toml, "c.toml", one_key); }
std::string fault(const std::string& toml) {
  return message_of([&] { read(toml); });
}
const std::string head = "[[meter.source]]\nname = \"m\"\n";

TEST(MeterConfig, ReadsWhatIsThere) {
  const auto all = read(
      "[meter.sources]\nwatch = \"1 s\"\n[[meter.source]]\nname = \"rack\"\ntype = \"redfish\"\n"
      "url = \"https://bmc/redfish/v1/Chassis/1\"\nuser = \"me\"\nkey_env = \"METER_KEY\"\ninterval = \"30 s\"\n"
      "[[meter.source]]\nname = \"pdu\"\ntype = \"json\"\nfile = \"/run/pdu.json\"\npower = \"a.0\"\npower_unit = "
      "\"kW\"\n"
      "energy = \"e\"\nenergy_unit = \"Wh\"\nmeasures = \"gpu\"\n");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].key.reveal(), "secret");
  EXPECT_DOUBLE_EQ(all[0].interval.base(), 30);
  EXPECT_EQ(all[0].measures, Domain::platform);
  EXPECT_EQ(all[0].where, "c.toml:3");
  EXPECT_DOUBLE_EQ(all[1].power_scale, 1000);
  EXPECT_DOUBLE_EQ(all[1].energy_scale, 3600);
  EXPECT_EQ(all[1].measures, Domain::gpu);
  EXPECT_THAT(read("[defaults]\nplace = \"FR\"\n"), IsEmpty());
}

TEST(MeterConfig, FaultsNameLineValueAndMend) {
  EXPECT_THAT(fault("[[meter.source]]\ntype = \"shelly\"\nurl = \"http://x/\"\n"), HasSubstr("name ''"));
  EXPECT_THAT(fault(head + "type = \"shely\"\nurl = \"http://x/\"\n"),
              testing::AllOf(HasSubstr("c.toml:3"), HasSubstr("'shely'"), HasSubstr("shelly")));
  EXPECT_THAT(fault(head + "type = \"shelly\"\n"), HasSubstr("one of url and file"));
  EXPECT_THAT(fault(head + "type = \"shelly\"\nurl = \"ftp://x/\"\n"), HasSubstr("http://"));
  EXPECT_THAT(fault(head + "type = \"upsc\"\nfile = \"ups.txt\"\n"), HasSubstr("whole path"));
  EXPECT_THAT(fault(head + "type = \"ptdaemon\"\nurl = \"http://x/\"\n"), HasSubstr("from a file"));
  EXPECT_THAT(fault(head + "type = \"redfish\"\nurl = \"https://x/\"\ninterval = \"1 s\"\n"), HasSubstr("10 s"));
  EXPECT_THAT(fault(head + "type = \"json\"\nurl = \"http://x/\"\n"), HasSubstr("needs a path"));
  EXPECT_THAT(fault(head + "type = \"json\"\nurl = \"http://x/\"\npower = \"a\"\npower_unit = \"kWh\"\n"),
              HasSubstr("no unit of power"));
  EXPECT_THAT(fault(head + "type = \"shelly\"\nurl = \"http://x/\"\ncolour = \"red\"\n"), HasSubstr("colour"));
  EXPECT_THAT(fault(head + "type = \"shelly\"\nurl = \"http://x/\"\ntimeout = 5\n"), HasSubstr("text"));
  EXPECT_THAT(fault(head + "type = \"shelly\"\nurl = \"https://x/\"\nkey_env = \"NOT_SET\"\n"), HasSubstr("NOT_SET"));
  EXPECT_THAT(fault(head + "type = \"shelly\"\nurl = \"http://10.0.0.9/\"\nkey_env = \"METER_KEY\"\n"),
              testing::AllOf(HasSubstr("in the clear"), testing::Not(HasSubstr("secret"))));
  EXPECT_THAT(fault("[meter.source]\nname = \"m\"\n"), HasSubstr("two brackets"));
  EXPECT_THAT(
      fault(head + "type = \"shelly\"\nurl = \"http://x/\"\n" + head + "type = \"shelly\"\nurl = \"http://x/\"\n"),
      HasSubstr("two meters"));
  EXPECT_THAT(fault("[[meter.source]\n"), HasSubstr("c.toml:1"));
}

const Source* component(const Found& found, const std::string& name) {
  for (const auto& s : found.sources)
    if (s->info().component == name) return s.get();
  return nullptr;
}

class External : public testing::Test {
 protected:
  FakeTree tree;
  Roots roots = tree.roots();
  void configure(const std::string& toml) {
    tree.put("config.toml", toml);
    roots.configuration = {tree.path("missing.toml"), tree.path("config.toml")};
  }
};

TEST_F(External, APlugOverHttpIsTheMachineAndNotAddedToItsParts) {
  std::atomic<int> watts = 80;
  wattline::tests::HttpServer server([&](const auto&, auto& c) {
    return c.send(reply(R"({"apower":)" + std::to_string(watts) + R"(,"aenergy":{"total":10}})"));
  });
  configure("[[meter.source]]\nname = \"plug\"\ntype = \"shelly\"\nurl = \"" + server.url() +
            "/rpc/Switch.GetStatus?id=0\"\ninterval = \"100 ms\"\n");
  const Found found = find_external(roots);
  ASSERT_EQ(found.sources.size(), 2u);
  auto* plug = const_cast<Source*>(component(found, "plug"));
  ASSERT_TRUE(plug);
  EXPECT_DOUBLE_EQ(*plug->read(), 80);
  EXPECT_EQ(plug->info().domain, Domain::platform);
  EXPECT_FALSE(plug->info().counted);
  EXPECT_EQ(plug->info().where.find("id=0"), std::string::npos) << "queries are not shown";
  const auto* counter = component(found, "plug-counter");
  ASSERT_TRUE(counter);
  EXPECT_DOUBLE_EQ(*const_cast<Source*>(counter)->read(), 36000);
  watts = 90;
  while (*plug->read() != 90) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

TEST_F(External, AKeyGoesIntoTheHeaderAndARefusalIsAnObstacle) {
  wattline::tests::HttpServer server([](const auto& r, auto& c) {
    if (wattline::tests::header_value(r.head, "authorization") == "Basic bWU6c2VjcmV0")
      return c.send(reply(R"({"PowerWatts":{"Reading":300}})"));
    return c.send(reply("{}", "401 Unauthorized"));
  });
  const std::string meter = "[[meter.source]]\nname = \"bmc\"\ntype = \"redfish\"\nurl = \"" + server.url() + "/c\"\n";
  ::setenv("WATTLINE_TEST_METER_KEY", "secret", 1);
  configure(meter + "user = \"me\"\nkey_env = \"WATTLINE_TEST_METER_KEY\"\n");
  EXPECT_DOUBLE_EQ(*find_external(roots).sources.at(0)->read(), 300);
  configure(meter);
  const Found refused = find_external(roots);
  ASSERT_EQ(refused.sources.size(), 1u);
  EXPECT_TRUE(refused.sources[0]->awaited());
  EXPECT_THAT(refused.obstacles.at(0).why, HasSubstr("401"));
  EXPECT_FALSE(refused.obstacles.at(0).absent);
}

TEST_F(External, AMeterThatDiesIsAFailedReadingAndNoZero) {
  auto server = std::make_unique<wattline::tests::HttpServer>(
      [](const auto&, auto& c) { return c.send(reply(R"({"apower":80})")); });
  configure("[[meter.source]]\nname = \"plug\"\ntype = \"shelly\"\nurl = \"" + server->url() +
            "/\"\ninterval = \"100 ms\"\ntimeout = \"200 ms\"\n");
  const Found found = find_external(roots);
  ASSERT_TRUE(found.sources.at(0)->read());
  server.reset();
  while (found.sources[0]->read()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_THAT(found.sources[0]->trouble(), HasSubstr("127.0.0.1"));
}

TEST_F(External, LogsOfAnAnalyserAnAppleMachineAndAUps) {
  tree.put("ptd.csv", "Time,01-31-2024 10:00:00.123,Watts,104.5,Volts,230,Amps,0.5,PF,0.9,Mark,a\n");
  tree.put("pm.txt", "CPU Power: 3520 mW\nGPU Power: 250 mW\n");
  tree.put("ups.txt", "ups.load: 50\nups.realpower.nominal: 400\n");
  tree.put("empty.txt", "");
  const auto file = [&](const std::string& name) { return "file = \"" + tree.path(name).string() + "\"\n"; };
  configure("[[meter.source]]\nname = \"analyser\"\ntype = \"ptdaemon\"\n" + file("ptd.csv") +
            "[[meter.source]]\nname = \"mac\"\ntype = \"powermetrics\"\n" + file("pm.txt") +
            "[[meter.source]]\nname = \"ups\"\ntype = \"upsc\"\n" + file("ups.txt") +
            "[[meter.source]]\nname = \"none\"\ntype = \"upsc\"\n" + file("none.txt") +
            "[[meter.source]]\nname = \"empty\"\ntype = \"upsc\"\n" + file("empty.txt"));
  Found found = find_external(roots);
  std::vector<std::string> names;
  for (const auto& s : found.sources) names.push_back(s->info().component);
  EXPECT_THAT(names, ElementsAre("analyser", "mac-cpu", "mac-gpu", "ups", "none", "empty"));
  EXPECT_EQ(found.sources[1]->info().domain, Domain::cpu);
  EXPECT_TRUE(found.sources[1]->info().counted);
  EXPECT_EQ(found.sources[3]->info().gain, "meter.ups_load.gain");
  ASSERT_EQ(found.obstacles.size(), 2u);
  EXPECT_THAT(found.obstacles[0].why, HasSubstr("none.txt"));
  EXPECT_THAT(found.obstacles[1].why, HasSubstr("empty"));
}

TEST_F(External, OneThatIsSilentAtTheStartIsAGapUntilItAnswers) {
  std::atomic<bool> up = false;
  wattline::tests::HttpServer server([&](const auto&, auto& c) {
    return c.send(up ? reply(R"({"apower":80})") : reply("{}", "503 Service Unavailable"));
  });
  configure("[[meter.source]]\nname = \"plug\"\ntype = \"shelly\"\nurl = \"" + server.url() +
            "/\"\ninterval = \"100 ms\"\n");
  Found found = find_external(roots);
  ASSERT_EQ(found.sources.size(), 1u);
  Source& plug = *found.sources[0];
  EXPECT_TRUE(plug.awaited());
  EXPECT_FALSE(plug.read());
  EXPECT_THAT(plug.trouble(), testing::AllOf(HasSubstr("not answered yet"), HasSubstr("503")));
  EXPECT_FALSE(plug.info().counted) << "as it would be had it answered";
  EXPECT_THAT(found.obstacles.at(0).why, HasSubstr("asked again"));
  plug.finish();  // waits for no answer of a meter that has none
  up = true;
  while (!plug.read()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(plug.read().value_or(0), 80);
  EXPECT_FALSE(plug.awaited());
}

TEST_F(External, WhatASilentMeterWillTellIsKnownFromItsType) {
  const auto file = [&](const std::string& name) { return "file = \"" + tree.path(name).string() + "\"\n"; };
  configure("[[meter.source]]\nname = \"mac\"\ntype = \"powermetrics\"\n" + file("pm.txt") +
            "[[meter.source]]\nname = \"kwh\"\ntype = \"json\"\nenergy = \"e\"\ninterval = \"100 ms\"\n" +
            file("kwh.json") + "[[meter.source]]\nname = \"ups\"\ntype = \"upsc\"\n" + file("ups.txt"));
  const Found found = find_external(roots);
  ASSERT_EQ(found.sources.size(), 4u);
  EXPECT_EQ(found.sources[0]->info().component, "mac-cpu");
  EXPECT_EQ(found.sources[1]->info().domain, Domain::gpu);
  EXPECT_TRUE(found.sources[1]->info().counted);
  EXPECT_EQ(found.sources[2]->info().kind, SourceKind::energy);
  EXPECT_EQ(found.sources[3]->info().gain, "meter.ups_load.gain") << "the wider error of the two it may have";
  tree.put("kwh.json", R"({"p":5})");
  while (!found.sources[2]->read() && found.sources[2]->awaited() &&
         found.sources[2]->trouble().find("holds no power") == std::string::npos)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  tree.put("kwh.json", R"({"e":7})");
  while (!found.sources[2]->read()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(found.sources[2]->read().value_or(0), 7);
}

TEST_F(External, AMonitorShowsASilentMeterWithItsReason) {
  configure("[[meter.source]]\nname = \"ups\"\ntype = \"upsc\"\ninterval = \"100 ms\"\nfile = \"" +
            tree.path("ups.txt").string() + "\"\n");
  MonitorSettings settings;
  settings.roots = roots;
  settings.processes = false;
  std::int64_t ns = 0;
  const auto clock = [&] { return Instant{ns, ns, Time{ns}}; };
  const auto catalog = catalog::Catalog::load();
  Monitor monitor(settings, *catalog, {find_external(roots), clock, {}, {}, {}, {}});
  const auto ups = [&] {
    ns += 1'000'000'000;
    monitor.tick();
    for (const auto& c : monitor.snapshot().components)
      if (c.info.component == "ups") return c;
    return ComponentSeen();
  };
  ups();
  ups();
  const ComponentSeen silent = ups();
  EXPECT_THAT(silent.trouble, HasSubstr("not answered yet"));
  EXPECT_TRUE(std::isnan(silent.watts));
  EXPECT_DOUBLE_EQ(silent.missing.base(), 2);
  tree.put("ups.txt", "ups.realpower: 50\n");
  while (!ups().trouble.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  tree.put("ups.txt", "ups.realpower: 50\n");
  EXPECT_GE(ups().missing.base(), 2);
}

TEST(Poller, ASilentMeterIsAskedMoreAndMoreRarely) {
  EXPECT_EQ(wait_after(0, Duration(2)), Duration(2));
  EXPECT_EQ(wait_after(1, Duration(2)), Duration(2));
  EXPECT_EQ(wait_after(3, Duration(2)), Duration(8));
  EXPECT_EQ(wait_after(1000, Duration(0.1)), Duration(60));
  EXPECT_EQ(wait_after(1000, Duration(3600)), Duration(3600)) << "never more often than it was configured";
}

TEST_F(External, ALogThatIsNoLongerWrittenIsOld) {
  tree.put("ups.txt", "ups.realpower: 50\n");
  std::filesystem::last_write_time(tree.path("ups.txt"),
                                   std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  configure("[[meter.source]]\nname = \"ups\"\ntype = \"upsc\"\nfile = \"" + tree.path("ups.txt").string() + "\"\n");
  const Found found = find_external(roots);
  ASSERT_EQ(found.sources.size(), 1u);
  EXPECT_FALSE(found.sources[0]->read());
  EXPECT_THAT(found.sources[0]->trouble(), HasSubstr("no new reading"));
}

TEST_F(External, NoneConfiguredIsSaidAndABrokenFileIsAnError) {
  EXPECT_TRUE(find_external(roots).obstacles.at(0).absent);
  configure("[[meter.source]]\nname = 5\n");
  EXPECT_THROW(find_external(roots), Error);
}

TEST(Poller, ATroubleIsToldAndTheLastReadingKeepsItsAge) {
  std::atomic<int> asked = 0;
  Poller poller(
      [&](const auto&) -> Poller::Asked {
        if (++asked > 1) throw world_error("gone", "meter");
        ExternalReading r;
        r.watts = 5;
        return {{r}, Duration(0)};
      },
      Duration(0.01), Duration(0));
  EXPECT_EQ(*poller.latest().readings.at(0).watts, 5);
  while (poller.latest().trouble.empty()) std::this_thread::yield();
  EXPECT_TRUE(poller.latest().any);
  EXPECT_GT(poller.latest().age, Duration(0));
}

TEST(Poller, HurryAsksOnceMoreAndNotWithinTheGap) {
  std::atomic<int> asked = 0;
  const auto ask = [&](const auto&) {
    ++asked;
    return Poller::Asked{{ExternalReading()}, Duration(0)};
  };
  Poller often(ask, Duration(1000), Duration(0));
  often.latest();
  often.hurry();
  EXPECT_EQ(asked, 2);
  asked = 0;
  Poller rarely(ask, Duration(1000), Duration(1000));
  rarely.latest();
  rarely.hurry();
  EXPECT_EQ(asked, 1);
}

TEST(Poller, StopsWhileAQuestionIsUnderWay) {
  std::atomic<bool> asked = false;
  Poller poller(
      [&](const std::function<bool()>& cancelled) -> Poller::Asked {
        asked = true;
        while (!cancelled()) std::this_thread::yield();
        throw Error(ErrorKind::cancelled, "stopped");
      },
      Duration(1), Duration(0));
  while (!asked) std::this_thread::yield();
}

const std::vector<std::uint8_t> reading = {0x00, 0xDC, 0xD6, 0x00, 0x02, 0x00, 0xD4, 0x01, 0xB8, 0x00,
                                           0x44, 0x83, 0x37, 0x66, 0xE8, 0x03, 0x00, 0x00, 0x40};

TEST(Ipmi, TheResponseAsTheControllerSendsIt) {
  const auto r = parse_dcmi_response(reading);
  EXPECT_EQ(r.current, 214);
  EXPECT_EQ(r.least, 2);
  EXPECT_EQ(r.most, 468);
  EXPECT_EQ(r.mean, 184);
  EXPECT_EQ(r.period_ms, 1000u);
  EXPECT_TRUE(r.active);
  EXPECT_THROW(parse_dcmi_response({}), Error);
  const std::vector<std::uint8_t> refused = {0xC1};
  EXPECT_THAT(message_of([&] { parse_dcmi_response(refused); }), HasSubstr("no DCMI"));
  EXPECT_THROW(parse_dcmi_response(std::span(reading).first(18)), Error);
}

TEST(Ipmi, AControllerIsTheWholeMachine) {
  FakeTree tree;
  EXPECT_TRUE(find_ipmi(tree.roots()).obstacles.at(0).absent);
  tree.put("dev/ipmi0", "");
  EXPECT_THAT(find_ipmi(tree.roots()).obstacles.at(0).why, HasSubstr("/dev/ipmi0")) << "a file is no controller";
  std::atomic<int> watts = 214;
  const auto open = [&](const std::filesystem::path&, int&) -> AskIpmi {
    return [&](std::uint8_t net_fn, std::uint8_t command, std::span<const std::uint8_t> request) {
      EXPECT_EQ(net_fn, 0x2C);
      EXPECT_EQ(command, 0x02);
      EXPECT_THAT(std::vector<int>(request.begin(), request.end()), ElementsAre(0xDC, 1, 0, 0));
      auto bytes = reading;
      bytes[2] = static_cast<std::uint8_t>(watts);
      return bytes;
    };
  };
  const Found found = find_ipmi(tree.roots(), open);
  ASSERT_EQ(found.sources.size(), 1u);
  EXPECT_DOUBLE_EQ(*found.sources[0]->read(), 214);
  EXPECT_FALSE(found.sources[0]->info().counted);
  EXPECT_EQ(found.sources[0]->info().resolution, 1);
}

TEST(Ipmi, ADeviceThatMayNotBeOpenedNamesTheRule) {
  FakeTree tree;
  tree.put("dev/ipmi0", "");
  const auto denied = [](const std::filesystem::path&, int& error) -> AskIpmi {
    error = EACCES;
    return nullptr;
  };
  EXPECT_THAT(find_ipmi(tree.roots(), denied).obstacles.at(0).mend, HasSubstr("udev"));
  const auto off = [](const std::filesystem::path&, int&) -> AskIpmi {
    return [](auto, auto, auto) {
      auto bytes = reading;
      bytes[18] = 0;
      return bytes;
    };
  };
  EXPECT_THAT(find_ipmi(tree.roots(), off).obstacles.at(0).why, HasSubstr("switched off"));
}

}  // namespace
}  // namespace wattline::meter
