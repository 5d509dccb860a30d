#include "study/experiment_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/toml.h"
#include "kernel/utf8.h"

namespace wattline::study {
namespace {

constexpr std::size_t most_repeats = 10'000;

std::string level_text(const Json& level, const std::string& where) {
  if (level.is_string()) return level.as_string();
  if (level.is_number() || level.is_bool()) return level.dump();
  throw bad_input("a level is a text, a number or true or false", where);
}

bool fit_for_a_column(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

// What the plan and the records say in columns of their own.
bool taken(const std::string& name) {
  static const std::vector<std::string> all = {"run",    "block",    "order", "seed",   "command",    "plan",
                                               "kind",   "begin",    "end",   "energy", "energy_low", "energy_high",
                                               "method", "duration", "cpu",   "power",  "exit_code",  "busy",
                                               "labels", "device",   "place", "idle",   "attempt"};
  return std::find(all.begin(), all.end(), name) != all.end();
}

std::string quoted(const std::string& value) {
  const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_./:=+-,%@").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return value;
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'') out += "'\\''";
    else out += c;
  }
  return out + "'";
}

}  // namespace

Experiment read_experiment(std::string_view toml, std::string_view where) {
  const Json root = json_from_toml(toml, where);
  const std::string file(where);
  Experiment out;
  static const std::vector<std::string> known = {"name", "command", "repeats", "factors", "generators"};
  for (const auto& [key, value] : root.as_object()) {
    const std::string at = file + ": " + key;
    if (key == "name" || key == "command") {
      if (!value.is_string()) throw bad_input("a text is needed", at);
      (key == "name" ? out.name : out.command) = value.as_string();
    } else if (key == "repeats") {
      if (!value.is_integer() || value.as_integer() < 1 || value.as_integer() > static_cast<std::int64_t>(most_repeats))
        throw bad_input(fmt::format("{} found; a whole number from 1 to {} is allowed", value.dump(), most_repeats),
                        at);
      out.repeats = static_cast<std::size_t>(value.as_integer());
    } else if (key == "factors") {
      if (!value.is_object())
        throw bad_input("a table is needed", at, "[factors], then a line for each: batch = [32, 128]");
      for (const auto& [name, levels] : value.as_object()) {
        const std::string place = fmt::format("{}.{}", at, name);
        if (!fit_for_a_column(name)) throw bad_input("a factor's name is letters, digits, '_' and '-'", place);
        if (taken(name))
          throw bad_input(fmt::format("'{}' is the name of another column of the records", name), place,
                          "take another name");
        if (!levels.is_array()) throw bad_input("a list of levels is needed", place, "as in batch = [32, 128]");
        Factor f{name, {}};
        for (const auto& level : levels.as_array()) f.levels.push_back(level_text(level, place));
        out.factors.push_back(std::move(f));
      }
    } else if (key == "generators") {
      if (!value.is_array()) throw bad_input("a list of texts is needed", at);
      for (const auto& text : value.as_array()) {
        if (!text.is_string()) throw bad_input("a list of texts is needed", at);
        out.generators.push_back(parse_generator(text.as_string()));
      }
    } else {
      throw unknown_name("key", key, known).at(file);
    }
  }
  if (out.command.empty())
    throw bad_input("no command is given", file, "command = \"python train.py --batch {batch}\"");
  return out;
}

std::string filled(std::string_view command, const std::vector<std::pair<std::string, std::string>>& values) {
  std::string out;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if ((c == '{' || c == '}') && i + 1 < command.size() && command[i + 1] == c) {
      out += c;
      ++i;
    } else if (c == '{') {
      const auto stop = command.find('}', i);
      if (stop == command.npos)
        throw bad_input(fmt::format("'{}' is not closed", shown_text(command.substr(i))), "command",
                        "write {{ for a brace of the command's own");
      const std::string name(command.substr(i + 1, stop - i - 1));
      const auto at = std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == name; });
      if (at == values.end()) {
        std::vector<std::string> names;
        for (const auto& v : values) names.push_back(v.first);
        const Error e = unknown_name("place", name, names);
        throw bad_input(e.message(), "command",
                        "{NAME} stands for a factor's level; write {{ for a brace of the command's own");
      }
      out += quoted(at->second);
      i = stop;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace wattline::study
