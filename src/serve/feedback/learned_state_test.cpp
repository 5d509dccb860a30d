#include "serve/feedback/learned_state.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;

const LearnedState::Name name{"auto", "auto", "thompson", "{}"};
const auto make = [] { return policy::make_selector("thompson", Json::Object{}, "test"); };

std::string written(const wattline::tests::ScratchDir& folder, const std::string& content) {
  const auto file = folder.path() / "learned.json";
  std::ofstream(file) << content;
  return file;
}

void teach(policy::Selector& s) {
  policy::Prediction p;
  p.model = "small";
  policy::Feedback f;
  f.candidate = 0;
  f.quality = 1;
  s.learn({&p, 1}, {}, f);
}

TEST(LearnedState, OutlivesTheProcess) {
  wattline::tests::ScratchDir folder;
  const std::string file = folder.path() / "learned.json";
  Json learned;
  {
    LearnedState state(file, {});
    const auto s = state.selector(name, make);
    teach(*s);
    learned = s->state();
    EXPECT_EQ(state.selector(name, make), s) << "one of a name";
  }
  LearnedState again(file, {});
  EXPECT_EQ(again.selector(name, make)->state().dump(), learned.dump());
  const auto other = again.selector({"auto", "auto", "thompson", R"({"prior":4})"}, make);
  EXPECT_NE(other->state().dump(), learned.dump()) << "other settings begin anew";
}

TEST(LearnedState, WhatNobodyTakesStaysInTheFile) {
  wattline::tests::ScratchDir folder;
  const std::string file = folder.path() / "learned.json";
  {
    LearnedState state(file, {});
    teach(*state.selector(name, make));
  }
  { LearnedState nobody(file, {}); }
  LearnedState again(file, {});
  policy::Prediction p;
  EXPECT_NE(again.selector(name, make)->state().dump(), make()->state().dump());
}

TEST(LearnedState, AnEntryWithoutSettingsIsForAny) {
  wattline::tests::ScratchDir folder;
  const auto s = make();
  teach(*s);
  const std::string file =
      written(folder, R"({"version":1,"learned":[{"router":"auto","decision":"auto","algorithm":"thompson","state":)" +
                          s->state().dump() + "}]}");
  LearnedState state(file, {});
  EXPECT_EQ(state.selector(name, make)->state().dump(), s->state().dump());
}

TEST(LearnedState, WhatDoesNotFitIsToldAndKept) {
  wattline::tests::ScratchDir folder;
  const std::string file = written(
      folder,
      R"({"version":1,"learned":[{"router":"auto","decision":"auto","algorithm":"thompson","settings":"{}","state":7}]})");
  std::string log;
  LearnedState state(file, [&](std::string_view line) { log += line; });
  EXPECT_TRUE(state.selector(name, make));
  EXPECT_THAT(log, HasSubstr("does not fit"));
}

TEST(LearnedState, ABrokenFileIsRefusedWithItsName) {
  wattline::tests::ScratchDir folder;
  for (const char* content : {"{", "[]", R"({"version":9,"learned":[]})", R"({"version":1})"}) {
    const std::string file = written(folder, content);
    try {
      LearnedState state(file, {});
      ADD_FAILURE() << content;
    } catch (const Error& e) {
      EXPECT_THAT(e.what(), HasSubstr("learned.json"));
    }
    std::ifstream in(file);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), content) << "and stays as it is";
  }
}

}  // namespace
}  // namespace wattline::serve::tests
