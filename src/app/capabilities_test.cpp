// Every declared capability: its examples run and say what they promise, all output forms work, and
// its fields refuse what they should. Written once for all rooms.
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/environment.h"
#include "app/rooms.h"
#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/testing.h"

namespace wattline::app {
namespace {

namespace fs = std::filesystem;

std::vector<const Capability*> all() {
  std::vector<const Capability*> out;
  for (const auto& r : rooms())
    for (const auto& c : r.capabilities) out.push_back(&c);
  return out;
}

std::string test_name(const testing::TestParamInfo<const Capability*>& info) {
  std::string name = info.param->room + "_" + info.param->name;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

class EachCapability : public testing::TestWithParam<const Capability*> {};
INSTANTIATE_TEST_SUITE_P(Rooms, EachCapability, testing::ValuesIn(all()), test_name);

// A command is looked for in the room that says its first word, so rooms say the first words of all their aliases.
TEST(Rooms, SayTheVerbsOfTheirCapabilities) {
  std::map<std::string, std::string> room_of;
  for (const auto& r : rooms()) {
    std::set<std::string_view> declared;
    for (const auto& c : r.capabilities)
      for (const std::string_view alias : c.aliases) {
        declared.insert(alias.substr(0, alias.find(' ')));
        EXPECT_EQ(find_alias(rooms(), alias), &c) << alias;
      }
    const auto& said = r.capabilities.verbs();
    EXPECT_EQ(std::set<std::string_view>(said.begin(), said.end()), declared) << r.name;
    for (const auto verb : said)
      EXPECT_TRUE(room_of.emplace(verb, r.name).second)
          << verb << " is a verb of " << room_of[std::string(verb)] << " too";
  }
  EXPECT_EQ(find_alias(rooms(), "no such verb"), nullptr);
  EXPECT_EQ(find_alias(rooms(), "run no such verb"), nullptr);
  EXPECT_EQ(find_alias(rooms(), ""), nullptr);
}

TEST(Rooms, MakeTheirCapabilitiesOnceAndWhenAsked) {
  static int made = 0;
  const Rooms some = {{"a",
                       "",
                       {[] {
                          ++made;
                          return std::vector<Capability>(1);
                        },
                        {"verb"}}}};
  EXPECT_TRUE(is_room(some, "a"));
  EXPECT_EQ(find_alias(some, "other"), nullptr);
  EXPECT_EQ(find_capability(some, "b", "x"), nullptr);
  EXPECT_EQ(made, 0);
  EXPECT_EQ(find_alias(some, "verb"), nullptr);
  EXPECT_EQ(find_capability(some, "a", "x"), nullptr);
  EXPECT_EQ(some[0].capabilities.end() - some[0].capabilities.begin(), 1);
  EXPECT_EQ(made, 1);
}

TEST_P(EachCapability, IsDescribed) {
  const Capability& c = *GetParam();
  EXPECT_FALSE(c.summary.empty());
  EXPECT_TRUE(c.summary.ends_with('.')) << c.summary;
  EXPECT_FALSE(c.examples.empty() && c.cost != Cost::service) << "an example is what users copy";
  std::set<std::string> names;
  for (const auto& f : c.fields) {
    EXPECT_TRUE(names.insert(f.name).second) << "two fields named " << f.name;
    EXPECT_FALSE(f.help.empty()) << f.name;
    for (char ch : f.name) EXPECT_TRUE(std::islower(ch) || std::isdigit(ch) || ch == '-') << f.name;
  }
  EXPECT_NO_THROW(parse_json(json_schema(c)));
  EXPECT_THAT(help_text(c), testing::HasSubstr("usage: wattline"));
}

TEST_P(EachCapability, ExamplesRunAndSayWhatTheyPromise) {
  const Capability& c = *GetParam();
  if (c.cost == Cost::service) return;  // the gateway has tests of its own
  for (const auto& example : c.examples) {
    tests::ScratchDir dir;
    fs::current_path(dir.path());
    for (const auto& [name, content] : example.files) {
      fs::create_directories((dir.path() / name).parent_path());
      std::ofstream(dir.path() / name, std::ios::binary) << content;
    }
    Context context;
    provide_shared_parts(context, "", (dir.path() / "ledger").string(), (dir.path() / "intensity").string());
    const auto options = options_from_arguments(c, example.arguments);
    const Result r = c.run(options.get(), context);
    const std::string text = to_text(r);
    EXPECT_THAT(text, testing::HasSubstr(example.expects));
    const Json json = parse_json(to_json(r));
    EXPECT_TRUE(json.at("blocks").is_array());
    EXPECT_THAT(to_html(r), testing::HasSubstr("</html>"));
    EXPECT_THAT(to_html(r), testing::Not(testing::HasSubstr("NaN")));
    to_csv(r);
    fs::current_path("/");
  }
}

TEST_P(EachCapability, RefusesBadInput) {
  const Capability& c = *GetParam();
  EXPECT_THROW(options_from_arguments(c, {"--no-such-option", "1"}), Error);
  EXPECT_THROW(options_from_json(c, parse_json(R"({"no-such-member":1})")), Error);
  EXPECT_THROW(options_from_json(c, parse_json("[]")), Error);
  for (const auto& f : c.fields) {
    const auto refuses = [&](std::string_view text) {
      EXPECT_THROW(field_from_text(f, text), Error) << f.name << " took '" << text << "'";
    };
    switch (f.kind) {
      case FieldKind::quantity:
      case FieldKind::number:
        refuses("");
        refuses("lots");
        refuses("nan");
        refuses("1e999");
        refuses("12 furlongs");
        break;
      case FieldKind::integer:
        refuses("");
        refuses("1.5");
        refuses("99999999999999999999");
        break;
      case FieldKind::enumeration: refuses("no such choice"); break;
      case FieldKind::flag: refuses("maybe"); break;
      default: break;
    }
    EXPECT_THROW(field_from_json(f, parse_json(R"({"a":{"b":[]}})")), Error) << f.name;
  }
}

}  // namespace
}  // namespace wattline::app
