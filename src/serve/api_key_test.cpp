#include "serve/api_key.h"

#include <set>

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

TEST(Digest, IsSha256) {
  // FIPS 180-4's examples.
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  const Digest d = sha256("abc");
  EXPECT_EQ(digest_from_hex(to_hex(d)), d);
  std::string upper = to_hex(d);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(digest_from_hex(upper), d);
  for (const std::string& bad :
       {std::string(), to_hex(d).substr(1), to_hex(d) + "0", std::string(64, 'g'), std::string(63, 'a') + " "})
    EXPECT_FALSE(digest_from_hex(bad)) << bad;
  Digest other = d;
  EXPECT_TRUE(same_digest(d, other));
  for (std::size_t i : {0u, 15u, 31u}) {
    other = d;
    other[i] ^= 1;
    EXPECT_FALSE(same_digest(d, other)) << i;
  }
}

TEST(ApiKey, HoldsTwoHundredAndFiftySixRandomBits) {
  std::set<std::string> seen;
  std::set<char> letters;
  for (int i = 0; i < 200; ++i) {
    const std::string key = new_api_key().reveal();
    ASSERT_EQ(key.size(), 46u);
    ASSERT_TRUE(key.starts_with("wl_"));
    for (char c : key) {
      ASSERT_TRUE(std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_') << key;
      letters.insert(c);
    }
    EXPECT_TRUE(seen.insert(key).second);
  }
  EXPECT_EQ(letters.size(), 64u);  // 8,600 draws of 64 letters
}

TEST(ApiKey, IsTakenFromEitherHeader) {
  EXPECT_EQ(presented_key("Bearer abc", ""), "abc");
  EXPECT_EQ(presented_key("bEARER   abc", "other"), "abc");
  EXPECT_EQ(presented_key("", "abc"), "abc");
  EXPECT_EQ(presented_key("Basic dTpw", "abc"), "abc");
  EXPECT_EQ(presented_key("Bearer ", "abc"), "abc");
  EXPECT_EQ(presented_key("Bearer", ""), "");
  EXPECT_EQ(presented_key("Bearerabc", ""), "");
  EXPECT_EQ(presented_key("abc", ""), "");
}

TEST(ApiKey, NamesAreSafeEverywhere) {
  for (const char* good : {"lab", "team.a_b-c", "ann@example.org", "0"}) EXPECT_TRUE(good_name(good)) << good;
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("a\"b"), std::string("a\r\n"),
                                 std::string("\xC3\xA9"), std::string(65, 'a'), std::string("a\0", 2)})
    EXPECT_FALSE(good_name(bad)) << bad;
}

TEST(Patterns, MatchAsShellsDo) {
  for (const auto& [pattern, text] :
       std::initializer_list<std::pair<const char*, const char*>>{{"*", ""},
                                                                  {"*", "a"},
                                                                  {"", ""},
                                                                  {"llama-*", "llama-3"},
                                                                  {"llama-*", "llama-"},
                                                                  {"*-8b", "llama-3.1-8b"},
                                                                  {"a*b*c", "aXbYbZc"},
                                                                  {"?", "x"},
                                                                  {"a?c", "abc"},
                                                                  {"**", "x"},
                                                                  {"a*", "a*"}})
    EXPECT_TRUE(matches_pattern(pattern, text)) << pattern << " " << text;
  for (const auto& [pattern, text] : std::initializer_list<std::pair<const char*, const char*>>{{"", "a"},
                                                                                                {"a", ""},
                                                                                                {"llama-*", "Llama-3"},
                                                                                                {"llama-*", "xllama-3"},
                                                                                                {"?", ""},
                                                                                                {"?", "ab"},
                                                                                                {"a*b", "ac"},
                                                                                                {"a*b*c", "acb"},
                                                                                                {"a", "ab"}})
    EXPECT_FALSE(matches_pattern(pattern, text)) << pattern << " " << text;
  // What makes careless matchers take exponential time.
  std::string pattern, text(2000, 'a');
  for (int i = 0; i < 100; ++i) pattern += "a*";
  EXPECT_FALSE(matches_pattern(pattern + "b", text));
}

}  // namespace
}  // namespace wattline::serve
