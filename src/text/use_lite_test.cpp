#include "text/use_lite.h"

#include <cmath>
#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>

#include "kernel/command_testing.h"
#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/testing.h"
#include "text/find_encoder.h"
#include "text/hashed_ngrams.h"
#include "text/testing.h"

namespace wattline::text {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using tests::message_of;
namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void compare(std::span<const float> got, const Json& wanted, double tolerance, std::string_view what) {
  const auto& list = wanted.as_array();
  ASSERT_GE(got.size(), list.size());
  for (std::size_t i = 0; i < list.size(); ++i)
    ASSERT_NEAR(got[i], list[i].as_number(), tolerance) << what << ", value " << i;
}

TEST(UseLite, MatchesTheGoldenVectors) {
  const UseLite* encoder = tests::use_lite();
  if (!encoder) GTEST_SKIP() << "skipped: encoder package not installed";
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  const Json golden = parse_json(read_file(*shared / "data/sentence-encoder-golden/golden.json"));
  ASSERT_EQ(golden.as_array().size(), 30u);
  for (const Json& g : golden.as_array()) {
    const std::string& text = g.at("text").as_string();
    std::vector<std::uint32_t> ids;
    encoder->tokenizer().encode(text, ids, UseLite::most_tokens);
    const auto& wanted = g.at("ids").as_array();
    ASSERT_EQ(ids.size(), static_cast<std::size_t>(g.at("n_tokens_used").as_integer())) << text;
    for (std::size_t i = 0; i < ids.size(); ++i) ASSERT_EQ(ids[i], wanted[i].as_integer()) << text << " token " << i;
    compare(encoder->encoded(text), g.at("embedding"), 2e-5, text);
    // Values before the last norm reach 16, where the two runtimes' rounding differs more.
    std::vector<float> rows;
    const EncodeFacts facts = encoder->last_layer(text, rows);
    compare(rows, g.at("first_token_dims0_7"), 5e-5, text);
    compare(std::span(rows).subspan((facts.tokens - 1) * 512), g.at("last_token_dims0_7"), 5e-5, text);
  }
}

TEST(UseLite, FactsOfATextAreTold) {
  const UseLite* encoder = tests::use_lite();
  if (!encoder) GTEST_SKIP() << "skipped: encoder package not installed";
  std::vector<float> v(512);
  EXPECT_EQ(encoder->encode("hello", v).tokens, 2u);
  EXPECT_EQ(encoder->encode("hello", v).unknown_share, 0);
  EXPECT_EQ(encoder->encode("请把这句话翻译成英文", v).unknown_share, 0.5);
  EXPECT_FALSE(encoder->encode("short", v).truncated);
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += "words and ";
  const EncodeFacts facts = encoder->encode(text, v);
  EXPECT_TRUE(facts.truncated);
  EXPECT_EQ(facts.tokens, 128u);
  EXPECT_NEAR(dot(v, v), 1, 1e-5);
}

TEST(UseLite, TakesAnyText) {
  const UseLite* encoder = tests::use_lite();
  if (!encoder) GTEST_SKIP() << "skipped: encoder package not installed";
  std::vector<float> v(512);
  EXPECT_EQ(encoder->encode("", v).tokens, 0u);
  EXPECT_THAT(v, ::testing::Each(0.0f));
  for (const std::string& text :
       {std::string("\0\1\2", 3), std::string("\xFF\xFE"), std::string("?!"), std::string("\n"),
        std::string(100'000, 'a'), std::string(100'000, '\xE4'), std::string("e\u0301\u200D")}) {
    const EncodeFacts facts = encoder->encode(text, v);
    EXPECT_GT(facts.tokens, 0u);
    EXPECT_NEAR(dot(v, v), 1, 1e-5);
  }
  std::vector<float> small(3);
  EXPECT_THAT(message_of([&] { encoder->encode("a", small); }), HasSubstr("512"));
}

TEST(UseLite, ASummaryBeginsWithTheSentenceVector) {
  const UseLite* encoder = tests::use_lite();
  if (!encoder) GTEST_SKIP() << "skipped: encoder package not installed";
  std::vector<float> summary(encoder->summary_width()), rows(512);
  const EncodeFacts facts = encoder->summarise("the cat sat on the mat", summary);
  EXPECT_EQ(encoder->encoded("the cat sat on the mat"), std::vector<float>(summary.begin(), summary.begin() + 512));
  encoder->last_layer("the cat sat on the mat", rows);
  std::vector<float> mean(512);
  for (std::size_t i = 0; i < rows.size(); ++i) mean[i % 512] += rows[i] / static_cast<float>(facts.tokens);
  normalise(mean);
  for (std::size_t d = 0; d < 512; ++d) EXPECT_NEAR(summary[512 + d], mean[d], 1e-5);
  EXPECT_THAT(message_of([&] { encoder->summarise("a", mean); }), HasSubstr("1024"));
}

TEST(UseLite, LateInteractionTellsTokensApart) {
  const UseLite* encoder = tests::use_lite();
  if (!encoder) GTEST_SKIP() << "skipped: encoder package not installed";
  std::vector<float> a, b, c;
  const EncodeFacts facts = encoder->encode_tokens("the cat sat on the mat", a);
  EXPECT_EQ(facts.tokens * 512, a.size());
  encoder->encode_tokens("a cat is sitting on a mat", b);
  encoder->encode_tokens("interest rates rose in March", c);
  EXPECT_NEAR(max_similarity(a, a, 512), 1, 1e-4);
  EXPECT_GT(max_similarity(a, b, 512), max_similarity(a, c, 512));
  EXPECT_EQ(max_similarity({}, a, 512), 0);
}

// A model of the same names with small numbers, as a package folder.
class MadeModel {
 public:
  MadeModel() {
    Json::Array weights;
    for (const auto& [name, shape] : tests::use_lite_tensors()) {
      Json::Array extents;
      std::size_t count = 1;
      for (const std::size_t n : shape) {
        extents.push_back(Json(static_cast<std::int64_t>(n)));
        count *= n;
      }
      Json w;
      w.set("name", Json("module/" + name));
      w.set("shape", Json(extents));
      w.set("dtype", Json("float32"));
      weights.push_back(w);
      for (std::size_t i = 0; i < count; ++i) values.push_back(0.001f * static_cast<float>(i % 17));
    }
    Json group;
    group.set("weights", Json(weights));
    group.set("paths", Json(Json::Array{Json("one"), Json("two")}));
    model.set("weightsManifest", Json(Json::Array{group}));
    vocabulary = R"([["?",0],["<s>",0],["</s>",0],["x",0],["y",0],["z",0],["a",-1],["b",-2],["ab",-2.5],["▁",null]])";
  }
  fs::path write(std::size_t bytes = std::string::npos) const {
    const std::string all(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    fs::create_directories(dir.path() / "dist");
    const auto put = [&](const char* name, std::string_view text) {
      std::ofstream(dir.path() / "dist" / name, std::ios::binary) << text;
    };
    put("model.json", model.dump());
    put("vocab.json", vocabulary);
    put("one", std::string_view(all).substr(0, 1000));
    put("two", std::string_view(all).substr(1000).substr(0, bytes));
    return dir.path();
  }

  Json model;
  std::vector<float> values;
  std::string vocabulary;
  tests::ScratchDir dir;
};

Json& weight(MadeModel& m, std::size_t i) {
  auto& group = m.model.as_object()[0].second.as_array()[0];
  return group.as_object()[0].second.as_array()[i];
}

TEST(UseLite, ReadsAPackageFolder) {
  const MadeModel made;
  const UseLite encoder(made.write());
  std::vector<float> v(512);
  EXPECT_EQ(encoder.encode("ab", v).tokens, 2u);
  EXPECT_NEAR(dot(v, v), 1, 1e-5);
  EXPECT_EQ(UseLite(made.dir.path() / "dist").fingerprint(), encoder.fingerprint());
}

TEST(UseLite, AnyOtherByteIsAnotherFingerprint) {
  MadeModel made;
  const std::string before(UseLite(made.write()).fingerprint());
  made.values[12345] += 1;
  const std::string after(UseLite(made.write()).fingerprint());
  made.vocabulary.replace(made.vocabulary.find("-2.5"), 4, "-2.4");
  EXPECT_NE(before, after);
  EXPECT_NE(UseLite(made.write()).fingerprint(), after);
}

TEST(UseLite, DamagedFilesAreErrorsThatNameThem) {
  const auto load = [](const MadeModel& m, std::size_t bytes = std::string::npos) {
    return message_of([&] { UseLite(m.write(bytes)); });
  };
  MadeModel m;
  EXPECT_THAT(load(m, 5000), AllOf(HasSubstr("model.json"), HasSubstr("the shards have 6000")));
  fs::remove(m.dir.path() / "dist" / "two");
  EXPECT_THAT(message_of([&] { UseLite(m.dir.path()); }), AllOf(HasSubstr("two"), HasSubstr("No such file")));
  EXPECT_THAT(message_of([&] { UseLite(m.dir.path() / "nowhere"); }), HasSubstr("no model.json"));

  m.values[7] = std::nanf("");
  EXPECT_THAT(load(m), HasSubstr("not finite"));
  m.values[7] = 0;
  weight(m, 0).set("dtype", Json("uint8"));
  EXPECT_THAT(load(m), HasSubstr("uint8"));
  weight(m, 0).set("dtype", Json("float32"));
  weight(m, 0).set("quantization", Json(Json::Object{}));
  EXPECT_THAT(load(m), HasSubstr("quantised"));
}

TEST(UseLite, OtherModelsAreRefused) {
  const auto load = [](const MadeModel& m) { return message_of([&] { UseLite(m.write()); }); };
  {
    MadeModel m;
    weight(m, 0).set("name", Json("module/Something"));
    EXPECT_THAT(load(m), AllOf(HasSubstr("Embeddings_en"), HasSubstr("another model")));
  }
  {
    MadeModel m;
    weight(m, 0).set("shape", Json(Json::Array{Json(4001), Json(512)}));
    EXPECT_THAT(load(m), AllOf(HasSubstr("[4001, 512]"), HasSubstr("[8002, 256]")));
  }
  {
    MadeModel m;
    weight(m, 1).set("name", Json("x/Embeddings_en"));
    EXPECT_THAT(load(m), HasSubstr("two tensors"));
  }
  {
    MadeModel m;
    weight(m, 1).set("shape", Json(Json::Array{Json(-1)}));
    EXPECT_THAT(load(m), HasSubstr("dimension"));
    weight(m, 1).set("shape", Json(Json::Array{Json(std::int64_t{1} << 28), Json(std::int64_t{1} << 28)}));
    EXPECT_THAT(load(m), HasSubstr("1 GiB"));
  }
  for (const char* vocabulary :
       {"", "{}", "[]", R"([["a",0]])", R"([["a",0],["b",0],["c",0],["d",0],["e",0],["f",0],["g"]])",
        R"([["a",0],["b",0],["c",0],["d",0],["e",0],["f",0],["",1]])",
        R"([["a",0],["b",0],["c",0],["d",0],["e",0],["f",0],["g","h"]])"}) {
    MadeModel m;
    m.vocabulary = vocabulary;
    EXPECT_THAT(load(m), HasSubstr("vocab.json")) << vocabulary;
  }
}

TEST(UseLite, ShardsCannotLeaveTheFolder) {
  MadeModel m;
  for (const char* path : {"../one", "/etc/hostname", "", "a/b", ".."}) {
    auto& group = m.model.as_object()[0].second.as_array()[0];
    group.set("paths", Json(Json::Array{Json(path)}));
    EXPECT_THAT(message_of([&] { UseLite(m.write()); }), HasSubstr("same folder")) << path;
  }
}

TEST(FindEncoder, SaysWhatItTookAndWhyNotAnother) {
  const FoundEncoder asked = find_encoder("hashed-ngrams", "");
  EXPECT_EQ(asked.encoder->name(), "hashed-ngrams");
  EXPECT_THAT(asked.notes, ::testing::ElementsAre(HasSubstr("WATTLINE_ENCODER")));

  const MadeModel made;
  const FoundEncoder named = find_encoder(made.write().string(), "");
  EXPECT_EQ(named.encoder->name(), "use-lite");
  EXPECT_EQ(named.origin, made.dir.path().string());
  EXPECT_THAT(message_of([] { find_encoder("/nowhere/at/all", ""); }),
              AllOf(HasSubstr("WATTLINE_ENCODER"), HasSubstr("/nowhere/at/all")));

  const tests::ScratchDir empty;
  const FoundEncoder none = find_encoder("", empty.path() / "bin" / "wattline");
  EXPECT_EQ(none.encoder->name(), "hashed-ngrams");
  EXPECT_EQ(none.origin, "built in");
  EXPECT_THAT(none.notes, ::testing::ElementsAre(HasSubstr("not there")));

  // An installation beside the program, whole and then damaged.
  const fs::path share = empty.path() / "share" / "wattline";
  fs::create_directories(share);
  fs::create_directory_symlink(made.dir.path(), share / "encoder");
  EXPECT_EQ(find_encoder("", empty.path() / "bin" / "wattline").encoder->name(), "use-lite");
  made.write(10);
  const FoundEncoder damaged = find_encoder("", empty.path() / "bin" / "wattline");
  EXPECT_EQ(damaged.encoder->name(), "hashed-ngrams");
  EXPECT_THAT(damaged.notes, ::testing::ElementsAre(HasSubstr("shards have")));
}

TEST(HashedNgrams, NearTextsAreNear) {
  const HashedNgrams encoder;
  const auto a = encoder.encoded("How do I reset my password?"), b = encoder.encoded("how to RESET a password"),
             c = encoder.encoded("Photosynthesis in plants"), again = encoder.encoded("How do I reset my password?");
  EXPECT_EQ(a, again);
  EXPECT_NEAR(dot(a, a), 1, 1e-5);
  EXPECT_GT(dot(a, b), 0.4);
  EXPECT_LT(dot(a, c), 0.2);
  EXPECT_GT(dot(encoder.encoded("请重置密码"), encoder.encoded("重置我的密码")), 0.3);
}

TEST(HashedNgrams, TakesAnyText) {
  const HashedNgrams encoder;
  std::vector<float> v(512);
  EXPECT_EQ(encoder.encode("", v).tokens, 0u);
  EXPECT_EQ(encoder.encode("\xFF?! ", v).tokens, 0u);
  EXPECT_THAT(v, ::testing::Each(0.0f));
  const EncodeFacts facts = encoder.encode(std::string(200'000, 'a'), v);
  EXPECT_TRUE(facts.truncated);
  EXPECT_NEAR(dot(v, v), 1, 1e-4);
  std::vector<float> rows;
  EXPECT_EQ(encoder.encode_tokens("one two three", rows).tokens, 3u);
  EXPECT_EQ(rows.size(), 3 * 512u);
}

}  // namespace
}  // namespace wattline::text
