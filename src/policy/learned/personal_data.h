// Personal data that has a form: addresses of e-mail, telephone and card numbers, account and social security
// numbers, addresses of machines. Heuristic: names, places and anything without a form are not found, and that is
// said wherever it matters.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace wattline::policy {

enum class PersonalKind : std::uint8_t { email, phone, credit_card, iban, us_ssn, ip_address };
// "EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "IP_ADDRESS".
std::string_view to_string(PersonalKind);

struct PersonalPart {
  PersonalKind kind;
  std::size_t begin = 0, end = 0;  // bytes
  double confidence = 0;  // 1 where a checksum holds
};
// In the order of the text, without overlaps. Linear in its length.
std::vector<PersonalPart> find_personal(std::string_view text);

}  // namespace wattline::policy
