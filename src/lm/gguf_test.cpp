#include "lm/gguf.h"

#include <bit>
#include <cstring>
#include <map>
#include <set>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lm/half.h"
#include "lm/test_models.h"

namespace wattline::lm {
namespace {

using testing::ElementsAre;

// Reads what the specification says, apart from the writer's code.
class Reader {
 public:
  explicit Reader(const std::string& bytes) : bytes_(bytes) {
    EXPECT_EQ(bytes.substr(0, 4), "GGUF");
    at_ = 4;
    EXPECT_EQ(take<std::uint32_t>(), 3u);
    const auto tensor_count = take<std::uint64_t>(), pairs = take<std::uint64_t>();
    for (std::uint64_t i = 0; i < pairs; ++i) {
      const std::string key = text();
      EXPECT_FALSE(values.count(key)) << key << " is there twice";
      values[key] = value(take<std::uint32_t>());
    }
    struct Place {
      std::string name;
      std::uint64_t offset;
    };
    std::vector<Place> places;
    for (std::uint64_t i = 0; i < tensor_count; ++i) {
      const std::string name = text();
      auto& t = tensors[name];
      const auto rank = take<std::uint32_t>();
      for (std::uint32_t d = 0; d < rank; ++d) t.extents.push_back(take<std::uint64_t>());
      t.type = take<std::uint32_t>();
      places.push_back({name, take<std::uint64_t>()});
    }
    const std::uint64_t data = (at_ + 31) / 32 * 32;
    std::uint64_t end = data;
    for (const auto& [name, offset] : places) {
      EXPECT_EQ(offset % 32, 0u) << name;
      auto& t = tensors[name];
      std::uint64_t count = 1;
      for (auto e : t.extents) count *= e;
      at_ = data + offset;
      EXPECT_GE(at_, end) << name << " overlaps the one before";
      for (std::uint64_t i = 0; i < count; ++i)
        t.numbers.push_back(t.type == 1 ? half_to_float(take<std::uint16_t>())
                                        : std::bit_cast<float>(take<std::uint32_t>()));
      end = at_;
    }
    EXPECT_EQ((end + 31) / 32 * 32, bytes.size());
  }

  struct Tensor {
    std::vector<std::uint64_t> extents;
    std::uint32_t type = 99;
    std::vector<float> numbers;
  };
  std::map<std::string, std::vector<std::string>> values;  // each as text; several of an array
  std::map<std::string, Tensor> tensors;

