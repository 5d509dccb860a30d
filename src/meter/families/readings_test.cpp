#include "meter/families/readings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/command_testing.h"
#include "kernel/error.h"
#include "meter/families/redfish.h"

namespace wattline::meter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ExternalReading only(const ExternalReadings& all) {
  EXPECT_EQ(all.size(), 1u);
  return all.empty() ? ExternalReading() : all.front();
}

TEST(Readings, ShellyOfBothGenerations) {
  const auto gen2 = only(parse_shelly(
      R"({"id":0,"source":"init","output":true,"apower":86.4,"voltage":230.1,"aenergy":{"total":1250.5,"by_minute":[1,2,3]}})"));
  EXPECT_DOUBLE_EQ(*gen2.watts, 86.4);
  EXPECT_DOUBLE_EQ(*gen2.joules, 1250.5 * 3600);
  const auto gen1 =
      only(parse_shelly(R"({"meters":[{"power":60.0,"is_valid":true,"total":90},{"power":2.5,"total":10}]})"));
  EXPECT_DOUBLE_EQ(*gen1.watts, 62.5);
  EXPECT_DOUBLE_EQ(*gen1.joules, 100 * 60) << "watt-minutes";
  const auto em = only(parse_shelly(R"({"emeters":[{"power":1,"total":2},{"power":3,"total":4}]})"));
  EXPECT_DOUBLE_EQ(*em.joules, 6 * 3600) << "watt-hours";
  EXPECT_DOUBLE_EQ(*only(parse_shelly(R"({"id":0,"total_act_power":2415.8})")).watts, 2415.8);
  EXPECT_DOUBLE_EQ(*only(parse_shelly(R"({"id":1,"act_power":40})")).watts, 40);
}

TEST(Readings, PhasesThatFeedBack) {
  const auto some = only(parse_shelly(
      R"({"emeters":[{"power":500,"total":9,"total_returned":0},{"power":-200,"total":1,"total_returned":4}]})"));
  EXPECT_DOUBLE_EQ(*some.watts, 300) << "not 500";
  EXPECT_FALSE(some.joules) << "what was fed back is counted apart";
  for (const char* text : {R"({"emeters":[{"power":100,"total":9},{"power":-200,"total":1}]})", R"({"apower":-12.5})",
                           R"({"id":0,"total_act_power":-100})"})
    EXPECT_THAT(wattline::tests::message_of([&] { parse_shelly(text); }), HasSubstr("fed back")) << text;
  EXPECT_THAT(wattline::tests::message_of([&] { parse_tasmota(R"({"StatusSNS":{"ENERGY":{"Power":[5,-20]}}})"); }),
              HasSubstr("fed back"));
  EXPECT_THAT(wattline::tests::message_of([&] { parse_json_meter(R"({"a":-5})", "a", 1, "", 1); }),
              HasSubstr("fed back"));
}

TEST(Readings, ASumWithoutOneOfItsPartsIsNone) {
  EXPECT_THROW(parse_shelly(R"({"meters":[{"power":60,"is_valid":true},{"power":5,"is_valid":false}]})"), Error);
  EXPECT_THROW(parse_shelly(R"({"emeters":[{"power":60},{"power":null}]})"), Error);
  const auto joules = only(parse_shelly(R"({"meters":[{"power":60,"total":3},{"power":5}]})"));
  EXPECT_DOUBLE_EQ(*joules.watts, 65);
  EXPECT_FALSE(joules.joules);
}

