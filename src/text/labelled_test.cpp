#include "text/labelled.h"

#include <fstream>
#include <iterator>
#include <set>

#include <gmock/gmock.h>

#include "kernel/command_testing.h"
#include "kernel/testing.h"
#include "text/canonical.h"

namespace wattline::text {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tests::message_of;

TEST(Labelled, ThreeForms) {
  const LabelledText a{"how, why?", "x"}, b{"no", "y"};
  EXPECT_THAT(read_labelled("id,question,category\n1,\"how, why?\",x\n2,no,y\n", "f"), ElementsAre(a, b));
  EXPECT_THAT(read_labelled(R"([{"query":"how, why?","label":"x"},{"text":"no","domain":"y"}])", "f"),
              ElementsAre(a, b));
  EXPECT_THAT(
      read_labelled(R"( {"version":"1","labels":{"x":{"exemplars":["how, why?"]},"y":{"exemplars":["no"]}}})", "f"),
      ElementsAre(a, b));
}

TEST(Labelled, WhatIsWrongIsNamed) {
  const auto read = [](std::string_view content) { return message_of([&] { read_labelled(content, "f.csv"); }); };
  EXPECT_THAT(read(""), HasSubstr("f.csv"));
  EXPECT_THAT(read("a,b\n1,2\n"), HasSubstr("header lacks"));
  EXPECT_THAT(read("text,label\nx,\n"), HasSubstr("f.csv:2"));
  EXPECT_THAT(read("text,label\n  ,y\n"), HasSubstr("text is empty"));
  EXPECT_THAT(read("text,label\nx,y,z\n"), HasSubstr("3 fields"));
  EXPECT_THAT(read("text,label\n"), HasSubstr("no labelled text"));
  EXPECT_THAT(read("text,label\n\xFF,y\n"), HasSubstr("UTF-8"));
  EXPECT_THAT(read("[1]"), HasSubstr("entry 1"));
  EXPECT_THAT(read(R"([{"text":"a"}])"), HasSubstr("no such member"));
  EXPECT_THAT(read("{}"), HasSubstr("labels"));
  EXPECT_THAT(read(R"({"labels":{"x":{"exemplars":[3]}}})"), HasSubstr("no text"));
}

TEST(Labelled, MmluSubjectsBecomeDomains) {
  std::vector<LabelledText> texts = {{"Who?\nA. him\nB. her\nAnswer:", "jurisprudence"}, {"x\nA. y", "mine"}};
  as_mmlu_domains(texts);
  EXPECT_THAT(texts, ElementsAre(LabelledText{"Who?", "law"}, LabelledText{"x\nA. y", "mine"}));
  texts = {{"\nA. y", "virology"}};
  EXPECT_THAT(message_of([&] { as_mmlu_domains(texts); }), HasSubstr("choices"));
}

TEST(Labelled, HeldOutAndRepeatedTextsGo) {
  std::vector<LabelledText> texts = {{"Is it so?", "a"}, {"is it  SO", "b"}, {"no", "a"}, {"No.", "a"}, {"new", "b"}};
  EXPECT_EQ(exclude(texts, {{"IS IT SO", "a"}}), 2u);
  EXPECT_THAT(texts, ElementsAre(LabelledText{"no", "a"}, LabelledText{"new", "b"}));
}

TEST(Labelled, NoCaseOfTheDomainTestIsTrainedOn) {
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  const auto read = [&](const char* name) {
    std::ifstream file(*shared / "data" / name, std::ios::binary);
    return read_labelled(std::string(std::istreambuf_iterator<char>(file), {}), name);
  };
  const auto cases = read("router-probes/cases/domain_classify_cases.json");
  auto texts = read("router-probes/knowledge_bases/mmlu_labels.json");
  for (auto& t : read("routellm-bench/mmlu_mixtral_vs_gpt4.csv")) texts.push_back(std::move(t));
  as_mmlu_domains(texts);
  for (auto& t : domain_topics()) texts.push_back(std::move(t));
  std::set<std::string> domains;
  for (const auto& t : texts) domains.insert(t.label);
  EXPECT_EQ(domains.size(), 14u) << "every subject has its domain";
  // The two sets do overlap, so leaving out is no formality.
  EXPECT_GT(exclude(texts, cases), 20u);
  EXPECT_GT(texts.size(), 7000u);
  std::set<std::string> held;
  for (const auto& c : cases) held.insert(canonical_text(c.text));
  for (const auto& t : texts) EXPECT_FALSE(held.contains(canonical_text(t.text))) << t.text;
}

}  // namespace
}  // namespace wattline::text
