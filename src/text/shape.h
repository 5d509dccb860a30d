// What a prompt looks like to simple eyes: code, stack traces, mathematics, numbered requirements, steps,
// verbs of reasoning, greetings: the features of rule-based complexity scores (Yuvarani et al. 2026,
// arXiv 2602.22261, name the component and give no weights). Heuristic: English words mostly, and only
// the text's form, so a text can look like code without being any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "text/keyword_matcher.h"

namespace wattline::text {

struct TextShape {
  std::uint32_t bytes = 0, units = 0, lines = 0;
  std::uint32_t code_fences = 0;  // opened by ``` or ~~~ at the begin of a line
  std::uint32_t code_lines = 0;  // lines that look like code, inside or outside of fences
  std::uint32_t trace_lines = 0;  // lines of a stack trace (Python, Java, JavaScript, Go, Rust, gdb, .NET)
  std::uint32_t latex = 0;  // commands (\frac), $...$ with a command or operator, \[ \] and \( \)
  std::uint32_t operators = 0;  // = + - * / ^ < > and the like between operands
  bool variables = false;  // a single letter is an operand of one
  std::uint32_t numbered_items = 0;  // lines that begin with 1. or 1) or (1)
  std::uint32_t step_markers = 0;  // "step by step", "first ... then", and the like: distinct
  std::uint32_t reasoning_verbs = 0;  // prove, derive, compare, analyse, design, debug ...: distinct
  std::uint32_t questions = 0;  // question marks
  bool greeting = false;  // nothing but a greeting or thanks

  bool code() const { return code_fences > 0 || code_lines >= 2 || trace_lines > 0; }
  bool stack_trace() const { return trace_lines >= 2; }
  // LaTeX, or at least three operators with variables.
  bool mathematics() const { return latex > 0 || (operators >= 3 && variables); }
  // Numbered requirements from three on.
  bool multi_step() const { return step_markers > 0 || numbered_items >= 3; }
};

struct ShapeScratch {
  KeywordMatcher::Scratch keywords;
};
TextShape shape_of(std::string_view text, ShapeScratch&);

}  // namespace wattline::text
