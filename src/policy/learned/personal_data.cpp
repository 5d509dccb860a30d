#include "policy/learned/personal_data.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include <re2/re2.h>

namespace wattline::policy {
namespace {

// Luhn's check (ISO/IEC 7812-1).
bool luhn(const std::string& digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int d = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1 && (d *= 2) > 9) d -= 9;
    sum += d;
  }
  return sum % 10 == 0;
}

// ISO 13616: the rearranged number is 1 modulo 97.
bool iban_holds(std::string plain) {
  std::rotate(plain.begin(), plain.begin() + 4, plain.end());
  int rest = 0;
  for (const char c : plain) rest = c <= '9' ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
  return rest == 1;
}

std::string without(std::string_view text, std::string_view dropped) {
  std::string out;
  for (const char c : text)
    if (dropped.find(c) == std::string_view::npos) out += c;
  return out;
}

struct Form {
  PersonalKind kind;
  const char* pattern;  // its first group is the part
};
// The likelier reading of the same characters comes first. Bounds keep years, prices and versions out.
constexpr Form forms[] = {
    {PersonalKind::email, R"(([A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,24}))"},
    {PersonalKind::iban, R"(\b([A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)\b)"},
    {PersonalKind::credit_card, R"(\b((?:[0-9][ \-]?){12,18}[0-9])\b)"},
    {PersonalKind::us_ssn, R"(\b([0-9]{3}-[0-9]{2}-[0-9]{4})\b)"},
    {PersonalKind::ip_address, R"(\b((?:[0-9]{1,3}\.){3}[0-9]{1,3})\b)"},
    {PersonalKind::phone,
     R"((?:^|[^0-9A-Za-z.\-])(\+[0-9]{1,3}[ .\-]?(?:\([0-9]{1,4}\)|[0-9]{1,4})(?:[ .\-][0-9]{2,4}){2,4}|)"
     R"(\([0-9]{2,4}\) ?[0-9]{3,4}[ .\-][0-9]{4}|[0-9]{3}[.\-][0-9]{3}[.\-][0-9]{4})(?:$|[^0-9A-Za-z\-]))"},
};

// How sure: 0 when a check fails.
double judge(PersonalKind kind, std::string_view part) {
  switch (kind) {
    case PersonalKind::email: return 0.95;
    case PersonalKind::iban: return iban_holds(without(part, " ")) ? 1 : 0;
    case PersonalKind::credit_card: {
      const std::string digits = without(part, " -");
      if (digits.find_first_not_of(digits[0]) == std::string::npos) return 0;
      // Typed in groups of four it is meant as one, whatever the checksum.
      const bool grouped = part.size() == 19 && digits.size() == 16;
      return luhn(digits) ? 1 : grouped ? 0.7 : 0;
    }
    case PersonalKind::us_ssn: {
      const std::string digits = without(part, "-");
      return digits.substr(0, 3) == "000" || digits[0] == '9' || digits.substr(3, 2) == "00" ? 0 : 0.8;
    }
    case PersonalKind::ip_address: {
      int number = 0;
      for (const char c : std::string(part) + ".") {
        if (c == '.' && number > 255) return 0;
        number = c == '.' ? 0 : number * 10 + (c - '0');
      }
      return 0.7;
    }
    case PersonalKind::phone: return 0.6;
  }
  return 0;
}

}  // namespace

std::string_view to_string(PersonalKind kind) {
  static constexpr std::string_view names[] = {"EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD",
                                               "IBAN_CODE",     "US_SSN",       "IP_ADDRESS"};
  return names[static_cast<std::size_t>(kind)];
}

std::vector<PersonalPart> find_personal(std::string_view text) {
  static const auto patterns = [] {
    std::array<std::unique_ptr<RE2>, std::size(forms)> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = std::make_unique<RE2>(forms[i].pattern, RE2::Quiet);
    return all;
  }();
  std::vector<PersonalPart> found;  // of likelier forms, in order
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const re2::StringPiece whole(text.data(), text.size());
    re2::StringPiece groups[2];
    std::vector<PersonalPart> fresh;
    std::size_t near = 0;  // the first of `found` that does not end before what is looked at
    for (std::size_t at = 0;
         at <= text.size() && patterns[i]->Match(whole, at, text.size(), RE2::UNANCHORED, groups, 2);) {
      const std::string_view part(groups[1].data(), groups[1].size());
      const auto begin = static_cast<std::size_t>(part.data() - text.data());
      const std::size_t end = begin + part.size();
      at = std::max(end, at + 1);
      while (near < found.size() && found[near].end <= begin) ++near;
      const bool taken = near < found.size() && found[near].begin < end;
      const double confidence = taken ? 0 : judge(forms[i].kind, part);
      if (confidence > 0) fresh.push_back({forms[i].kind, begin, end, confidence});
    }
    const auto before = static_cast<std::ptrdiff_t>(found.size());
    found.insert(found.end(), fresh.begin(), fresh.end());
    std::inplace_merge(found.begin(), found.begin() + before, found.end(),
                       [](const auto& a, const auto& b) { return a.begin < b.begin; });
  }
  return found;
}

}  // namespace wattline::policy