 private:
  template <class T>
  T take() {
    T out{};
    if (at_ + sizeof(T) > bytes_.size()) throw std::runtime_error("beyond the end");
    std::memcpy(&out, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return out;
  }
  std::string text() {
    const auto size = take<std::uint64_t>();
    std::string out = bytes_.substr(at_, size);
    at_ += size;
    return out;
  }
  std::vector<std::string> value(std::uint32_t type) {
    switch (type) {
      case 4: return {std::to_string(take<std::uint32_t>())};
      case 5: return {std::to_string(take<std::int32_t>())};
      case 6: return {std::to_string(take<float>())};
      case 7: return {take<std::uint8_t>() ? "true" : "false"};
      case 8: return {text()};
      case 9: {
        const auto inner = take<std::uint32_t>();
        std::vector<std::string> all;
        for (auto n = take<std::uint64_t>(); n > 0; --n) all.push_back(value(inner).at(0));
        return all;
      }
      default: throw std::runtime_error("unknown type");
    }
  }

  const std::string& bytes_;
  std::size_t at_ = 0;
};

// By hand from the specification.
TEST(GgufTest, IsByteForByteWhatTheSpecificationSays) {
  const std::vector<float> values = {1, -2};
  const std::string made = GgufWriter().natural("k", 7).tensor("t", {1, 2}, values, StoredAs::f16).take();
  const std::string header(
      "GGUF\3\0\0\0"
      "\1\0\0\0\0\0\0\0"
      "\1\0\0\0\0\0\0\0"
      "\1\0\0\0\0\0\0\0k"
      "\4\0\0\0"
      "\7\0\0\0"
      "\1\0\0\0\0\0\0\0t"
      "\2\0\0\0"
      "\2\0\0\0\0\0\0\0"
      "\1\0\0\0\0\0\0\0"
      "\1\0\0\0"
      "\0\0\0\0\0\0\0\0",
      82);
  EXPECT_EQ(made.substr(0, 82), header);
  EXPECT_EQ(made.substr(82, 14), std::string(14, '\0'));
  EXPECT_EQ(made.substr(96), std::string("\0\x3c\0\xc0", 4) + std::string(28, '\0'));
}

TEST(GgufTest, EmptyListsAndAllKindsOfValues) {
  const std::string made = GgufWriter()
                               .texts("none", {})
                               .texts("two", {"", "b\0c"})
                               .integers("i", {-1, 2})
                               .flag("f", true)
                               .number("n", 0.5f)
                               .text("t", "x")
                               .take();
  const Reader r(made);
  EXPECT_TRUE(r.values.at("none").empty());
  EXPECT_THAT(r.values.at("two"), ElementsAre("", "b"));
  EXPECT_THAT(r.values.at("i"), ElementsAre("-1", "2"));
  EXPECT_THAT(r.values.at("f"), ElementsAre("true"));
  EXPECT_TRUE(r.tensors.empty());
}

TEST(GgufTest, AModelKeepsItsShapeAndItsNumbers) {
  const Shape s = test::small_shape();
  const Weights weights = test::random_weights(s, 3);
  for (const auto as : {StoredAs::f16, StoredAs::f32}) {
    const std::string made = gguf_of("small", s, weights, as);
    const Reader r(made);
    const auto one = [&](const char* key) { return r.values.at(key).at(0); };
    EXPECT_EQ(one("general.architecture"), "llama");
    EXPECT_EQ(one("general.name"), "small");
    EXPECT_EQ(one("llama.block_count"), "2");
    EXPECT_EQ(one("llama.embedding_length"), "24");
    EXPECT_EQ(one("llama.feed_forward_length"), "40");
    EXPECT_EQ(one("llama.attention.head_count"), "4");
    EXPECT_EQ(one("llama.attention.head_count_kv"), "2");
    EXPECT_EQ(one("llama.rope.dimension_count"), "6");
    EXPECT_EQ(one("llama.context_length"), "64");
    EXPECT_EQ(r.tensors.size(), weights.size());
    const auto& down = r.tensors.at("blk.1.ffn_down.weight");
    EXPECT_THAT(down.extents, ElementsAre(40u, 24u)) << "the fastest dimension first";
    EXPECT_EQ(down.type, as == StoredAs::f16 ? 1u : 0u);
    const auto& ours = weights.at("layers.1.down");
    ASSERT_EQ(down.numbers.size(), ours.size());
    for (std::size_t i = 0; i < ours.size(); ++i)
      EXPECT_EQ(down.numbers[i], as == StoredAs::f16 ? half_to_float(float_to_half(ours[i])) : ours[i]);
    EXPECT_EQ(r.tensors.at("blk.0.attn_norm.weight").type, 0u) << "norms are always fp32";
    EXPECT_EQ(r.tensors.at("output_norm.weight").numbers, weights.at("norm"));
    EXPECT_EQ(r.tensors.at("blk.0.attn_q.weight").numbers.size(), weights.at("layers.0.q").size());
    EXPECT_FALSE(r.tensors.count("output.weight")) << "the head is the embedding";
  }
}

TEST(GgufTest, EveryByteHasATokenOfItsOwn) {
  const Shape s = test::small_shape();
  const std::string made = gguf_of("small", s, test::random_weights(s, 3), StoredAs::f16);
  const Reader r(made);
  const auto& tokens = r.values.at("tokenizer.ggml.tokens");
  ASSERT_EQ(tokens.size(), static_cast<std::size_t>(ByteTokenizer::size));
  EXPECT_EQ(std::set<std::string>(tokens.begin(), tokens.end()).size(), tokens.size());
  // As GPT-2's table has them.
  EXPECT_EQ(tokens[' '], "\u0120");
  EXPECT_EQ(tokens['\n'], "\u010a");
  EXPECT_EQ(tokens[0], "\u0100");
  EXPECT_EQ(tokens['a'], "a");
  EXPECT_EQ(tokens[0xAD], "\u0143");
  EXPECT_EQ(tokens[0xFF], "\u00ff");
  const auto& types = r.values.at("tokenizer.ggml.token_type");
  EXPECT_EQ(types['a'], "1");
  EXPECT_EQ(types[ByteTokenizer::begin], "3");
  EXPECT_EQ(types[ByteTokenizer::turn], "4");
  EXPECT_EQ(r.values.at("tokenizer.ggml.bos_token_id").at(0), std::to_string(ByteTokenizer::begin));
  EXPECT_EQ(r.values.at("tokenizer.ggml.eos_token_id").at(0), std::to_string(ByteTokenizer::end));
}

}  // namespace
}  // namespace wattline::lm
