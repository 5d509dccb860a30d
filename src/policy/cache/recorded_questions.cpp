#include "policy/cache/recorded_questions.h"

#include <cmath>
#include <initializer_list>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/table.h"

namespace wattline::policy {
namespace {

constexpr std::size_t most_rows = 1'000'000;
constexpr double latest = 4e9;  // s
constexpr std::initializer_list<const char*> text_names = {"prompt", "question", "query", "text"};
constexpr std::initializer_list<const char*> label_names = {"label", "group", "answer", "expected"};
constexpr std::initializer_list<const char*> scope_names = {"scope", "tenant"};
constexpr std::initializer_list<const char*> time_names = {"seconds", "time_s", "timestamp", "arrival_time"};
constexpr std::initializer_list<const char*> energy_names = {"energy_j", "joules"};

[[noreturn]] void no_prompts(std::string_view where) {
  throw bad_input("holds no prompts: a cache can only be tried on what was asked", std::string(where),
                  "name the texts 'prompt' or 'question'; traces of lengths alone (Azure, BurstGPT) do not tell what "
                  "repeats");
}

double number_of(const std::string& cell, std::string_view where) {
  if (cell.empty()) return std::numeric_limits<double>::quiet_NaN();
  char* end = nullptr;
  const double v = std::strtod(cell.c_str(), &end);
  if (end != cell.c_str() + cell.size() || !std::isfinite(v) || v < 0)
    throw bad_input(fmt::format("'{}' is no number of 0 or more", cell.substr(0, 40)), std::string(where));
  return v;
}

// Many tab-separated texts know no quotes: there " is a letter.
Table read_cells(std::string_view content, std::string_view where) {
  CsvOptions as_text;
  as_text.infer = false;
  if (content.substr(0, content.find('\n')).find('\t') == std::string_view::npos)
    return read_csv(content, where, as_text);
  try {
    return read_csv(content, where, as_text);
  } catch (const Error&) {
    as_text.quotes = false;
    return read_csv(content, where, as_text);
  }
}

RecordedQuestions read_columns(std::string_view content, std::string_view where) {
  const Table t = read_cells(content, where);
  const auto column = [&](std::initializer_list<const char*> names) -> const std::vector<std::string>* {
    for (const char* name : names)
      if (const Column* c = t.find(name)) return &c->texts();
    return nullptr;
  };
  const auto* text = column(text_names);
  if (!text) no_prompts(where);
  const auto *label = column(label_names), *scope = column(scope_names), *time = column(time_names),
             *energy = column(energy_names);
  RecordedQuestions out;
  for (std::size_t r = 0; r < text->size(); ++r) {
    RecordedQuestion& q = out.rows.emplace_back();
    const auto at = [&](std::string_view what) { return fmt::format("{}:{}: {}", where, r + 2, what); };
    q.text = (*text)[r];
    if (label) q.label = (*label)[r];
    if (scope) q.scope = (*scope)[r];
    if (time) q.seconds = number_of((*time)[r], at("time"));
    if (energy) q.joules = number_of((*energy)[r], at("energy"));
  }
  return out;
}

RecordedQuestions read_lines(std::string_view content, std::string_view where) {
  RecordedQuestions out;
  std::size_t line = 0;
  while (!content.empty()) {
    const std::size_t end = content.find('\n');
    const std::string_view text = content.substr(0, end);
    content = end == std::string_view::npos ? std::string_view() : content.substr(end + 1);
    ++line;
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string at = fmt::format("{}:{}", where, line);
    const Json j = parse_json(text, at);
    if (!j.is_object()) throw bad_input("is no object", at);
    const auto find = [&](std::initializer_list<const char*> names) -> const Json* {
      for (const char* name : names)
        if (const Json* found = j.find(name); found && !found->is_null()) return found;
      return nullptr;
    };
    const auto words = [&](std::initializer_list<const char*> names) {
      const Json* found = find(names);
      return !found ? std::string() : found->is_string() ? found->as_string() : found->dump();
    };
    const auto number = [&](std::initializer_list<const char*> names) {
      const Json* found = find(names);
      return !found ? std::numeric_limits<double>::quiet_NaN() : number_of(found->dump(), at);
    };
    if (!find(text_names)) no_prompts(at);
    if (out.rows.size() == most_rows)
      throw bad_input(fmt::format("over {} questions", most_rows), std::string(where), "take a part of them");
    out.rows.push_back(
        {words(text_names), words(label_names), words(scope_names), number(time_names), number(energy_names)});
  }
  return out;
}

}  // namespace

RecordedQuestions read_recorded_questions(std::string_view content, std::string_view where) {
  const std::size_t first = content.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  RecordedQuestions out = first != std::string_view::npos && content[first] == '{' ? read_lines(content, where)
                                                                                   : read_columns(content, where);
  if (out.rows.empty()) throw bad_input("holds no questions", std::string(where));
  if (out.rows.size() > most_rows)
    throw bad_input(fmt::format("over {} questions", most_rows), std::string(where), "take a part of them");
  double last = 0;
  std::size_t row = 0;
  for (const auto& q : out.rows) {
    ++row;
    out.labelled += !q.label.empty();
    out.with_energy += !std::isnan(q.joules);
    if (std::isnan(q.seconds)) continue;
    ++out.timed;
    if (q.seconds > latest)
      throw bad_input(fmt::format("question {} was asked at {} s; at most {} s is allowed", row, q.seconds, latest),
                      std::string(where));
    if (q.seconds < last)
      throw bad_input(
          fmt::format("question {} was asked at {} s, before the one above it ({} s)", row, q.seconds, last),
          std::string(where), "sort the rows by time");
    last = q.seconds;
  }
  return out;
}

}  // namespace wattline::policy
