#include "text/shape.h"

#include <algorithm>

#include <re2/re2.h>

#include "text/units.h"
#include "text/utf8.h"

namespace wattline::text {
namespace {

struct Words {
  enum { steps, verbs, greetings };
  KeywordMatcher matcher{rules()};

  static std::vector<KeywordRule> rules() {
    KeywordRule steps{"steps",
                      {"step by step", "step-by-step", "phase by phase", "one step at a time", "in stages",
                       "multi-step", "first,", "secondly", "then finally", "after that", "分步骤", "一步一步", "逐步"}};
    KeywordRule verbs{"verbs",
                      {"prove",   "derive",    "compare",  "analyse",  "analyze",  "design",   "debug",    "evaluate",
                       "justify", "criticize", "optimise", "optimize", "refactor", "diagnose", "contrast", "synthesize",
                       "证明",    "推导",      "分析",     "比较",     "设计",     "调试"}};
    KeywordRule greetings{
        "greetings",
        {"hi", "hello", "hey", "thanks", "thank you", "good morning", "good evening", "good night", "bye", "goodbye",
         "cheers", "你好", "谢谢", "hola", "gracias", "bonjour", "merci", "hallo", "danke"}};
    for (auto* r : {&steps, &verbs, &greetings}) r->form = KeywordForm::literal;
    return {steps, verbs, greetings};
  }
};
const Words& words() {
  static const Words all;
  return all;
}

struct Patterns {
  // Each is matched against one line.
  re2::RE2 trace{
      R"(^\s*(?:Traceback \(most recent call last\)|File "[^"]+", line \d+|at [\w.$<>/\[\]]+ ?\(.*\)|at .+:\d+:\d+|)"
      R"(goroutine \d+ \[|panic: |thread '.*' panicked at|#\d+ +0x[0-9a-f]+ in |Exception in thread |)"
      R"(Caused by: |at .+ in .+:line \d+|(?:[\w.]+\.)?\w*(?:Error|Exception): ))"};
  re2::RE2 code{
      R"(^\s*(?:#include\s*[<"]|(?:def|class|fn|func|function|struct|enum|interface)\s+\w+.*[({:]|)"
      R"((?:import|from|using|package|require)\s+[\w.{}*]+.*;?\s*$|(?:public|private|protected|static)\s+\w+|)"
      R"((?:for|if|while|switch|else if)\s*\(.*\)\s*\{?|(?:elif|if|for|while|else|try|except)\b.*:\s*$|)"
      R"((?:const|let|var|auto|int|float|double|char|bool)\s+\w+\s*(?:=|;|\[)|return\b.*;|[}\])]+[;,]?\s*$|)"
      R"((?:SELECT|INSERT|UPDATE|DELETE|CREATE)\s+.*(?:FROM|INTO|SET|TABLE)|[\w.\->\[\]]+\s*(?:[+\-*/]?=)\s*.+;\s*$|)"
      R"([\w.]+\(.*\);\s*$|\$ \w+))"};
  re2::RE2 latex{
      R"(\\(?:frac|sqrt|sum|int|prod|lim|begin|end|alpha|beta|gamma|delta|theta|lambda|mu|pi|sigma|omega|infty|)"
      R"(partial|nabla|cdot|times|leq|geq|neq|approx|in|forall|exists|mathbb|mathcal|mathrm|left|right|text|vec|hat)\b|)"
      R"(\\[\[(]|\$\$|\$[^$\s][^$\n]*[\\^_=+][^$\n]*\$)"};
  re2::RE2 numbered{R"(^\s*(?:\d{1,3}[.)]\s|\(\d{1,3}\)\s|\d{1,3}、))"};
};
const Patterns& patterns() {
  static const Patterns all;
  return all;
}

bool found(const re2::RE2& expression, std::string_view line) {
  return re2::RE2::PartialMatch(re2::StringPiece(line.data(), line.size()), expression);
}

// Operators with an operand on both sides. A hyphen inside a word and a slash between words are none.
void count_operators(std::string_view line, TextShape& shape) {
  enum class Operand { none, variable, number, word } left = Operand::none;
  bool pending = false;
  char op = 0;
  const auto operand = [&](Operand right) {
    const bool wordy = left == Operand::word || right == Operand::word;
    if (pending && left != Operand::none && (!wordy || op == '=' || op == '^')) {
      ++shape.operators;
      shape.variables |= left == Operand::variable || right == Operand::variable;
    }
    left = right;
    pending = false;
  };
  for (std::size_t at = 0; at < line.size();) {
    const CodePoint c = code_point_at(line, at);
    const CharClass kind = class_of(c.value);
    if (in_word(kind)) {
      std::size_t end = at, letters = 0, digits = 0;
      while (end < line.size()) {
        const CodePoint next = code_point_at(line, end);
        if (!in_word(class_of(next.value))) break;
        (next.value >= '0' && next.value <= '9' ? digits : letters)++;
        end += next.length;
      }
      // "I" and "a" are words far more often than variables.
      const bool plain = line.substr(at, end - at) == "I" || line.substr(at, end - at) == "a";
      const Operand what = letters == 0                                          ? Operand::number
                           : letters == 1 && !(plain && !pending && digits == 0) ? Operand::variable
                                                                                 : Operand::word;
      operand(what);
      at = end;
      continue;
    }
    if (kind == CharClass::space) {
      // An operand reaches over spaces.
    } else if (std::string_view("=+-*/^<>").find(static_cast<char>(c.value < 128 ? c.value : 0)) != line.npos ||
               c.value == 0xD7 || c.value == 0xF7 || c.value == 0x2264 || c.value == 0x2265 || c.value == 0x2260 ||
               c.value == 0x2212) {
      pending = left != Operand::none;
      op = c.value < 128 ? static_cast<char>(c.value) : '=';
    } else if (c.value == '(' || c.value == ')' || c.value == '[' || c.value == ']' || c.value == '.') {
      // Brackets and decimal points neither end an operand nor make one.
    } else {
      left = Operand::none;
      pending = false;
    }
    at += c.length;
  }
}

}  // namespace

TextShape shape_of(std::string_view text, ShapeScratch& scratch) {
  TextShape shape;
  shape.bytes = static_cast<std::uint32_t>(text.size());
  shape.units = static_cast<std::uint32_t>(count_units(text));
  const auto hits = words().matcher.match(text, scratch.keywords);
  shape.step_markers = hits[Words::steps].found;
  shape.reasoning_verbs = hits[Words::verbs].found;
  shape.greeting = hits[Words::greetings].matched && shape.units <= 8;

  bool in_fence = false;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    ++shape.lines;
    const std::size_t first = line.find_first_not_of(" \t");
    const std::string_view body = first == line.npos ? std::string_view() : line.substr(first);
    if (body.starts_with("```") || body.starts_with("~~~")) {
      in_fence = !in_fence;
      if (in_fence) ++shape.code_fences;
      continue;
    }
    if (in_fence || found(patterns().code, line)) ++shape.code_lines;
    if (found(patterns().trace, line)) ++shape.trace_lines;
    if (in_fence) continue;
    if (found(patterns().numbered, line)) ++shape.numbered_items;
    if (line.find_first_of("\\$") != line.npos && found(patterns().latex, line)) ++shape.latex;
    count_operators(line, shape);
    for (std::size_t at = 0; at < line.size();) {
      const CodePoint c = code_point_at(line, at);
      if (c.value == '?' || c.value == 0xFF1F || c.value == 0x061F) ++shape.questions;
      at += c.length;
    }
  }
  return shape;
}

}  // namespace wattline::text
