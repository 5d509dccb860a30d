#include "policy/directions.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/error.h"
#include "kernel/table.h"
#include "policy/engine.h"
#include "policy/selection.h"
#include "policy_data_embedded.h"

namespace wattline::policy {
namespace {

constexpr int paper = 1;

std::vector<std::string> parts_of(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const auto end = std::min(list.find("; "), list.size());
    out.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 2, list.size()));
  }
  return out;
}

Direction::State state_of(const std::string& text) {
  if (text == "whole") return Direction::State::whole;
  if (text == "part") return Direction::State::part;
  if (text == "open") return Direction::State::open;
  throw bad_input(fmt::format("'{}' is none of whole, part, open", text), "directions.csv");
}

// What this room can look up itself; that commands are there is for those who have all of them.
bool is_there(std::string_view served) {
  constexpr std::string_view algorithm = "algorithm ";
  if (!served.starts_with(algorithm)) return true;
  const auto name = served.substr(algorithm.size());
  return std::any_of(algorithms().begin(), algorithms().end(), [&](const auto& a) { return a.name == name; });
}

}  // namespace

const std::vector<Direction>& directions() {
  static const auto all = [] {
    std::vector<Direction> out;
    for (const auto& file : policy_data()) {
      if (file.name != "directions.csv") continue;
      CsvOptions as_text;
      as_text.infer = false;
      const Table t = read_csv(file.content, file.name, as_text);
      const auto text = [&](const char* column, std::size_t row) { return t.column(column).texts()[row]; };
      for (std::size_t i = 0; i < t.rows(); ++i)
        out.push_back({text("kind", i), text("name", i), text("title", i), state_of(text("state", i)),
                       parts_of(text("served", i)), text("rest", i)});
    }
    return out;
  }();
  return all;
}

std::vector<Claim> direction_claims() {
  std::vector<Claim> out;
  for (const auto& d : directions()) {
    const bool numbered = d.kind == "direction";
    out.push_back({paper, fmt::format("{} {}: {}", numbered ? "research direction" : "interaction", d.name, d.title),
                   d.served.empty() ? std::string() : fmt::format("{}", fmt::join(d.served, "; ")), [&d](Context&) {
                     ClaimCheck c;
                     const bool there = std::all_of(d.served.begin(), d.served.end(), is_there);
                     c.verdict = d.state == Direction::State::whole && there ? ClaimVerdict::holds : ClaimVerdict::open;
                     c.ours = fmt::format("{}", fmt::join(d.served, "; "));
                     if (d.state == Direction::State::part) c.note = "in part; open: " + d.rest;
                     if (d.state == Direction::State::open) c.note = d.rest;
                     return c;
                   }});
  }
  return out;
}

}  // namespace wattline::policy