TEST(Readings, TasmotaWithOneOutletAndSeveral) {
  const auto one = only(parse_tasmota(R"({"StatusSNS":{"Time":"t","ENERGY":{"Total":12.345,"Power":96}}})"));
  EXPECT_DOUBLE_EQ(*one.watts, 96);
  EXPECT_DOUBLE_EQ(*one.joules, 12.345 * 3.6e6);
  EXPECT_DOUBLE_EQ(*only(parse_tasmota(R"({"StatusSNS":{"ENERGY":{"Total":1,"Power":[10,20.5]}}})")).watts, 30.5);
  // A phase that feeds back counts less; a sum without one of its parts is none.
  EXPECT_DOUBLE_EQ(*only(parse_tasmota(R"({"StatusSNS":{"ENERGY":{"Total":1,"Power":[500,-200]}}})")).watts, 300);
  EXPECT_FALSE(only(parse_tasmota(R"({"StatusSNS":{"ENERGY":{"Total":1,"Power":[500,null]}}})")).watts);
}

TEST(Readings, AnyJsonByPathsAndUnits) {
  const auto r = only(parse_json_meter(R"({"a":[{"p":"1.5"}],"e":2})", "a.0.p", 1000, "e", 3.6e6));
  EXPECT_DOUBLE_EQ(*r.watts, 1500);
  EXPECT_DOUBLE_EQ(*r.joules, 7.2e6);
  EXPECT_THROW(parse_json_meter(R"({"a":[]})", "a.0.p", 1, "", 1), Error);
  EXPECT_THROW(parse_json_meter(R"({"a":-5})", "a", 1, "", 1), Error) << "negative is missing, never 0";
  EXPECT_THROW(parse_json_meter(R"({"a":null})", "a", 1, "", 1), Error);
}

TEST(Readings, UpsByItsPowerElseByItsLoad) {
  const auto measured =
      only(parse_upsc("battery.charge: 100\nups.load: 23\nups.realpower: 207\nups.realpower.nominal: 900\n"));
  EXPECT_DOUBLE_EQ(*measured.watts, 207);
  EXPECT_FALSE(measured.derived);
  const auto derived = only(parse_upsc("ups.load: 23\r\nups.realpower.nominal: 900\r\n"));
  EXPECT_DOUBLE_EQ(*derived.watts, 207);
  EXPECT_TRUE(derived.derived);
  EXPECT_DOUBLE_EQ(derived.watt_step, 9);
  EXPECT_THROW(parse_upsc("ups.load: 23\n"), Error) << "a share of what is not known is no power";
  EXPECT_THROW(parse_upsc("Error: Driver not connected\n"), Error);
}

TEST(Readings, TheManagementControllersText) {
  const char* text =
      "\n    Instantaneous power reading:                   220 Watts\n"
      "    Minimum during sampling period:                 20 Watts\n"
      "    Power reading state is:                   activated\n\n";
  EXPECT_DOUBLE_EQ(*only(parse_dcmi_text(text)).watts, 220);
  EXPECT_DOUBLE_EQ(*only(parse_dcmi_text("Instantaneous power reading              : 214      Watts\n")).watts, 214);
  EXPECT_THROW(parse_dcmi_text("Instantaneous power reading: 0 Watts\nPower reading state is: deactivated\n"), Error);
  EXPECT_THROW(parse_dcmi_text("DCMI request failed because: Invalid command (c1)\n"), Error);
}

TEST(Readings, PowermetricsLastSampleOfALog) {
  const std::string sample =
      "*** Sampled system activity (1004.43ms elapsed) ***\nCPU Power: 100 mW\nGPU Power: 9 mW\n"
      "CPU Power: 352 mW\nGPU Power: 25 mW\nANE Power: 0 mW\nCombined Power (CPU + GPU + ANE): 377 mW\n";
  const auto all = parse_powermetrics(sample + "CPU Power: 99");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_DOUBLE_EQ(*all[0].watts, 0.352) << "the last line is still being written";
  EXPECT_EQ(all[0].domain, Domain::cpu);
  EXPECT_DOUBLE_EQ(*all[1].watts, 0.025);
  EXPECT_EQ(all[2].part, "ane");
  const auto intel = parse_powermetrics("Intel energy model derived package power (CPUs+GT+SA): 3.25W\n");
  EXPECT_DOUBLE_EQ(*only(intel).watts, 3.25);
  EXPECT_THROW(parse_powermetrics("Combined Power (CPU + GPU + ANE): 377 mW\n"), Error);
}

