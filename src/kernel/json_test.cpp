#include "kernel/json.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline {
namespace {

TEST(Json, RoundTrips) {
  const std::string text = R"({"a":1,"b":-2.5,"c":"x\"y\n","d":[true,false,null],"e":{},"f":[],"g":"µ"})";
  EXPECT_EQ(parse_json(text).dump(), text);
}

TEST(Json, NumbersPrintWithTheFewestDigitsThatReadBack) {
  EXPECT_EQ(shortest(0.1), "0.1");
  EXPECT_EQ(shortest(1e300), "1e+300");
  for (double d : {1.0 / 3, 5e-324, 1.7976931348623157e308, 123456789.123456789})
    EXPECT_EQ(parse_json(shortest(d)).as_number(), d);
  EXPECT_EQ(shortest(std::nan("")), "null");
}

TEST(Json, InvalidUtf8BecomesReplacementCharacter) {
  std::string out;
  append_json_string(out, "a\xff\xc3(\xed\xa0\x80");
  EXPECT_NO_THROW(parse_json(out));
  EXPECT_THAT(out, testing::HasSubstr("\xEF\xBF\xBD"));
}

TEST(Json, ErrorsNameTheInput) {
  try {
    parse_json("{\"a\":", "request");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.where(), "request");
    EXPECT_THAT(e.what(), testing::HasSubstr("not valid JSON"));
  }
  EXPECT_THROW(parse_json(std::string(100'000, '[')), Error);
  EXPECT_THROW(parse_json(""), Error);
  EXPECT_THROW(parse_json("{} {}"), Error);
  EXPECT_THROW(parse_json("\"\xff\""), Error);
}

TEST(Json, TypedReadsSayWhatTheyFound) {
  const Json j = parse_json(R"({"n":1.5,"s":"x"})");
  EXPECT_THROW(j.at("n").as_integer(), Error);
  EXPECT_THROW(j.at("s").as_number(), Error);
  EXPECT_THROW(j.at("missing"), Error);
  EXPECT_EQ(j.find("missing"), nullptr);
  EXPECT_EQ(j.number_or("missing", 3), 3);
  EXPECT_EQ(parse_json("4.0").as_integer(), 4);
}

TEST(JsonWriter, IndentsWhenAsked) {
  JsonWriter w(2);
  w.begin_object().member("a", 1).key("b").begin_array().value("x").end_array().end_object();
  EXPECT_EQ(w.str(), "{\n  \"a\": 1,\n  \"b\": [\n    \"x\"\n  ]\n}");
}

}  // namespace
}  // namespace wattline
