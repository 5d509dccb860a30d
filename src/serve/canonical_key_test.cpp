#include "serve/canonical_key.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <random>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kernel/json.h"

namespace wattline::serve {
namespace {

[[maybe_unused]] const int seeded = setenv("RC_PARAMS", "seed=20261125", 0);

std::string canonical(std::string_view json) {
  std::string out;
  const auto why = append_canonical_json(out, json);
  return why.empty() ? out : "!" + std::string(why);
}

TEST(CanonicalJson, OneFormForEachValue) {
  EXPECT_EQ(canonical(" { \"b\" : [ 1 , true , null ] , \"a\" : { } }\r\n\t"), R"({"a":{},"b":[1,true,null]})");
  EXPECT_EQ(canonical(R"({"\u0061":"\u00e9\/\n\u001f\"\\"})"), "{\"a\":\"\u00e9/\\u000a\\u001f\\\"\\\\\"}");
  EXPECT_EQ(canonical("\"\\ud83d\\ude00\""), canonical("\"\xF0\x9F\x98\x80\""));
  EXPECT_EQ(canonical(R"(["a\u0000b"])"), R"(["a\u0000b"])");
  EXPECT_EQ(canonical("[[1,2],[2,1]]"), "[[1,2],[2,1]]");  // the order of an array means something
}

TEST(CanonicalJson, NumbersAreEqualByValueToTheLastDigit) {
  for (const char* one : {"1", "1.0", "1.000", "10e-1", "0.1e1", "1E0", "1e+0", "0.01E+02", "100e-2", "1e000"})
    EXPECT_EQ(canonical(one), "1") << one;
  for (const char* zero : {"0", "-0", "0.0", "-0.00", "0e5", "0e-999999999"}) EXPECT_EQ(canonical(zero), "0") << zero;
  EXPECT_EQ(canonical("100"), canonical("1e2"));
  EXPECT_EQ(canonical("-0.0250e3"), canonical("-25"));
  EXPECT_NE(canonical("9007199254740993"), canonical("9007199254740992"));
  EXPECT_EQ(canonical("9007199254740993"), canonical("9007199254740993.0"));
  EXPECT_NE(canonical("90071992547409931"), canonical("90071992547409932"));
  EXPECT_NE(canonical("0.1000000000000000055511151231257827"), canonical("0.1"));
  EXPECT_NE(canonical("1e400"), canonical("1e401"));  // both infinite as doubles
  EXPECT_NE(canonical("\"1\""), canonical("1"));
}

TEST(CanonicalJson, RefusesWhatIsNoJson) {
  for (const char* bad : {"",
                          " ",
                          "{",
                          "}",
                          "[1,]",
                          "{\"a\"}",
                          "{\"a\":}",
                          "{\"a\":1,}",
                          "{a:1}",
                          "tru",
                          "nul",
                          "01",
                          "-",
                          "1.",
                          ".5",
                          "1e",
                          "+1",
                          "1 2",
                          "\"",
                          "\"\\",
                          "\"\\x\"",
                          "\"\\u12\"",
                          "\"\\u12g4\"",
                          "\"\\ud800\"",
                          "\"\\udc00\"",
                          "\"\\ud800\\u0041\"",
                          "\"a\nb\"",
                          "\"\xff\"",
                          "\"\xc0\xaf\"",
                          "'a'",
                          "NaN",
                          "//1"})
    EXPECT_EQ(canonical(bad), "!not JSON") << bad;
  EXPECT_EQ(canonical(R"({"a":1,"a":2})"), "!a name given twice");
  EXPECT_EQ(canonical(R"([{"x":{"a":1,"\u0061":1}}])"), "!a name given twice");
  EXPECT_EQ(canonical(std::string(1000, '[') + std::string(1000, ']')), "!nested too deeply");
  EXPECT_EQ(canonical(std::string(100, '[') + std::string(100, ']')).front(), '[');
  EXPECT_EQ(canonical("1e9999999999"), "!an exponent out of range");
  EXPECT_EQ(canonical("10e999999999"), "!an exponent out of range");
}

constexpr CanonicalRules rules;
CanonicalRequest request(std::string_view body, CanonicalRules r = rules) { return canonical_request(body, r); }
std::string chat(std::string_view more) {
  return R"({"model":"m","messages":[{"role":"user","content":"Hi"}],"temperature":0)" + std::string(more) + "}";
}

TEST(CanonicalRequest, SaysWhatMayBeKept) {
  EXPECT_TRUE(request(chat("")).deterministic);
  EXPECT_EQ(request(chat("")).why_not, "");
  EXPECT_TRUE(request(R"({"temperature":-0.0e7})").deterministic);
  for (const char* other : {R"({"model":"m"})", R"({"temperature":null})", R"({"temperature":0.0001})",
                            R"({"temperature":"0"})", R"({"temperature":[0]})", R"({"x":{"temperature":0}})"})
    EXPECT_FALSE(request(other).deterministic) << other;
  EXPECT_TRUE(request(R"({"model":"m"})", {.greedy_by_default = true}).deterministic);
  EXPECT_TRUE(request(R"({"temperature":null})", {.greedy_by_default = true}).deterministic);
  EXPECT_FALSE(request(R"({"temperature":1})", {.greedy_by_default = true}).deterministic);
  EXPECT_EQ(request(chat(R"(,"store":true)")).why_not, "it is to be stored upstream");
  EXPECT_EQ(request(chat(R"(,"store":false,"store":true)")).why_not, "it is to be stored upstream");
  EXPECT_EQ(request(chat(R"(,"web_search_options":{})")).why_not, "its answer depends on the hour");
  EXPECT_EQ(request(chat(R"(,"temperature":1)")).why_not, "a name given twice");
  EXPECT_EQ(request(chat(R"(,"stream":true,"stream":false)")).why_not, "a name given twice");
  EXPECT_EQ(request(chat(R"(,"stream":true,"stream_options":{"a":1,"a":2})")).why_not, "a name given twice");
  EXPECT_EQ(request(chat(R"(,"tools":[{"a":1,"a":2}])")).why_not, "a name given twice");
  for (const char* bad : {"[]", "1", "null", "{", ""}) EXPECT_EQ(request(bad).why_not, "not JSON") << bad;
}

TEST(CanonicalRequest, LeavesOutWhatNoAnswerDependsOn) {
  const auto plain = request(chat("")).text;
  for (const char* same :
       {R"(,"user":"ann")", R"(,"safety_identifier":"x")", R"(,"metadata":{"run":"17"})", R"(,"prompt_cache_key":"k")",
        R"(,"prompt_cache_retention":"24h")", R"(,"store":false)", R"(,"store":null)", R"(,"stream":false)",
        R"(,"stream":null)", R"(,"stream_options":null)", R"(,"stream_options":{"include_usage":false})"})
    EXPECT_EQ(request(chat(same)).text, plain) << same;
  // By user, who asks counts.
  EXPECT_NE(request(chat(R"(,"user":"ann")"), {.by_user = true}).text,
            request(chat(R"(,"user":"bob")"), {.by_user = true}).text);
  EXPECT_NE(request(chat(R"(,"safety_identifier":"a")"), {.by_user = true}).text,
            request(chat(""), {.by_user = true}).text);
  // Only outermost: what an inner object calls `user` is a part of the question.
  EXPECT_NE(request(chat(R"(,"x":{"user":"ann"})")).text, request(chat(R"(,"x":{"user":"bob"})")).text);
  EXPECT_NE(request(chat(R"(,"x":{"stream":true})")).text, request(chat(R"(,"x":{"stream":false})")).text);
}

TEST(CanonicalRequest, StreamsAreKeptApart) {
  const auto whole = request(chat("")), stream = request(chat(R"(,"stream":true)"));
  EXPECT_FALSE(whole.stream);
  EXPECT_TRUE(stream.stream);
  EXPECT_NE(whole.text, stream.text);
  EXPECT_EQ(request(chat(R"(,"stream":true,"stream_options":{"include_usage":true})")).text, stream.text);
  EXPECT_EQ(request(chat(R"(,"stream":true,"stream_options":{})")).text, stream.text);
  EXPECT_NE(request(chat(R"(,"stream":true,"stream_options":{"include_obfuscation":false})")).text, stream.text);
}

TEST(CacheKeys, TenantsAndRequestsNeverMeet) {
  const CacheKeys keys;
  const auto a = request(chat("")), b = request(chat(R"(,"seed":1)"));
  EXPECT_EQ(keys.of("t", a), keys.of("t", a));
  EXPECT_FALSE(keys.of("t", a) == keys.of("u", a));
  EXPECT_FALSE(keys.of("t", a) == keys.of("t", b));
  EXPECT_FALSE(CacheKeys().of("t", a) == keys.of("t", a));  // another secret
  // A tenant's name cannot reach into the request.
  CanonicalRequest left, right;
  left.text = "bc";
  right.text = "c";
  EXPECT_FALSE(keys.of("a", left) == keys.of("ab", right));
}

// --- Over generated documents.
rc::Gen<std::string> texts() {
  return rc::gen::container<std::string>(rc::gen::elementOf(std::string("aB0 \"\\/\n\x01{}[],:")));
}

rc::Gen<Json> values(int depth) {
  auto leaf = rc::gen::oneOf(rc::gen::map(texts(), [](std::string s) { return Json(std::move(s)); }),
                             rc::gen::map(rc::gen::arbitrary<std::int64_t>(),
                                          [](std::int64_t n) { return Json(n % (std::int64_t{1} << 53)); }),
                             rc::gen::element(Json(true), Json(false), Json(), Json(0.5), Json(-1e-7)));
  if (depth == 0) return leaf;
  return rc::gen::oneOf(
      leaf,
      rc::gen::map(rc::gen::container<std::vector<Json>>(values(depth - 1)),
                   [](std::vector<Json> a) { return Json(Json::Array(std::move(a))); }),
      rc::gen::map(
          rc::gen::container<std::vector<std::pair<std::string, Json>>>(rc::gen::pair(texts(), values(depth - 1))),
          [](Json::Object o) {
            Json::Object unique;
            for (auto& m : o)
              if (std::none_of(unique.begin(), unique.end(), [&](const auto& u) { return u.first == m.first; }))
                unique.push_back(std::move(m));
            return Json(std::move(unique));
          }));
}

// The same document with members in another order, at every depth.
Json permuted(const Json& j, std::mt19937& random) {
  if (j.is_array()) {
    Json::Array out;
    for (const auto& v : j.as_array()) out.push_back(permuted(v, random));
    return out;
  }
  if (!j.is_object()) return j;
  Json::Object out;
  for (const auto& [k, v] : j.as_object()) out.emplace_back(k, permuted(v, random));
  std::shuffle(out.begin(), out.end(), random);
  return out;
}

RC_GTEST_PROP(CanonicalProperty, OrderAndSpaceDoNotMatter, ()) {
  const Json j = *rc::gen::scale(0.2, values(3));
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const Json other = permuted(j, random);
  RC_ASSERT(canonical(j.dump()) == canonical(other.dump(2)));
  // The form is a form: it stands for itself, and means what the document means.
  RC_ASSERT(canonical(canonical(j.dump())) == canonical(j.dump()));
  std::mt19937 still(1);
  RC_ASSERT(canonical(parse_json(canonical(j.dump())).dump()) == canonical(j.dump()));
}

RC_GTEST_PROP(CanonicalProperty, AnyOtherMemberMakesAnotherKey, ()) {
  Json::Object members = {{"model", "m"},
                          {"messages", Json::Array{Json(Json::Object{{"role", "user"}, {"content", *texts()}})}},
                          {"temperature", 0}};
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) members.emplace_back("x" + std::to_string(i), *values(0));
  const auto before = request(Json(members).dump());
  const auto which = *rc::gen::inRange<std::size_t>(0, members.size());
  const Json old = members[which].second;
  members[which].second = *rc::gen::suchThat(
      rc::gen::scale(0.2, values(2)), [&](const Json& v) { return canonical(v.dump()) != canonical(old.dump()); });
  const auto after = request(Json(members).dump());
  const CacheKeys keys;
  RC_ASSERT(before.text != after.text);
  RC_ASSERT(!(keys.of("t", before) == keys.of("t", after)));
  members[which].second = old;
  members.emplace_back("unknown", *values(1));
  RC_ASSERT(request(Json(members).dump()).text != before.text);
}

RC_GTEST_PROP(CanonicalProperty, NumbersShiftedByTensAreOne, ()) {
  const auto n = *rc::gen::arbitrary<std::int64_t>();
  const auto tens = *rc::gen::inRange(0, 40);
  const std::string digits = std::to_string(n);
  RC_ASSERT(canonical(digits + std::string(static_cast<std::size_t>(n != 0 ? tens : 0), '0') + "e-" +
                      std::to_string(tens)) == canonical(digits));
  if (n != std::numeric_limits<std::int64_t>::max()) RC_ASSERT(canonical(digits) != canonical(std::to_string(n + 1)));
}

}  // namespace
}  // namespace wattline::serve
