// The check against trying everything: small random policies over keywords, of which every request is tried.
#include <algorithm>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/check/check.h"
#include "policy/engine.h"
#include "policy/language/language.h"

namespace wattline::policy {
namespace {

constexpr int words = 4;

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  Policy policy() {
    Policy p;
    p.cards.push_back({"m", Json::Object{}, "p"});
    for (int i = 0; i < words; ++i) {
      // The last rule has the keyword of the first, too.
      Json::Array keywords{fmt::format("word{}", i)};
      if (i == words - 1) keywords.push_back("word0");
      p.signals.push_back({"keyword", fmt::format("k{}", i), Json::Object{{"keywords", std::move(keywords)}}, "p"});
    }
    const bool tiers = below(2) == 0;
    const int n = 2 + below(4);
    for (int i = 0; i < n; ++i) {
      Decision d;
      d.name = fmt::format("d{}", i);
      d.where = "p";
      (tiers ? d.tier : d.priority) = i + 1;
      d.when = condition(2);
      d.models.push_back({"m", Json::Object{}});
      p.decisions.push_back(std::move(d));
    }
    return p;
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }

  Condition condition(int depth) {
    Condition c;
    const int kind = depth == 0 ? 0 : below(5);
    if (kind <= 1) {
      c.kind = Condition::Kind::leaf;
      c.type = "keyword";
      c.name = fmt::format("k{}", below(words));
      return c;
    }
    c.kind = kind == 2 ? Condition::Kind::none : kind == 3 ? Condition::Kind::all : Condition::Kind::any;
    for (int i = 0; i < (kind == 2 ? 1 : 2 + below(2)); ++i) c.parts.push_back(condition(depth - 1));
    return c;
  }

  std::mt19937_64 random_;
};

TEST(CheckProperty, SaysWhatTryingEveryRequestSays) {
  int hidden = 0, open = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Document d;
    d.main = Maker(seed).policy();
    const auto engine = Engine::compile(d.main);
    const auto scratch = engine->scratch();
    const auto decide = [&](const std::string& text) {
      const Message message{.role = Role::user, .text = text};
      RequestView request;
      request.messages = {&message, 1};
      return engine->decide(request, *scratch).decision;
    };
    std::set<int> winners;
    for (int bits = 0; bits < 1 << words; ++bits) {
      std::string text = "hello";
      for (int i = 0; i < words; ++i)
        if (bits >> i & 1) text += fmt::format(" word{}", i);
      winners.insert(decide(text));
    }
    std::set<std::string> never;
    bool uncovered = false;
    std::string example, told;
    for (const auto& f : check(d)) {
      told += f.message + "\n";
      EXPECT_NE(f.level, Finding::Level::error) << f.message;
      for (const auto& one : d.main.decisions)
        if ((f.code == "shadowed-decision" && f.message.starts_with("decision '" + one.name + "' never")) ||
            ((f.code == "contradiction" || f.code == "exclusive-and") &&
             f.message.starts_with("the condition of decision '" + one.name + "'")))
          never.insert(one.name);
      if (f.code == "missing-catch-all") uncovered = true, example = f.example;
    }
    for (std::size_t i = 0; i < d.main.decisions.size(); ++i) {
      const auto& one = d.main.decisions[i];
      const bool wins = winners.contains(static_cast<int>(i));
      // Of a condition whose branches are all dead these are told.
      if (wins) {
        EXPECT_FALSE(never.contains(one.name)) << seed << write_policy(d, Language::dsl);
      } else {
        EXPECT_TRUE(told.find("decision '" + one.name + "'") != std::string::npos)
            << seed << write_policy(d, Language::dsl);
      }
      hidden += never.contains(one.name);
    }
    EXPECT_EQ(uncovered, winners.contains(-1)) << seed << write_policy(d, Language::dsl);
    if (uncovered) {
      ++open;
      const std::string text = parse_json(example).as_string();
      EXPECT_EQ(decide(text), -1) << text << write_policy(d, Language::dsl);
    }
  }
  EXPECT_GT(hidden, 50) << "the policies are worth trying";
  EXPECT_GT(open, 50);
}

}  // namespace
}  // namespace wattline::policy
