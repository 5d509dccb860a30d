#include "lm/task_drawing.h"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "lm/corpus.h"

namespace wattline::lm {
namespace {

// FNV-1a, then mixed so that low bits depend on all of the key.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t h = 14695981039346656037u;
  for (unsigned char c : text) h = (h ^ c) * 1099511628211u;
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdu;
  return h ^ (h >> 33);
}
std::string fill(std::string text, Values values) {
  for (const auto& [name, value] : values)
    for (std::size_t at; (at = text.find(name)) != std::string::npos;) text.replace(at, name.size(), value);
  return text;
}

// What people put around a question.
std::string as_typed(Random& random, std::string text) {
  static constexpr std::string_view openings[] = {"Please: ", "Hi! ", "Tell me: ", "Question: ", "Quick question: "};
  if (chance(random, 20) && std::ispunct(static_cast<unsigned char>(text.back())) && text.size() > 4 &&
      text.back() != ')')
    text.pop_back();
  if (chance(random, 15))
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (chance(random, 12)) text = std::string(openings[below(random, std::size(openings))]) + text;
  return text;
}

}  // namespace

// The bias of the remainder is below 1e-15 for such small n.
int below(Random& random, int n) { return static_cast<int>(random() % static_cast<std::uint64_t>(n)); }
bool chance(Random& random, int percent) { return below(random, 100) < percent; }
int number_of_digits(Random& random, int digits) {
  static constexpr int low[] = {0, 0, 10, 100, 1000, 10000, 100000};
  static constexpr int count[] = {0, 10, 90, 900, 9000, 90000, 900000};
  return low[digits] + below(random, count[digits]);
}
Split split_of(std::string_view key) { return hash_of(key) % 8 == 0 ? Split::test : Split::train; }

Half half_of(const Problem& p) { return hash_of(p.key) / 8 % 2 == 0 ? Half::tuning : Half::judging; }

Problem ask(Random& random, Split split, const std::string& phrasing, Values values, std::string key,
            std::string answer, bool turned) {
  Problem p;
  p.key = std::move(key);
  p.prompt = as_typed(random, fill(pick(random, Corpus::get().phrasings_of(phrasing, split)), values));
  p.answer = std::move(answer);
  p.turned = turned;
  return p;
}

Pair draw_pair(Random& random, Split split, int digits, std::string_view what) {
  return draw_in(split, [&] {
    int a = number_of_digits(random, digits);
    int b = number_of_digits(random, 1 + below(random, digits));
    if (chance(random, 50)) std::swap(a, b);
    return Pair{a, b, std::string(what) + std::to_string(std::min(a, b)) + "," + std::to_string(std::max(a, b))};
  });
}

Pair draw_unequal(Random& random, Split split, std::string_view what, int shortest, int longest) {
  for (;;) {
    Pair p = draw_pair(random, split, shortest + below(random, longest - shortest + 1), what);
    // Numbers of one length, and close ones, are where comparing is hard.
    if (chance(random, 30)) {
      if (shortest > 1 && p.b > p.a) std::swap(p.a, p.b);  // or both would be short
      p.b = std::max(0, p.a + below(random, 21) - 10);
      p.key = std::string(what) + std::to_string(std::min(p.a, p.b)) + "," + std::to_string(std::max(p.a, p.b));
      if (split_of(p.key) != split) continue;
    }
    if (p.a != p.b) return p;
  }
}

Word draw_word(Random& random, Split split, std::string_view what, std::size_t shortest, std::size_t longest) {
  static constexpr std::string_view vowels = "aeiou", consonants = "bcdfghjklmnprstvwyz";
  return draw_in(split, [&] {
    std::string w;
    if (longest <= 8 && shortest <= 3 && chance(random, 30)) {
      do {
        w = pick(random, Corpus::get().words.at("word"));
      } while (w.size() < shortest || w.size() > longest);
    } else {
      const auto length = shortest + static_cast<std::size_t>(below(random, static_cast<int>(longest - shortest + 1)));
      bool vowel = chance(random, 40);
      while (w.size() < length) {
        const auto& from = vowel ? vowels : consonants;
        w += from[static_cast<std::size_t>(below(random, static_cast<int>(from.size())))];
        vowel = chance(random, 80) ? !vowel : vowel;
      }
    }
    return Word{w, std::string(what) + w};
  });
}

}  // namespace wattline::lm
