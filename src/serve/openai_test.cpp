#include "serve/openai.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;

ChatRequest good(std::string body) {
  ChatReader reader;
  auto out = reader.read(body);
  EXPECT_TRUE(std::holds_alternative<ChatRequest>(out)) << body << "\n" << std::get<ApiError>(out).message;
  return std::holds_alternative<ChatRequest>(out) ? std::get<ChatRequest>(out) : ChatRequest{};
}
ApiError bad(std::string body) {
  ChatReader reader;
  auto out = reader.read(body);
  EXPECT_TRUE(std::holds_alternative<ApiError>(out)) << body;
  return std::holds_alternative<ApiError>(out) ? std::get<ApiError>(out) : ApiError{};
}
std::string forwarded(const std::string& body, std::string_view model, bool usage = true) {
  InsertedTexts texts;
  const auto pieces = forward_body(body, good(body), model, usage, texts);
  std::string out;
  for (auto p : pieces.pieces()) out += p;
  EXPECT_EQ(out.size(), pieces.size);
  return out;
}

TEST(ChatReader, ReadsWhatAGatewayNeeds) {
  const auto r = good(R"({"messages":[{"role":"user","content":"hi"}],"stream":true,
    "stream_options":{"include_usage":true},"model":"glow-xs"})");
  EXPECT_EQ(r.model, "glow-xs");
  EXPECT_TRUE(r.stream);
  EXPECT_TRUE(r.include_usage);
}

TEST(ChatReader, NullMeansAbsent) {
  const auto r = good(R"({"model":"m","messages":[{}],"stream":null,"stream_options":null})");
  EXPECT_FALSE(r.stream);
  EXPECT_FALSE(r.include_usage);
}

TEST(ChatReader, EscapedNamesReadAndEscapedKeysCannotHide) {
  EXPECT_EQ(good(R"({"model":"gl\u006fw","messages":["\\"]})").model, "glow");
  EXPECT_THAT(bad(R"({"mod\u0065l":"m","messages":[1]})").message, HasSubstr("without escapes"));
  EXPECT_THAT(bad(R"({"model":"a","mod\u0065l":"b","messages":[1]})").message, HasSubstr("twice"));
}

TEST(ChatReader, SaysWhatIsWrong) {
  EXPECT_THAT(bad("").message, HasSubstr("empty"));
  EXPECT_THAT(bad("  \n").message, HasSubstr("empty"));
  EXPECT_THAT(bad("[1]").message, HasSubstr("object"));
  EXPECT_THAT(bad("{\"model\":\"a\"").message, HasSubstr("not valid JSON"));
  EXPECT_THAT(bad(R"({"messages":[1]})").message, HasSubstr("'model' is missing"));
  EXPECT_EQ(bad(R"({"messages":[1]})").param, "model");
  EXPECT_THAT(bad(R"({"model":"m"})").message, HasSubstr("'messages' is missing"));
  EXPECT_THAT(bad(R"({"model":5,"messages":[1]})").message, HasSubstr("a string"));
  EXPECT_THAT(bad(R"({"model":"","messages":[1]})").message, HasSubstr("1 to 256"));
  EXPECT_THAT(bad(R"({"model":"m","messages":[]})").message, HasSubstr("at least one"));
  EXPECT_THAT(bad(R"({"model":"m","messages":{}})").message, HasSubstr("an array"));
  EXPECT_THAT(bad(R"({"model":"m","messages":[1],"stream":"yes"})").message, HasSubstr("true or false"));
  EXPECT_THAT(bad(R"({"model":"m","messages":[1],"stream_options":[]})").message, HasSubstr("an object"));
  EXPECT_THAT(bad(R"({"model":"m","messages":[1]} {"x":1})").message, HasSubstr("not valid JSON"));
  EXPECT_EQ(bad(R"({"model":"m","messages":[1],"stream":1})").status, 400);
}

TEST(ChatReader, DepthAndSizeAreBounded) {
  EXPECT_THAT(bad("{\"model\":\"m\",\"messages\":[" + std::string(5000, '[') + std::string(5000, ']') + "]}").message,
              HasSubstr("not valid JSON"));
  const std::string long_text(1 << 20, 'x');
  EXPECT_EQ(good("{\"messages\":[\"" + long_text + "\"],\"model\":\"m\"}").model, "m");
}

TEST(JsonSpan, FindsTopLevelMembersOnly) {
  const std::string_view s = R"( { "a" : {"usage":1}, "s":"}\"{", "usage" : {"x":[1,"]"]} , "e":1e5})";
  EXPECT_EQ(member_span(s, "usage")->of(s), R"({"x":[1,"]"]})");
  EXPECT_EQ(member_span(s, "s")->of(s), R"("}\"{")");
  EXPECT_EQ(member_span(s, "e")->of(s), "1e5");
  EXPECT_FALSE(member_span(s, "x"));
  EXPECT_EQ(member_span(s, "x", member_span(s, "usage")->begin)->of(s), R"([1,"]"])");
  EXPECT_FALSE(member_span("[]", "x"));
  EXPECT_EQ(last_member_span(s, "\"usage\"")->of(s), R"({"x":[1,"]"]})");
  EXPECT_FALSE(last_member_span(s, "\"absent\""));
  // The key as a value, in a string, in an inner object, in an array: only the outermost member counts.
  for (const std::string_view outer :
       {R"({"usage":{"a":1},"z":"usage"})", R"({"usage":{"a":1},"z":"\"usage\":{}"})",
        R"({"usage":{"a":1},"z":{"usage":7}})", R"({"usage":{"a":1},"z":[{"usage":{}}]})",
        R"({"usage":{"a":1},"z":["usage",2]})",
        R"({ "usage" : {"a":1} , "z" : {"y":{"usage":{}}, "x":0}, "w" : [1] } )",
        R"({"z":{"usage":1},"usage":{"a":1}})"}) {
    const auto span = last_member_span(outer, "\"usage\"");
    ASSERT_TRUE(span) << outer;
    EXPECT_EQ(span->of(outer), R"({"a":1})") << outer;
  }
  EXPECT_FALSE(last_member_span(R"({"z":{"usage":{}}})", "\"usage\""));
  EXPECT_FALSE(member_span("{}", "x"));
}

