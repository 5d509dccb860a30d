// The room's declarations: each example runs and says what it promises, where it needs no server.
#include "serve/capabilities.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/testing.h"
#include "serve/service.h"

namespace wattline::serve {
namespace {

Context with_catalog() {
  Context c;
  c.provide(catalog::Catalog::load());
  return c;
}

TEST(Capabilities, ExamplesRun) {
  for (const auto& c : capabilities()) {
    if (c.cost == Cost::service) continue;
    for (const auto& example : c.examples) {
      const ::wattline::tests::ScratchDir dir;
      auto words = example.arguments;
      for (const auto& [name, content] : example.files) {
        const auto path = (dir.path() / name).string();
        std::ofstream(path) << content;
        for (auto& w : words)
          if (w == name) w = path;
      }
      Context context = with_catalog();
      EXPECT_THAT(to_text(c.run(options_from_arguments(c, words).get(), context)),
                  ::testing::HasSubstr(example.expects))
          << c.id();
    }
  }
}

TEST(Capabilities, CheckListsEveryFaultAndSaysNo) {
  Context context = with_catalog();
  CheckOptions o;
  o.config = InputFile::from_bytes("g.toml", "[server]\nthreads = \"x\"\nnonsense = 1\n");
  const Result r = check_config(o, context);
  ASSERT_TRUE(r.verdict);
  EXPECT_FALSE(r.verdict->holds);
  EXPECT_EQ(r.find_table("serve.faults.v1")->rows(), 2u);
  o.config = InputFile::from_path("/nonexistent.toml");
  EXPECT_THROW(check_config(o, context), Error);
}

TEST(Capabilities, TheServiceRunsUntilItIsStopped) {
  Context context = with_catalog();
  std::stop_source stop;
  context.stop = stop.get_token();
  std::vector<std::string> lines;
  context.on_log = [&](std::string_view line) {
    lines.emplace_back(line);
    if (line.find("no place given") != line.npos) stop.request_stop();
  };
  ServeOptions o;
  o.listen = "127.0.0.1:0";
  o.config = InputFile::from_bytes("g.toml", "[[upstream]]\nname=\"a\"\nurl=\"http://127.0.0.1:9\"\nmodels=[\"m\"]\n");
  const Result r = serve(o, context);
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(lines, ::testing::Contains(::testing::HasSubstr("http://127.0.0.1:")));
  EXPECT_GE(r.find_table("serve.totals.v1")->rows(), 1u);
  o.listen = "nonsense:port";
  EXPECT_THROW(serve(o, context), Error);
}

}  // namespace
}  // namespace wattline::serve
