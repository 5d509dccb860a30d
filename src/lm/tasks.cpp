#include "lm/tasks.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <initializer_list>
#include <span>

#include "kernel/error.h"
#include "lm/corpus.h"

namespace wattline::lm {
namespace {

using Random = std::mt19937_64;

// The bias of the remainder is below 1e-15 for such small n.
int below(Random& random, int n) { return static_cast<int>(random() % static_cast<std::uint64_t>(n)); }
bool chance(Random& random, int percent) { return below(random, 100) < percent; }
int number_of_digits(Random& random, int digits) {
  static constexpr int low[] = {0, 0, 10, 100}, count[] = {0, 10, 90, 900};
  return low[digits] + below(random, count[digits]);
}
template <class T>
const T& pick(Random& random, const std::vector<T>& from) {
  return from[static_cast<std::size_t>(below(random, static_cast<int>(from.size())))];
}

// FNV-1a, then mixed so that low bits depend on all of the key.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t h = 14695981039346656037u;
  for (unsigned char c : text) h = (h ^ c) * 1099511628211u;
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdu;
  return h ^ (h >> 33);
}
// One problem in eight is held out.
Split split_of(std::string_view key) { return hash_of(key) % 8 == 0 ? Split::test : Split::train; }

using Values = std::initializer_list<std::pair<std::string_view, std::string_view>>;
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

Problem ask(Random& random, Split split, const std::string& phrasing, Values values, std::string key,
            std::string answer, bool turned = false) {
  Problem p;
  p.key = std::move(key);
  p.prompt = as_typed(random, fill(pick(random, Corpus::get().phrasings_of(phrasing, split)), values));
  p.answer = std::move(answer);
  p.turned = turned;
  return p;
}

// Draws until the problem is on the wanted side.
template <class Draw>
auto draw_in(Split split, Draw draw) {
  for (;;) {
    auto drawn = draw();
    if (split_of(drawn.key) == split) return drawn;
  }
}

struct Pair {
  int a, b;
  std::string key;
};
// Two numbers of up to `digits` digits, at least one of exactly that many. Two orders of the same
// numbers are one problem, so the same sum is never on both sides.
Pair draw_pair(Random& random, Split split, int digits, std::string_view what) {
  return draw_in(split, [&] {
    int a = number_of_digits(random, digits);
    int b = number_of_digits(random, 1 + below(random, digits));
    if (chance(random, 50)) std::swap(a, b);
    return Pair{a, b, std::string(what) + std::to_string(std::min(a, b)) + "," + std::to_string(std::max(a, b))};
  });
}

Problem addition(Random& random, Split split, int digits) {
  const Pair p = draw_pair(random, split, digits, "add ");
  return ask(random, split, "addition", {{"{a}", std::to_string(p.a)}, {"{b}", std::to_string(p.b)}}, p.key,
             std::to_string(p.a + p.b), true);
}

Problem subtraction(Random& random, Split split, int digits) {
  const Pair p = draw_pair(random, split, digits, "subtract ");
  const int a = std::max(p.a, p.b), b = std::min(p.a, p.b);
  return ask(random, split, "subtraction", {{"{a}", std::to_string(a)}, {"{b}", std::to_string(b)}}, p.key,
             std::to_string(a - b), true);
}

Pair draw_unequal(Random& random, Split split, std::string_view what) {
  for (;;) {
    Pair p = draw_pair(random, split, 1 + below(random, 3), what);
    // Numbers of one length, and close ones, are where comparing is hard.
    if (chance(random, 30)) {
      p.b = std::max(0, p.a + below(random, 21) - 10);
      p.key = std::string(what) + std::to_string(std::min(p.a, p.b)) + "," + std::to_string(std::max(p.a, p.b));
      if (split_of(p.key) != split) continue;
    }
    if (p.a != p.b) return p;
  }
}

Problem compare(Random& random, Split split) {
  const Pair p = draw_unequal(random, split, "compare ");
  const bool larger = chance(random, 50);
  const int right = larger ? std::max(p.a, p.b) : std::min(p.a, p.b);
  return ask(random, split, larger ? "larger" : "smaller", {{"{a}", std::to_string(p.a)}, {"{b}", std::to_string(p.b)}},
             p.key, std::to_string(right));
}

Problem is_larger(Random& random, Split split) {
  const Pair p = draw_unequal(random, split, "order ");
  const bool larger = chance(random, 50);
  return ask(random, split, larger ? "is-larger" : "is-smaller",
             {{"{a}", std::to_string(p.a)}, {"{b}", std::to_string(p.b)}}, p.key,
             (larger ? p.a > p.b : p.a < p.b) ? "yes" : "no");
}

struct Word {
  std::string text, key;
};
// A noun, or letters that could be one: vowels and consonants in turn, more or less.
Word draw_word(Random& random, Split split, std::string_view what, std::size_t shortest, std::size_t longest) {
  static constexpr std::string_view vowels = "aeiou", consonants = "bcdfghjklmnprstvwyz";
  return draw_in(split, [&] {
    std::string w;
    if (chance(random, 30)) {
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

Problem reverse_word(Random& random, Split split) {
  const Word w = draw_word(random, split, "reverse ", 3, 6);
  return ask(random, split, "reverse", {{"{w}", w.text}}, w.key, std::string(w.text.rbegin(), w.text.rend()));
}

Problem sort_word(Random& random, Split split) {
  const Word w = draw_word(random, split, "sort ", 3, 5);
  std::string sorted = w.text;
  std::sort(sorted.begin(), sorted.end());
  return ask(random, split, "sort", {{"{w}", w.text}}, w.key, sorted);
}

Problem count_letters(Random& random, Split split) {
  const Word w = draw_word(random, split, "count ", 2, 8);
  if (chance(random, 40))
    return ask(random, split, "count-letters", {{"{w}", w.text}}, w.key, std::to_string(w.text.size()));
  // Mostly a letter that is in the word.
  char c = chance(random, 85) ? w.text[static_cast<std::size_t>(below(random, static_cast<int>(w.text.size())))]
                              : static_cast<char>('a' + below(random, 26));
  return ask(random, split, "count-one", {{"{c}", std::string(1, c)}, {"{w}", w.text}}, w.key + " " + c,
             std::to_string(std::count(w.text.begin(), w.text.end(), c)));
}

Problem convert(Random& random, Split split) {
  const auto& c = pick(random, Corpus::get().conversions);
  struct Amount {
    int n;
    std::string key;
  };
  const Amount amount = draw_in(split, [&] {
    const int n = chance(random, 40) ? 2 + below(random, 8) : 2 + below(random, 98);
    return Amount{n, "convert " + std::to_string(n) + c.from};
  });
  return ask(random, split, "convert", {{"{a}", std::to_string(amount.n)}, {"{from}", c.from}, {"{to}", c.to}},
             amount.key, std::to_string(amount.n * c.factor) + " " + c.to, true);
}

Problem fact(Random& random, Split split, const std::string& kind, const std::string& forward,
             const std::string& backward) {
  const auto& [key, value] = pick(random, Corpus::get().facts.at(kind));
  const bool ahead = chance(random, 60);
  return ask(random, split, ahead ? forward : backward, {{"{k}", key}, {"{v}", value}},
             (ahead ? forward + " " + key : backward + " " + value), ahead ? value : key);
}

Problem unknown(Random& random, Split split) {
  const auto& topic = pick(random, Corpus::get().words.at(split == Split::train ? "topic-train" : "topic-test"));
  return ask(random, split, "unknown", {{"{t}", topic}}, "unknown " + topic, "I do not know.");
}

Problem talk(Random& random, Split split) {
  if (chance(random, 50)) return ask(random, split, "hello", {}, "hello", "Hello! Ask me a sum.");
  return ask(random, split, "who", {}, "who", "I am a tiny model: sums, words, capitals.");
}

struct Maker {
  Task task;
  std::function<Problem(Random&, Split)> make;
};

const std::vector<Maker>& makers() {
  static const std::vector<Maker> all = {
      {{"addition-1", "sums of two one-digit numbers", 4}, [](Random& r, Split s) { return addition(r, s, 1); }},
      {{"addition-2", "sums of two numbers up to 99, one at least of two digits", 16},
       [](Random& r, Split s) { return addition(r, s, 2); }},
      {{"addition-3", "sums of two numbers up to 999, one at least of three digits", 13},
       [](Random& r, Split s) { return addition(r, s, 3); }},
      {{"subtraction-2", "differences of two numbers up to 99, never below zero", 12},
       [](Random& r, Split s) { return subtraction(r, s, 2); }},
      {{"subtraction-3", "differences of two numbers up to 999, never below zero", 11},
       [](Random& r, Split s) { return subtraction(r, s, 3); }},
      {{"compare", "the larger or smaller of two numbers up to 999", 8}, compare},
      {{"order", "whether one number up to 999 is larger or smaller than another", 6}, is_larger},
      {{"reverse", "a word of 3 to 6 letters written backwards", 8}, reverse_word},
      {{"sort", "the letters of a word of 3 to 5 letters in alphabetical order", 7}, sort_word},
      {{"count", "how many letters a word of 2 to 8 letters has, in all or of one kind", 7}, count_letters},
      {{"convert", "whole numbers up to 99 of a unit in a smaller unit", 8}, convert},
      {{"capital", "capitals of 76 countries, both ways", 15},
       [](Random& r, Split s) { return fact(r, s, "capital", "capital", "country"); }},
      {{"element", "symbols of 48 chemical elements, both ways", 13},
       [](Random& r, Split s) { return fact(r, s, "element", "symbol", "element"); }},
      {{"unknown", "questions it must decline: \"I do not know.\"", 2}, unknown},
      {{"talk", "greetings, and what it is", 2}, talk},
  };
  return all;
}

const Maker& maker_of(std::string_view task) {
  std::vector<std::string> known;
  for (const auto& m : makers()) {
    if (m.task.name == task) return m;
    known.push_back(m.task.name);
  }
  throw unknown_name("task", task, known);
}

Problem named(const Maker& m, Split split, Random& random) {
  Problem p = m.make(random, split);
  p.task = m.task.name;
  return p;
}

std::string plain(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  if (text.size() > 1 && text.back() == '.') text.remove_suffix(1);
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

const std::vector<Task>& tasks() {
  static const std::vector<Task> all = [] {
    std::vector<Task> list;
    for (const auto& m : makers()) list.push_back(m.task);
    return list;
  }();
  return all;
}

void check_task(std::string_view task) { maker_of(task); }

Problem make_problem(std::string_view task, Split split, Random& random) {
  return named(maker_of(task), split, random);
}

Problem make_problem(Split split, Random& random) {
  double total = 0;
  for (const auto& m : makers()) total += m.task.share;
  double at = static_cast<double>(random() >> 11) * 0x1p-53 * total;
  for (const auto& m : makers())
    if ((at -= m.task.share) < 0) return named(m, split, random);
  return named(makers().back(), split, random);
}

bool is_right(std::string_view answer, std::string_view expected) { return plain(answer) == plain(expected); }

std::string_view first_light_csv() { return data_file("first-light.csv"); }

}  // namespace wattline::lm
