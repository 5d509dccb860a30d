#include "policy/cache/particulars.h"

#include <gtest/gtest.h>

namespace wattline::policy {
namespace {

std::string_view between(std::string_view a, std::string_view b) {
  const auto why = why_different(particulars_of(a), particulars_of(b));
  // The order in which they came must not matter.
  EXPECT_EQ(why.empty(), why_different(particulars_of(b), particulars_of(a)).empty()) << a << " | " << b;
  return why;
}

TEST(Particulars, LookAlikesAreToldApart) {
  struct Case {
    const char *a, *b, *why;
  };
  for (const auto& c : std::initializer_list<Case>{
           {"What is 12 + 30?", "What is 12 + 31?", "a number"},
           {"What is 12 + 30?", "What is 12 - 30?", "a symbol"},
           {"Add 1,000 and 5", "Add 1000 and 50", "a number"},
           {"Is 3.5 more than 3?", "Is 3.6 more than 3?", "a number"},
           {"Divide 7 by 3", "Divide 3 by 7", "the order of numbers"},
           {"Name three rivers", "Name four rivers", "a number"},
           {"Is it safe to eat raw eggs?", "Is it not safe to eat raw eggs?", "a negation"},
           {"Which planets have rings?", "Which planets don't have rings?", "a negation"},
           {"Which planets have rings?", "Which planets don\u2019t have rings?", "a negation"},
           {"Cook rice with salt", "Cook rice without salt", "a negation"},
           {"What is the capital of France?", "What is the capital of Germany?", "a name"},
           {"What is the capital of France?", "Paris is the capital of which country?", "what is asked for"},
           {"Sort a list in Python", "Sort a list in Java", "a name"},
           {"Convert 10 USD to EUR", "Convert 10 EUR to USD", "the order of units"},
           {"How much is 10 USD in EUR at the bank?", "How much is 10 EUR in USD at the bank?", "the order of units"},
           {"how much is 10 usd in yen", "how much is 10 yen in usd", "the order of units"},
           {"Does Alice know Bob well?", "Does Bob know Alice well?", "the order of names"},
           {"What does \"raw\" do here?", "What does \"cooked\" do here?", "a name"},
           {"What are the symptoms of flu?", "What are the symptoms of measles?", "one word"},
           {"How do I make a good cup of coffee?", "How do I make a good cup of tea?", "one word"},
           {"Is it safe to eat raw eggs?", "Is it safe to eat eggs?", "a further word"},
           {"When was the tower built?", "Where was the tower built?", "what is asked for"},
           {"How many people live there?", "How do people live there?", "what is asked for"},
           {"How far is it in km?", "How far is it in miles?", "a unit"},
           {"How can prices increase so much?", "How can prices decrease so much?", "a word and its opposite"},
           {"Is this mushroom edible for dogs?", "Is this mushroom inedible for dogs?", "a word and its opposite"},
           {"Is running healthy for old people?", "Is running unhealthy for old people?", "a word and its opposite"},
           {"Does the dog chase the cat to the barn?", "Does the cat chase the dog to the barn?", "the order of words"},
       })
    EXPECT_EQ(between(c.a, c.b), c.why) << c.a << " | " << c.b;
}

TEST(Particulars, OtherWordsForTheSameAreLeftToTheVectors) {
  for (const auto& [a, b] : std::initializer_list<std::pair<const char*, const char*>>{
           {"What is cognitive dissonance?", "Can you explain cognitive dissonance?"},
           {"What is cognitive dissonance?", "tell me about  cognitive dissonance"},
           {"What is the capital of France?", "what's the capital of france"},
           {"What are the benefits of regular exercise?", "What are the advantages of exercising regularly?"},
           {"How do I make a good cup of coffee?", "What's the best way to brew coffee?"},
           {"Add 1,000 and 5", "add 1000 and 5"},
           {"Name 3 rivers", "Name three rivers"},
           {"How long is 5 km?", "How long is 5 kilometres?"},
           {"Isn't it raining in Rome?", "Is it not raining in Rome?"},
       })
    EXPECT_EQ(between(a, b), "") << a << " | " << b;
}

TEST(Particulars, LookAlikesOfOtherScriptsAreOtherWords) {
  EXPECT_NE(between("How do I log in to paypal safely?", "How do I log in to p\u0430ypal safely?"), "");
}

TEST(Particulars, AnyBytesDo) {
  for (const std::string_view text :
       {std::string_view(""), std::string_view("\xff\xfe\x80"), std::string_view("\0\0", 2),
        std::string_view("'t n't don't"), std::string_view("....---+++")})
    EXPECT_EQ(why_different(particulars_of(text), particulars_of(text)), "");
  EXPECT_EQ(particulars_of("").all.size(), 0u);
}

TEST(Particulars, WhatAsksOfThePresent) {
  for (const char* text :
       {"What is the weather in Rome?", "Who is the CURRENT president?", "latest iPhone", "What happened this week?",
        "Best laptops of 2026", "Qu'est-ce qui se passe aujourd'hui ?", "现在几点了", "price as of yesterday"})
    EXPECT_TRUE(asks_of_the_present(text)) << text;
  for (const char* text : {"What is the capital of France?", "Explain the French revolution of 1789",
                           "How do I know what to do?", "Where do whales live?", ""})
    EXPECT_FALSE(asks_of_the_present(text)) << text;
}

}  // namespace
}  // namespace wattline::policy
