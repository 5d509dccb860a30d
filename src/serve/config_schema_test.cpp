// The published schema is what the reader asks for.
#include "serve/config_schema.h"

#include <fstream>
#include <functional>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"
#include "kernel/testing.h"
#include "serve/config.h"

namespace wattline::serve {
namespace {

using testing::Contains;
using testing::HasSubstr;

const TomlSchema::Key* find(const TomlSchema& s, std::string_view name) {
  for (const auto& k : s.keys)
    if (k.name == name) return &k;
  return nullptr;
}

TEST(ConfigSchema, HoldsKeysTypesBoundsAndDefaults) {
  const Json j = parse_json(config_json_schema());
  EXPECT_EQ(j.at("additionalProperties").as_bool(), false);
  const Json& server = j.at("properties").at("server").at("properties");
  EXPECT_EQ(server.at("threads").at("type").as_string(), "integer");
  EXPECT_EQ(server.at("threads").at("maximum").as_integer(), 1024);
  EXPECT_EQ(server.at("ledger").at("default").as_bool(), true);
  const Json& upstream = j.at("properties").at("upstream");
  EXPECT_EQ(upstream.at("type").as_string(), "array");
  const Json& items = upstream.at("items");
  std::vector<std::string> required;
  for (const auto& r : items.at("required").as_array()) required.push_back(r.as_string());
  EXPECT_THAT(required, Contains("name"));
  EXPECT_THAT(required, Contains("url"));
  EXPECT_EQ(items.at("properties").at("energy").at("default").as_string(), "automatic");
  const Json& timeout = items.at("properties").at("connect_timeout");
  EXPECT_EQ(timeout.at("default").as_number(), 5);
  EXPECT_EQ(timeout.at("anyOf").as_array().size(), 2u);
}

TEST(ConfigSchema, IsTheFileThatIsPublished) {
  std::ifstream file(std::string(wattline::tests::source_dir) + "/docs/formats/serve-config.schema.json");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), config_json_schema() + "\n")
      << "wattline serve schema --write docs/formats/serve-config.schema.json";
}

TEST(ConfigSchema, EveryKeyIsToldInTheDocs) {
  std::ifstream file(std::string(wattline::tests::source_dir) + "/docs/formats/serve-config.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string docs = text.str();
  ASSERT_FALSE(docs.empty());
  const std::function<void(const TomlSchema&)> look = [&](const TomlSchema& s) {
    for (const auto& k : s.keys) {
      EXPECT_THAT(docs, HasSubstr(k.name));
      if (k.table) look(*k.table);
    }
  };
  look(config_schema());
}

TEST(ConfigSchema, WhatItAllowsIsReadAndWhatItDoesNotIsAFault) {
  const TomlSchema schema = config_schema();
  const auto* limits = find(schema, "limits");
  ASSERT_TRUE(limits && limits->table);
  const auto faults = [](const std::string& toml) {
    return read_config(toml, "f", [](const std::string&) { return std::optional<std::string>(); }).faults.size();
  };
  for (const auto& k : limits->table->keys) {
    const Json j = parse_json(k.json);
    EXPECT_EQ(faults("[limits]\n" + k.name + " = " + k.standard + "\n"), 0u) << k.name;
    EXPECT_EQ(faults("[limits]\n" + k.name + " = true\n"), 1u) << k.name;
    EXPECT_EQ(faults("[limits]\n" + k.name + " = -1\n"), 1u) << k.name;
  }
  EXPECT_EQ(faults("[limits]\nno_such_key = 1\n"), 1u);
}

TEST(ConfigEnvironment, TextsMayNameVariables) {
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "HOST") return "gpu.example";
    if (name == "EMPTY") return "";
    return std::nullopt;
  };
  const auto read = [&](const std::string& lines) {
    return read_config("[[upstream]]\nname = \"u\"\ndevice = \"x\"\nmodels = [\"m\"]\n" + lines, "f", environment);
  };
  auto r = read("url = \"https://${HOST}:8443/${BASE:-v1}\"\n");
  ASSERT_TRUE(r.faults.empty()) << r.faults[0].what();
  EXPECT_EQ(r.config.upstreams[0].url.host, "gpu.example");
  EXPECT_EQ(r.config.upstreams[0].url.path, "/v1");
  r = read("url = \"http://h/v1\"\nconnect_timeout = \"${T:-3} s\"\nplace = \"$$x\"\n");
  ASSERT_TRUE(r.faults.empty()) << r.faults[0].what();
  EXPECT_EQ(r.config.upstreams[0].connect_timeout.base(), 3);
  EXPECT_EQ(r.config.upstreams[0].place, "$x");
  const auto fault = [&](const std::string& lines) {
    const auto faulty = read(lines);
    return faulty.faults.empty() ? std::string("none") : std::string(faulty.faults[0].what());
  };
  EXPECT_THAT(fault("url = \"https://${NO_SUCH}/v1\"\n"), HasSubstr("NO_SUCH, which is not set"));
  EXPECT_THAT(fault("url = \"https://${EMPTY}/v1\"\n"), HasSubstr("not set"));
  EXPECT_THAT(fault("url = \"https://$HOST/v1\"\n"), HasSubstr("begins no ${NAME}"));
  EXPECT_THAT(fault("url = \"https://${HOST/v1\"\n"), HasSubstr("begins no ${NAME}"));
}

}  // namespace
}  // namespace wattline::serve