TEST(Readings, PtDaemonsLastWholeLine) {
  EXPECT_DOUBLE_EQ(*only(parse_ptdaemon("Time,01-31-2024 10:00:00.123,Watts,101.2,Volts,230,Amps,0.5,PF,0.9,Mark,a\n"
                                        "Time,01-31-2024 10:00:01.123,Watts,104.5,Volts,230,Amps,0.5,PF,0.9,Mark,a\n"
                                        "Time,01-31-2024 10:00:02.123,Watts,9"))
                        .watts,
                   104.5);
  EXPECT_THROW(parse_ptdaemon("Time,01-31-2024 10:00:00.123,Watts,-1.0,Volts,-1.0\n"), Error) << "-1: out of range";
  EXPECT_THROW(parse_ptdaemon("nothing\n"), Error);
}

TEST(Readings, RubbishIsAnErrorThatSaysWhatIsNeeded) {
  for (const auto& text : {"", "{", "[]", "null", "{\"apower\":null}", "<html>login</html>"}) {
    EXPECT_THROW(parse_shelly(text), Error) << text;
    EXPECT_THROW(parse_tasmota(text), Error) << text;
    EXPECT_THROW(parse_upsc(text), Error) << text;
  }
}

// A service by path.
struct Service {
  std::map<std::string, std::string> resources;
  int asked = 0;
  GetRedfish get() {
    return [this](const std::string& path) {
      ++asked;
      const auto it = resources.find(path);
      if (it == resources.end()) throw world_error("status 404", path);
      return parse_json(it->second, path);
    };
  }
};

TEST(Redfish, EnvironmentMetricsBeforeTheOlderPower) {
  Service s;
  s.resources = {{"/redfish/v1", R"({"Chassis":{"@odata.id":"/redfish/v1/Chassis"}})"},
                 {"/redfish/v1/Chassis", R"({"Members":[{"@odata.id":"/redfish/v1/Chassis/1"}]})"},
                 {"/redfish/v1/Chassis/1", R"({"Power":{"@odata.id":"/p"},"EnvironmentMetrics":{"@odata.id":"/e"}})"},
                 {"/e", R"({"PowerWatts":{"Reading":374.5},"EnergykWh":{"Reading":2.5}})"},
                 {"/p", R"({"PowerControl":[{"PowerConsumedWatts":380}]})"}};
  const auto paths = find_redfish(s.get(), "/redfish/v1");
  EXPECT_THAT(paths, ElementsAre("/e"));
  const auto r = only(ask_redfish(s.get(), paths));
  EXPECT_DOUBLE_EQ(*r.watts, 374.5);
  EXPECT_DOUBLE_EQ(*r.joules, 9e6);
}

TEST(Redfish, NullsAreMissingAndTheNextViewIsTaken) {
  Service s;
  s.resources = {{"/c", R"({"Power":{"@odata.id":"/p"},"EnvironmentMetrics":{"@odata.id":"/e"}})"},
                 {"/e", R"({"PowerWatts":{"Reading":null}})"},
                 {"/p", R"({"PowerControl":[{"PowerConsumedWatts":344}],"PowerSupplies":[{"PowerInputWatts":200}]})"}};
  const auto paths = find_redfish(s.get(), "/c");
  EXPECT_THAT(paths, ElementsAre("/p"));
  EXPECT_DOUBLE_EQ(*only(ask_redfish(s.get(), paths)).watts, 344) << "one view, not the sum of two";
}

