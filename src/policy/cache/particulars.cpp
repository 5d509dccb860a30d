#include "policy/cache/particulars.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "kernel/table.h"
#include "policy_data_embedded.h"
#include "text/canonical.h"
#include "text/fold.h"
#include "text/units.h"
#include "text/utf8.h"

namespace wattline::policy {
namespace {

// The words of the file: single ones by themselves, others by how they are spelt with single spaces.
struct Words {
  std::unordered_map<std::string, std::string> numbers, units, sides, kinds;
  std::set<std::string, std::less<>> fresh, negations, directions, plain;
  std::vector<std::string> fresh_phrases;
  std::vector<std::pair<std::string, std::string>> kind_phrases;  // phrase, group
};

const Words& words() {
  static const Words all = [] {
    Words w;
    for (const auto& file : policy_data()) {
      if (file.name != "cache-words.csv") continue;
      CsvOptions as_text;
      as_text.infer = false;
      const Table t = read_csv(std::string(file.content), "cache-words.csv", as_text);
      const auto &kinds = t.column("kind").texts(), &groups = t.column("group").texts(),
                 &spelt = t.column("word").texts();
      for (std::size_t i = 0; i < kinds.size(); ++i) {
        const std::string& kind = kinds[i];
        const std::string word = text::folded(spelt[i]);
        const bool phrase = word.find(' ') != std::string::npos || text::has_cjk(word) || word.find('\'') != word.npos;
        if (kind == "fresh" && phrase) w.fresh_phrases.push_back(word);
        else if (kind == "fresh") w.fresh.insert(word);
        else if (kind == "negation") w.negations.insert(word);
        else if (kind == "direction") w.directions.insert(word);
        else if (kind == "plain") w.plain.insert(word);
        else if (kind == "number") w.numbers.emplace(word, groups[i]);
        else if (kind == "unit") w.units.emplace(word, groups[i]);
        else if (kind == "opposite") w.sides.emplace(word, groups[i]);
        else if (kind == "kind" && phrase) w.kind_phrases.emplace_back(word, groups[i]);
        else if (kind == "kind") w.kinds.emplace(word, groups[i]);
      }
    }
    return w;
  }();
  return all;
}

bool has_digit(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A stem good enough to see that two words are one: English endings off, as long as three letters stay.
std::string stem(std::string word) {
  static constexpr std::array<std::string_view, 9> endings = {"ings", "ing", "edly", "ed", "ies", "es", "ly", "s", "e"};
  for (const auto ending : endings)
    if (word.size() >= ending.size() + 3 && word.ends_with(ending)) {
      word.resize(word.size() - ending.size());
      break;
    }
  if (word.size() > 3 && word[word.size() - 1] == word[word.size() - 2]) word.pop_back();
  return word;
}

bool upper(char32_t c) { return text::fold_code_point(c) != c; }

// Signs that tell something: not punctuation, and no hyphen inside a word.
bool telling_sign(char32_t c) {
  if (c < 128) return std::string_view("+-*/=<>^%$&|~@#").find(static_cast<char>(c)) != std::string_view::npos;
  return (c >= 0x00A2 && c <= 0x00B1) || c == 0x00D7 || c == 0x00F7 || (c >= 0x20A0 && c <= 0x20CF) ||
         (c >= 0x2190 && c <= 0x22FF) || c >= 0x1F000;
}

// Where it stands in a text that is read from its front.
struct Place {
  bool begins_sentence = true, quoted = false;
};

void take_symbols(std::string_view between, bool before_word, bool after_word, Particulars& out) {
  const bool hyphen = before_word && after_word && between == "-";
  if (hyphen) return;
  for (std::size_t at = 0; at < between.size();) {
    const text::CodePoint c = text::code_point_at(between, at);
    if (telling_sign(c.value)) out.symbols.append(between.substr(at, c.length));
    at += c.length;
  }
}

void move_on(std::string_view between, Place& place) {
  for (const char c : between) {
    if (c == '.' || c == '!' || c == '?' || c == '\n' || c == ':') place.begins_sentence = true;
    if (c == '"' || c == '`') place.quoted = !place.quoted;
  }
}

// Sorted, each once.
void make_set(std::vector<std::string>& v) {
  std::sort(v.begin(), v.end());
  v.erase(std::unique(v.begin(), v.end()), v.end());
}

// Numbers as they stand: "1,000" is 1000, "3.5" one number, "3-5" two.
bool joins_numbers(std::string_view between, std::string_view next) {
  if (between == "." || between == ":") return true;
  return between == "," && next.size() == 3;
}

std::vector<std::string> without(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> out;
  for (const auto& word : a)
    if (std::find(b.begin(), b.end(), word) == b.end()) out.push_back(word);
  return out;
}

// Whether `words` holds all of `names`, and in their order where each stands once.
enum class Holds { no, otherwise, yes };
Holds holds(const std::vector<std::string>& words, const std::vector<std::string>& names) {
  std::ptrdiff_t last = -1;
  bool ordered = true;
  for (const auto& name : names) {
    const auto it = std::find(words.begin(), words.end(), name);
    if (it == words.end()) return Holds::no;
    ordered = ordered && it - words.begin() >= last;
    last = it - words.begin();
  }
  return ordered ? Holds::yes : Holds::otherwise;
}

bool opposed(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (const auto& side : a) {
    std::string other = side;
    other.back() = other.back() == '+' ? '-' : '+';
    const auto has = [](const std::vector<std::string>& v, const std::string& s) {
      return std::binary_search(v.begin(), v.end(), s);
    };
    if (has(b, other) && (!has(a, other) || !has(b, side))) return true;
  }
  return false;
}

bool same_but_for_order(std::vector<std::string> a, std::vector<std::string> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

bool negates(const std::string& a, const std::string& b) {
  static constexpr std::array<std::string_view, 8> prefixes = {"un", "in", "im", "il", "ir", "dis", "non", "anti"};
  return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view p) {
    return a.size() == b.size() + p.size() && a.starts_with(p) && a.ends_with(b);
  });
}

}  // namespace

Particulars particulars_of(std::string_view given) {
  Particulars out;
  const Words& known = words();
  Place place;
  std::size_t end = 0;
  bool number_before = false;
  for (text::UnitWalk walk(given); walk.next();) {
    const std::string_view unit = walk.unit();
    const std::string_view between = given.substr(end, walk.begin() - end);
    const bool first = end == 0 && out.all.empty();
    move_on(between, place);
    take_symbols(between, !first, true, out);
    end = walk.end();
    const std::string word = text::folded(unit);
    // "don't": its end is a negation.
    const bool contracted =
        word == "t" && !out.all.empty() && out.all.back().ends_with('n') && (between == "'" || between == "\u2019");
    if (contracted) {
      ++out.negations;
      // "can't" and "won't" are other words than they look.
      if (!out.telling.empty() && out.telling.back() == stem(out.all.back())) out.telling.pop_back();
      if (!out.names.empty() && out.names.back() == out.all.back()) out.names.pop_back();
    }
    out.all.push_back(word);
    if (contracted) continue;
    const auto number = known.numbers.find(word);
    const bool counts = has_digit(unit) || number != known.numbers.end();
    if (counts) {
      const std::string value = number != known.numbers.end() ? number->second : word;
      if (number_before && joins_numbers(between, unit))
        out.numbers.back() += (between == "," ? std::string() : std::string(between)) + value;
      else out.numbers.push_back(value);
      number_before = has_digit(unit);
    } else {
      number_before = false;
    }
    if (known.negations.contains(word)) ++out.negations;
    const auto measured = known.units.find(word);
    if (measured != known.units.end()) out.units.push_back(measured->second);
    if (const auto it = known.sides.find(word); it != known.sides.end()) out.sides.push_back(it->second);
    if (const auto it = known.kinds.find(word); it != known.kinds.end()) out.kinds.push_back(it->second);
    out.directed = out.directed || known.directions.contains(word);
    const bool plain = known.plain.contains(word);
    const text::CodePoint letter = text::code_point_at(unit, 0);
    bool inner_capital = false;
    for (std::size_t at = letter.length; at < unit.size();) {
      const text::CodePoint c = text::code_point_at(unit, at);
      inner_capital = inner_capital || upper(c.value);
      at += c.length;
    }
    const bool named = place.quoted || inner_capital || (upper(letter.value) && !plain);
    // "I" and the word that begins a sentence are written large by custom.
    const bool by_custom = upper(letter.value) && !inner_capital && (word == "i" || (place.begins_sentence && plain));
    if (named && !by_custom && !(plain && !place.quoted)) out.names.push_back(word);
    if (!plain && !counts && measured == known.units.end() && !known.negations.contains(word))
      out.telling.push_back(stem(word));
    place.begins_sentence = false;
  }
  take_symbols(given.substr(end), true, false, out);
  const std::string spelt = " " + [&] {
    std::string s;
    for (const auto& w : out.all) s += w + " ";
    return s;
  }();
  for (const auto& [phrase, group] : known.kind_phrases)
    if (spelt.find(" " + phrase + " ") != std::string::npos) out.kinds.push_back(group);
  make_set(out.kinds);
  make_set(out.sides);
  return out;
}

std::string_view why_different(const Particulars& a, const Particulars& b) {
  if (a.numbers != b.numbers) return same_but_for_order(a.numbers, b.numbers) ? "the order of numbers" : "a number";
  if (a.symbols != b.symbols) return "a symbol";
  if (a.negations != b.negations) return "a negation";
  if (a.units != b.units) return same_but_for_order(a.units, b.units) ? "the order of units" : "a unit";
  if (a.kinds != b.kinds) return "what is asked for";
  if (opposed(a.sides, b.sides) || opposed(b.sides, a.sides)) return "a word and its opposite";
  const Holds ab = holds(b.all, a.names), ba = holds(a.all, b.names);
  if (ab == Holds::no || ba == Holds::no) return "a name";
  if (ab == Holds::otherwise || ba == Holds::otherwise) return "the order of names";
  const auto only_a = without(a.telling, b.telling), only_b = without(b.telling, a.telling);
  for (const auto& x : only_a)
    for (const auto& y : only_b)
      if (negates(x, y) || negates(y, x)) return "a word and its opposite";
  if (only_a.empty() && only_b.empty())
    return a.directed && b.directed && a.telling != b.telling ? "the order of words" : "";
  // One has what the other lacks; or the same words but for one.
  if (only_a.empty() || only_b.empty()) return "a further word";
  if (a.telling.size() == b.telling.size()) {
    std::size_t others = 0;
    for (std::size_t i = 0; i < a.telling.size(); ++i) others += a.telling[i] != b.telling[i];
    if (others == 1) return "one word";
  }
  return {};
}

bool asks_of_the_present(std::string_view given) {
  const Words& known = words();
  const std::string folded = text::folded(given);
  std::string spelt = " ";
  for (text::UnitWalk walk(folded); walk.next();) {
    const std::string word(walk.unit());
    if (known.fresh.contains(word)) return true;
    if (word.size() == 4 && word[0] == '2' && word[1] == '0' && word[2] >= '2' && has_digit(word) &&
        std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return true;
    spelt += word + " ";
  }
  return std::any_of(known.fresh_phrases.begin(), known.fresh_phrases.end(), [&](const std::string& phrase) {
    if (text::has_cjk(phrase) || phrase.find('\'') != std::string::npos)
      return folded.find(phrase) != std::string::npos;
    return spelt.find(" " + phrase + " ") != std::string::npos;
  });
}

}  // namespace wattline::policy
