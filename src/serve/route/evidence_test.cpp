#include "serve/route/evidence.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"

namespace wattline::serve::tests {
namespace {

using Method = policy::StopRule::Method;

std::string reply(std::string_view content, std::string_view finish = "stop", std::string_view logprobs = "null") {
  JsonWriter w;
  w.value(content);
  return R"({"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":)" + w.take() + R"(},"logprobs":)" +
         std::string(logprobs) + R"(,"finish_reason":")" + std::string(finish) + R"("}],"usage":{}})";
}

constexpr std::string_view sure =
    R"({"content":[{"token":"a","logprob":-0.5,"top_logprobs":[{"token":"a","logprob":-0.5},{"token":"b","logprob":-2}]},)"
    R"({"token":"c","logprob":-1.5,"top_logprobs":[{"token":"d","logprob":-0.1},{"token":"c","logprob":-1.5}]}]})";

TEST(Evidence, ReadsHowSureAModelWas) {
  const auto e = evidence_of(reply("ac", "stop", sure), false);
  ASSERT_TRUE(e.avg_logprob && e.margin);
  EXPECT_DOUBLE_EQ(*e.avg_logprob, -1);
  const double margins = std::exp(-0.5) - std::exp(-2) + std::exp(-0.1) - std::exp(-1.5);
  EXPECT_NEAR(*e.margin, margins / 2, 1e-12);
  EXPECT_EQ(e.format_ok, true);
  const auto silent = evidence_of(reply("ac"), false);
  EXPECT_FALSE(silent.avg_logprob || silent.margin) << "what is not told is not guessed";
}

TEST(Evidence, AFormThatIsNotWhatWasAskedForIsKnown) {
  EXPECT_EQ(evidence_of(reply("fine"), false).format_ok, true);
  EXPECT_EQ(evidence_of(reply("cut by the client's lim", "length"), false).format_ok, true);
  EXPECT_EQ(evidence_of(reply("", "stop"), false).format_ok, false);
  EXPECT_EQ(evidence_of(reply(" \n"), false).format_ok, false);
  EXPECT_EQ(evidence_of(reply("I cannot", "content_filter"), false).format_ok, false);
  EXPECT_EQ(evidence_of(reply(R"({"a":1})"), true).format_ok, true);
  EXPECT_EQ(evidence_of(reply("Sure! Here it is: {\"a\":1}"), true).format_ok, false);
  EXPECT_EQ(evidence_of("{}", false).format_ok, false);
  EXPECT_EQ(evidence_of("no JSON", false).format_ok, false);
  const auto calls = [](std::string_view arguments) {
    JsonWriter w;
    w.value(arguments);
    return evidence_of(R"({"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"f","arguments":)" +
                           w.take() + R"(}}]},"finish_reason":"tool_calls"}]})",
                       false)
        .format_ok;
  };
  EXPECT_EQ(calls(R"({"city":"Paris"})"), true);
  EXPECT_EQ(calls(R"({"city":)"), false);
}

TEST(Evidence, AsksForWhatTheRuleNeedsAndNothingElse) {
  const std::string body = R"({ "model":"m","messages":[]})";
  EXPECT_EQ(ask_for_evidence(body, Method::format).body, "");
  const auto asked = ask_for_evidence(body, Method::avg_logprob);
  EXPECT_TRUE(asked.added_logprobs);
  const Json json = parse_json(asked.body);
  EXPECT_TRUE(json.at("logprobs").as_bool());
  EXPECT_EQ(json.at("model").as_string(), "m");
  for (const char* own : {R"({"logprobs":false,"messages":[]})", R"({"top_logprobs":5,"logprobs":true})"}) {
    const auto kept = ask_for_evidence(own, Method::hybrid);
    EXPECT_EQ(kept.body, "") << "what a client asks for stays";
    EXPECT_FALSE(kept.added_logprobs);
  }
  EXPECT_TRUE(ask_for_evidence(R"({"response_format":{"type":"json_schema"}})", Method::format).wants_json);
  EXPECT_FALSE(ask_for_evidence(R"({"response_format":{"type":"text"}})", Method::format).wants_json);
}

TEST(Evidence, WhoDidNotAskIsNotTold) {
  const std::string with = reply("ac", "stop", sure);
  const std::string without = without_logprobs(with);
  EXPECT_EQ(without, reply("ac"));
  EXPECT_EQ(without_logprobs("{}"), "{}");
  const std::string two =
      R"({"choices":[ {"logprobs": {"content":[]} ,"index":0} , {"index":1,"logprobs":{"a":"}"}}]})";
  EXPECT_EQ(without_logprobs(two), R"({"choices":[ {"logprobs": null ,"index":0} , {"index":1,"logprobs":null}]})");
}

}  // namespace
}  // namespace wattline::serve::tests
