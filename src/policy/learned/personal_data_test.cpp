#include "policy/learned/personal_data.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wattline::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> kinds(std::string_view text) {
  std::vector<std::string> out;
  for (const auto& p : find_personal(text)) out.emplace_back(to_string(p.kind));
  return out;
}

TEST(PersonalDataTest, FindsWhatHasAForm) {
  EXPECT_THAT(kinds("write to ada.l@example.co.uk please"), ElementsAre("EMAIL_ADDRESS"));
  EXPECT_THAT(kinds("call 555-867-5309 now"), ElementsAre("PHONE_NUMBER"));
  EXPECT_THAT(kinds("call +1 (555) 867-5309."), ElementsAre("PHONE_NUMBER"));
  EXPECT_THAT(kinds("my number is 123-45-6789"), ElementsAre("US_SSN"));
  EXPECT_THAT(kinds("card 4532-1234-5678-9012"), ElementsAre("CREDIT_CARD"));
  EXPECT_THAT(kinds("card 4111111111111111"), ElementsAre("CREDIT_CARD"));
  EXPECT_THAT(kinds("pay to DE89 3704 0044 0532 0130 00"), ElementsAre("IBAN_CODE"));
  EXPECT_THAT(kinds("host 192.168.1.20 is down"), ElementsAre("IP_ADDRESS"));
  EXPECT_THAT(kinds("a@b.de, 192.168.1.20"), ElementsAre("EMAIL_ADDRESS", "IP_ADDRESS"));
}

// A detector that always fires would find something here.
TEST(PersonalDataTest, FindsNothingWhereThereIsNothing) {
  for (const char* text :
       {"", "What is 1234567 + 7654321?", "In 1999 and 2024 it cost 12.50 to 99.99", "version 1.2.3.4000",
        "3.14159265358979", "ISBN 978-3-16-148410-0", "4111111111111112", "0000-0000-0000-0000", "meet @noon",
        "GB00 WEST 1234 5698 7654 32", "the range 100-200-300", "2024-11-26", "999.999.999.999", "\xff\xfe\x80"})
    EXPECT_THAT(kinds(text), IsEmpty()) << text;
}

TEST(PersonalDataTest, PlacesAreThoseOfThePart) {
  const std::string text = "a: x@y.org!";
  const auto all = find_personal(text);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(text.substr(all[0].begin, all[0].end - all[0].begin), "x@y.org");
}

TEST(PersonalDataTest, LongTextsAreRead) {
  std::string text(2 << 20, '7');
  EXPECT_THAT(kinds(text), IsEmpty());
  text += " x@y.org";
  EXPECT_THAT(kinds(text), ElementsAre("EMAIL_ADDRESS"));
}

}  // namespace
}  // namespace wattline::policy
