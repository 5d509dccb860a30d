#include <array>

#include "catalog/catalog.h"

namespace wattline::catalog {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Bytes of UTF-8 letters count as letters.
bool is_word(char c) {
  c = lower(c);
  return (c >= 'a' && c <= 'z') || is_digit(c) || static_cast<unsigned char>(c) >= 0x80;
}

// What says who made it or what kind of thing it is, never which.
bool is_noise(std::string_view word) {
  static constexpr std::array<std::string_view, 23> noise = {
      "r",   "tm",     "c",       "cpu",      "gpu",    "processor", "nvidia",     "intel",
      "amd", "tesla",  "geforce", "graphics", "gen",    "apple",     "genuine",    "qualcomm",
      "inc", "radeon", "ampere",  "instinct", "google", "aws",       "corporation"};
  for (const auto n : noise)
    if (word == n) return true;
  // "64-core": the first word of two; "13th": a generation, which the number repeats.
  const bool generation = word.size() >= 3 && word.size() <= 4 && is_digit(word[0]) && word.ends_with("th");
  return generation;
}

}  // namespace

std::string name_key(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (is_word(c)) out += lower(c);
  return out;
}

std::string device_key(std::string_view name) {
  // Drivers add the clock ("@ 2.60GHz") and graphics on the chip ("w/ Radeon 780M Graphics") behind the name.
  name = name.substr(0, name.find('@'));
  name = name.substr(0, name.find(" w/ "));
  name = name.substr(0, name.find(" with "));
  std::string out, word;
  std::string before;  // the last number, which "Core" behind it turns into a count of cores
  const auto end_word = [&] {
    if (word.empty()) return;
    const bool number = word.find_first_not_of("0123456789") == std::string::npos;
    if ((word == "core" || word == "cores") && !before.empty()) {
      out.erase(out.size() - before.size());
      before.clear();
    } else if (!is_noise(word)) {
      out += word;
      before = number ? word : "";
    }
    word.clear();
  };
  for (const char c : name) {
    if (is_word(c)) word += lower(c);
    else end_word();
  }
  end_word();
  return out;
}

}  // namespace wattline::catalog