TEST(Redfish, SuppliesAreSummedAndNoneMayBeMissing) {
  Service s;
  s.resources = {{"/c", R"({"PowerSubsystem":{"@odata.id":"/ps"}})"},
                 {"/ps", R"({"PowerSupplies":{"@odata.id":"/l"}})"},
                 {"/l", R"({"Members":[{"@odata.id":"/l/1"},{"@odata.id":"/l/2"}]})"},
                 {"/l/1", R"({"Metrics":{"@odata.id":"/m1"}})"},
                 {"/l/2", R"({"Metrics":{"@odata.id":"/m2"}})"},
                 {"/m1", R"({"InputPowerWatts":{"Reading":200}})"},
                 {"/m2", R"({"InputPowerWatts":{"Reading":150}})"}};
  const auto paths = find_redfish(s.get(), "/c");
  EXPECT_THAT(paths, ElementsAre("/m1", "/m2"));
  EXPECT_DOUBLE_EQ(*only(ask_redfish(s.get(), paths)).watts, 350);
  s.resources["/m2"] = R"({"InputPowerWatts":{"Reading":null}})";
  EXPECT_THROW(ask_redfish(s.get(), paths), Error);
}

TEST(Redfish, ASupplyThatFailsWhenTheyAreLookedForIsNotLeftOut) {
  Service s;
  s.resources = {{"/c", R"({"PowerSubsystem":{"@odata.id":"/ps"}})"},
                 {"/ps", R"({"PowerSupplies":{"@odata.id":"/l"}})"},
                 {"/l", R"({"Members":[{"@odata.id":"/l/1"},{"@odata.id":"/l/2"},{"@odata.id":"/l/3"}]})"},
                 {"/l/1", R"({"Metrics":{"@odata.id":"/m1"}})"},
                 {"/l/2", R"({"Metrics":{"@odata.id":"/m2"}})"},
                 {"/l/3", R"({"Status":{"State":"Absent"}})"},
                 {"/m1", R"({"InputPowerWatts":{"Reading":200}})"}};
  EXPECT_THAT(wattline::tests::message_of([&] { find_redfish(s.get(), "/c"); }),
              testing::AllOf(HasSubstr("supply /l/2 does not tell"), HasSubstr("404")));
  s.resources["/c"] = R"({"PowerSubsystem":{"@odata.id":"/ps"},"Power":{"@odata.id":"/p"}})";
  s.resources["/p"] = R"({"PowerControl":[{"PowerConsumedWatts":344}]})";
  EXPECT_THAT(find_redfish(s.get(), "/c"), ElementsAre("/p")) << "another view tells the whole";
  s.resources["/m2"] = R"({"InputPowerWatts":{"Reading":150}})";
  EXPECT_THAT(find_redfish(s.get(), "/c"), ElementsAre("/m1", "/m2")) << "and an empty bay is no supply";
}

TEST(Redfish, EmptyBaysOfTheOlderPower) {
  const auto two = read_redfish(parse_json(
      R"({"PowerSupplies":[{"PowerInputWatts":200},{"PowerInputWatts":null,"Status":{"State":"Absent"}}]})"));
  ASSERT_TRUE(two);
  EXPECT_DOUBLE_EQ(*two->watts, 200);
  EXPECT_FALSE(read_redfish(parse_json(R"({"PowerSupplies":[{"PowerInputWatts":200},{"PowerInputWatts":null}]})")));
}

TEST(Redfish, LoopsAndDeadEndsEnd) {
  Service s;
  s.resources = {{"/a", R"({"Chassis":{"@odata.id":"/a"},"Power":{"@odata.id":"/gone"}})"}};
  EXPECT_THROW(find_redfish(s.get(), "/a"), Error);
  EXPECT_LE(s.asked, 40);
  std::string members = R"({"Members":[)";
  for (int i = 0; i < 1000; ++i) members += std::string(i ? "," : "") + R"({"@odata.id":"/many"})";
  s.resources["/many"] = members + "]}";
  s.asked = 0;
  EXPECT_THROW(find_redfish(s.get(), "/many"), Error);
  EXPECT_LE(s.asked, 40);
}

}  // namespace
}  // namespace wattline::meter