TEST(ChatReader, InvalidUtf8IsRefused) {
  EXPECT_THAT(bad("{\"model\":\"m\",\"messages\":[\"\xff\xfe\"]}").message, HasSubstr("UTF-8"));
}

TEST(ForwardBody, LeavesEverythingElseByteForByte) {
  const std::string body =
      R"({ "seed":18446744073709551615, "model" : "alias" ,"messages":[{"role":"user","content":"é\u00e9"}],)"
      R"("x":1.000000000000000000001e5,"tools":[{"a":[]}]})";
  EXPECT_EQ(forwarded(body, "alias"), body);
  EXPECT_EQ(
      forwarded(body, "org/real \"name\""),
      R"({ "seed":18446744073709551615, "model" : "org/real \"name\"" ,"messages":[{"role":"user","content":"é\u00e9"}],)"
      R"("x":1.000000000000000000001e5,"tools":[{"a":[]}]})");
}

TEST(ForwardBody, AsksStreamsForTheirUsage) {
  EXPECT_EQ(forwarded(R"({"model":"m","messages":[1],"stream":true})", "m"),
            R"({"stream_options":{"include_usage":true},"model":"m","messages":[1],"stream":true})");
  EXPECT_EQ(forwarded(R"({"model":"m","messages":[1],"stream":true,"stream_options":null})", "m"),
            R"({"model":"m","messages":[1],"stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_EQ(forwarded(R"({"model":"m","messages":[1],"stream":true,"stream_options":{ }})", "m"),
            R"({"model":"m","messages":[1],"stream":true,"stream_options":{"include_usage":true }})");
  EXPECT_EQ(forwarded(R"({"stream_options":{"a":{"b":1}},"model":"m","messages":[1],"stream":true})", "n"),
            R"({"stream_options":{"include_usage":true,"a":{"b":1}},"model":"n","messages":[1],"stream":true})");
  EXPECT_EQ(forwarded(R"({"model":"m","messages":[1],"stream":true,"stream_options":{"include_usage": false }})", "m"),
            R"({"model":"m","messages":[1],"stream":true,"stream_options":{"include_usage": true }})");
  const std::string asked = R"({"model":"m","messages":[1],"stream":true,"stream_options":{"include_usage":true}})";
  EXPECT_EQ(forwarded(asked, "m"), asked);
  const std::string plain = R"({"model":"m","messages":[1]})";
  EXPECT_EQ(forwarded(plain, "m"), plain);
}

TEST(ChatOptions, ReadsPartsAndLimits) {
  auto out = read_chat_options(R"({"messages":[{"role":"system","content":"s"},
    {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}],
    "max_completion_tokens":9,"temperature":0.5,"top_p":0.9,"seed":7,"stop":["x","y"]})");
  ASSERT_TRUE(std::holds_alternative<ChatOptions>(out));
  const auto& o = std::get<ChatOptions>(out);
  ASSERT_EQ(o.messages.size(), 2u);
  EXPECT_EQ(o.messages[1].text, "ab");
  EXPECT_EQ(o.max_tokens, 9);
  EXPECT_EQ(o.seed, 7u);
  EXPECT_EQ(o.stop.size(), 2u);
}

TEST(ChatOptions, RefusalsNameTheMember) {
  const auto refused = [](const char* body) {
    auto out = read_chat_options(body);
    EXPECT_TRUE(std::holds_alternative<ApiError>(out)) << body;
    return std::holds_alternative<ApiError>(out) ? std::get<ApiError>(out) : ApiError{};
  };
  EXPECT_EQ(refused(R"({"temperature":3})").param, "temperature");
  EXPECT_EQ(refused(R"({"temperature":"hot"})").param, "temperature");
  EXPECT_EQ(refused(R"({"top_p":0})").param, "top_p");
  EXPECT_EQ(refused(R"({"max_tokens":0})").param, "max_tokens");
  EXPECT_EQ(refused(R"({"max_tokens":1.5})").param, "max_tokens");
  EXPECT_EQ(refused(R"({"n":2})").param, "n");
  EXPECT_EQ(refused(R"({"stop":["a","b","c","d","e"]})").param, "stop");
  EXPECT_EQ(refused(R"({"messages":[{"content":"no role"}]})").param, "messages");
  EXPECT_THAT(refused(R"({"messages":[{"role":"user","content":[{"type":"image_url"}]}]})").message,
              HasSubstr("image_url"));
}

TEST(ApiErrors, OpenAiShape) {
  const Json j = parse_json(to_json(invalid_request("no \"x\"", "x", "c")));
  EXPECT_EQ(j.at("error").at("message").as_string(), "no \"x\"");
  EXPECT_EQ(j.at("error").at("type").as_string(), "invalid_request_error");
  EXPECT_EQ(j.at("error").at("param").as_string(), "x");
  EXPECT_TRUE(parse_json(to_json(ApiError{})).at("error").at("code").is_null());
}

}  // namespace
}  // namespace wattline::serve
