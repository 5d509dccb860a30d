// What tests of providers share: a server that speaks as Electricity Maps and WattTime do, and a configuration for it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>

#include "catalog/intensity/provider.h"
#include "kernel/http_testing.h"
#include "kernel/json.h"
#include "kernel/testing.h"

namespace wattline::catalog::tests {

using wattline::tests::Connection;
using wattline::tests::HttpServer;
using wattline::tests::reply;

// Never to be seen in anything that is told.
inline constexpr const char* test_key = "k3y-0f-the-test";
inline constexpr const char* test_password = "pa55w0rd-of-the-test";
inline constexpr const char* test_token = "t0ken.of.the.test";

// A member of the query, decoded as far as times need it.
inline std::string query_of(const HttpServer::Request& r, const std::string& name) {
  const std::string line = r.head.substr(0, r.head.find("\r\n"));
  const auto at = line.find_first_of("?&", 0) == std::string::npos ? std::string::npos : line.find(name + "=");
  if (at == std::string::npos) return {};
  std::string out = line.substr(at + name.size() + 1);
  out = out.substr(0, out.find_first_of("& "));
  for (std::size_t i; (i = out.find("%3A")) != std::string::npos;) out.replace(i, 3, ":");
  return out;
}
inline bool asks(const HttpServer::Request& r, const std::string& path) {
  return r.head.find(" " + path + "?") != std::string::npos || r.head.find(" " + path + " ") != std::string::npos;
}

// An answer of past-range: each hour of [start, end) with the hour of its day as its value; `estimated_from` and later
// are estimates.
inline std::string hours_of(const HttpServer::Request& r, const std::string& estimated_from = "9999-01-01") {
  constexpr std::int64_t hour = 3600'000'000'000;
  const Time from = parse_time(query_of(r, "start")), to = parse_time(query_of(r, "end"));
  JsonWriter w;
  w.begin_object()
      .member("zone", query_of(r, "zone"))
      .member("temporalGranularity", "hourly")
      .key("data")
      .begin_array();
  for (std::int64_t t = from.ns; t < to.ns; t += hour) {
    w.begin_object()
        .member("zone", query_of(r, "zone"))
        .member("carbonIntensity", 100.0 + static_cast<double>(t / hour % 24));
    w.member("datetime", to_string(Time{t}, 3)).member("emissionFactorType", "lifecycle");
    w.member("isEstimated", Time{t} >= try_parse_date_time(estimated_from).value_or(Time{INT64_MAX})).end_object();
  }
  return w.end_array().end_object().take();
}

// The same in five minutes, as /v3/historical says it: 1000 lbs/MWh at the whole hour and one more each step.
inline std::string marginal_of(const HttpServer::Request& r) {
  constexpr std::int64_t step = 300'000'000'000;
  const Time from = parse_time(query_of(r, "start")), to = parse_time(query_of(r, "end"));
  JsonWriter w;
  w.begin_object().key("data").begin_array();
  for (std::int64_t t = from.ns; t <= to.ns; t += step) {
    w.begin_object().member("point_time", to_string(Time{t}));
    w.member("value", 1000.0 + static_cast<double>(t / step % 12)).end_object();
  }
  w.end_array().key("meta").begin_object().member("region", query_of(r, "region"));
  w.member("signal_type", query_of(r, "signal_type")).member("units", "lbs_co2_per_mwh");
  w.member("data_point_period_seconds", 300).key("model").begin_object().member("date", "2026-03-01").end_object();
  return w.end_object().end_object().take();
}

inline ProviderConfig config_for(ProviderName name, const std::string& url) {
  ProviderConfig c = IntensityProviders().of(name);
  c.url = url;
  c.retries = 0;
  c.deadline = Duration(20);
  c.user = "ann";
  c.zones = {{"US-CA", name == ProviderName::watttime ? "CAISO_NORTH" : "US-CAL-CISO"}};
  ::setenv("ELECTRICITY_MAPS_API_KEY", test_key, 1);
  ::setenv("WATTTIME_PASSWORD", test_password, 1);
  return c;
}

}  // namespace wattline::catalog::tests
