#include "text/language.h"

#include <algorithm>
#include <array>

#include <cld2/public/compact_lang_det.h>
#include <unicode/uscript.h>

#include "text/fold.h"
#include "text/units.h"
#include "text/utf8.h"

namespace wattline::text {
namespace {

constexpr std::size_t longest_text = 4096;

// Words that are frequent in the one language and rare in the others of the list.
struct FunctionWords {
  std::string_view code;
  std::array<std::string_view, 20> words;
};
constexpr std::array<FunctionWords, 10> languages = {{
    {"en", {"the",  "is",   "what", "and",    "how",  "of",   "to", "you", "are",  "why",
            "this", "that", "my",   "please", "with", "does", "it", "for", "your", "hello"}},
    {"de", {"der", "die", "das", "und", "ist",   "nicht", "wie", "ein", "eine", "ich",
            "zu",  "mit", "auf", "für", "warum", "bitte", "wir", "sie", "mein", "hallo"}},
    {"fr", {"le",   "la", "les",  "et",  "est", "une",     "des",  "que",    "qui", "pour",
            "dans", "je", "vous", "pas", "du",  "comment", "quel", "quelle", "mon", "bonjour"}},
    {"es", {"el",  "los",  "las", "y",    "es",  "una",  "que", "por", "para", "cómo",
            "qué", "como", "mi",  "está", "con", "pero", "muy", "del", "cuál", "hola"}},
    {"it", {"il",    "gli",    "è",   "che",    "di",  "una",  "per",   "non",   "come", "sono",
            "della", "perché", "mio", "questo", "con", "cosa", "quale", "anche", "nel",  "ciao"}},
    {"pt", {"o",  "os", "as",   "é",   "um",  "uma",  "não",  "para", "como", "do",
            "da", "em", "você", "por", "meu", "está", "qual", "isso", "são",  "olá"}},
    {"nl", {"de",  "het",  "een",  "en",     "is",   "niet", "van", "wat", "hoe",  "ik",
            "met", "voor", "mijn", "waarom", "zijn", "dat",  "je",  "ook", "naar", "hallo"}},
    {"pl", {"jest", "nie", "jak", "co", "się", "na",     "czy",      "dla",   "to",   "że",
            "mój",  "i",   "z",   "w",  "są",  "proszę", "dlaczego", "który", "jaka", "cześć"}},
    {"sv", {"och", "är",  "det", "att", "en",  "ett",    "inte", "hur",  "jag", "på",
            "för", "som", "vad", "med", "min", "varför", "den",  "till", "av",  "hej"}},
    {"tr", {"ve",    "bir", "bu",  "ne",   "nasıl", "için", "mi",     "değil", "ile",   "çok",
            "neden", "ben", "var", "olan", "da",    "de",   "lütfen", "benim", "hangi", "merhaba"}},
}};

// Scripts that one language writes, as far as prompts go.
std::string_view language_of_script(UScriptCode script) {
  switch (script) {
    case USCRIPT_HAN: return "zh";
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA: return "ja";
    case USCRIPT_HANGUL: return "ko";
    case USCRIPT_GREEK: return "el";
    case USCRIPT_THAI: return "th";
    case USCRIPT_HEBREW: return "he";
    case USCRIPT_TAMIL: return "ta";
    case USCRIPT_TELUGU: return "te";
    case USCRIPT_BENGALI: return "bn";
    case USCRIPT_GUJARATI: return "gu";
    case USCRIPT_GURMUKHI: return "pa";
    case USCRIPT_KANNADA: return "kn";
    case USCRIPT_MALAYALAM: return "ml";
    case USCRIPT_SINHALA: return "si";
    case USCRIPT_GEORGIAN: return "ka";
    case USCRIPT_ARMENIAN: return "hy";
    case USCRIPT_KHMER: return "km";
    case USCRIPT_LAO: return "lo";
    case USCRIPT_MYANMAR: return "my";
    // The commonest of those that the script writes.
    case USCRIPT_CYRILLIC: return "ru";
    case USCRIPT_ARABIC: return "ar";
    case USCRIPT_DEVANAGARI: return "hi";
    default: return "";
  }
}

Language by_script(std::string_view text) {
  struct Count {
    std::string_view code;
    double letters = 0;
  };
  std::array<Count, 24> counts;
  std::size_t used = 0;
  double letters = 0;
  each_code_point(text, [&](char32_t c) {
    const CharClass kind = class_of(c);
    if (kind != CharClass::word && kind != CharClass::cjk) return;
    if (c < 128 && !((c | 32) >= 'a' && (c | 32) <= 'z')) return;
    ++letters;
    UErrorCode status = U_ZERO_ERROR;
    const std::string_view code = language_of_script(uscript_getScript(static_cast<UChar32>(c), &status));
    if (code.empty()) return;
    std::size_t at = 0;
    while (at < used && counts[at].code != code) ++at;
    if (at == used) counts[used++].code = code;
    ++counts[at].letters;
  });
  double most = 0, kana = 0, han = 0;
  Language found;
  for (std::size_t k = 0; k < used; ++k) {
    if (counts[k].code == "ja") kana = counts[k].letters;
    if (counts[k].code == "zh") han = counts[k].letters;
    if (counts[k].letters > most) {
      most = counts[k].letters;
      found.code = counts[k].code;
    }
  }
  // Japanese mixes Kana with Han; Chinese has no Kana.
  if (kana > 0 && (found.code == "zh" || found.code == "ja")) {
    found.code = "ja";
    most = kana + han;
  }
  if (most == 0 || most < letters / 2) return {};
  found.confidence = most / letters;
  found.by = Language::By::script;
  return found;
}

Language by_words(std::string_view text) {
  std::array<double, languages.size()> hits{};
  double units = 0;
  thread_local std::string folded_text;
  folded_text.clear();
  fold_into(text, folded_text);
  for (UnitWalk walk(folded_text); walk.next(); ++units)
    for (std::size_t l = 0; l < languages.size(); ++l)
      hits[l] +=
          std::find(languages[l].words.begin(), languages[l].words.end(), walk.unit()) != languages[l].words.end();
  const auto best = std::max_element(hits.begin(), hits.end());
  // Two languages that claim as many words leave it open.
  if (*best == 0 || std::count(hits.begin(), hits.end(), *best) > 1) return {};
  return {languages[static_cast<std::size_t>(best - hits.begin())].code, std::min(0.9, 0.3 + *best / units),
          Language::By::words};
}

// Codes as ISO 639-1 has them.
std::string_view usual(std::string_view code) {
  if (code.starts_with("zh")) return "zh";
  if (code == "iw") return "he";
  if (code == "no") return "nb";
  return code;
}

}  // namespace

Language language_of(std::string_view text) {
  text = text.substr(0, longest_text);
  // The detector trusts its input to be UTF-8.
  thread_local std::string clean;
  clean.clear();
  each_code_point(text, [&](char32_t c) { append_utf8(c == replacement || c == 0 ? U' ' : c, clean); });
  Language detected;
  CLD2::Language top[3];
  int percent[3], bytes = 0;
  bool reliable = false;
  CLD2::DetectLanguageSummary(clean.data(), static_cast<int>(clean.size()), true, top, percent, &bytes, &reliable);
  if (top[0] != CLD2::UNKNOWN_LANGUAGE && percent[0] > 0) {
    detected.code = usual(CLD2::LanguageCode(top[0]));
    detected.confidence = percent[0] / 100.0 * (reliable ? 1 : 0.5);
    detected.by = Language::By::detector;
    if (detected.code == "un") detected = {};
  }
  if (detected.by == Language::By::detector && reliable) return detected;
  Language other = by_script(clean);
  if (other.by == Language::By::nothing) other = by_words(clean);
  return other.confidence > detected.confidence ? other : detected;
}

}  // namespace wattline::text
