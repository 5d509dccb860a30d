#include "app/invocation.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::app {
namespace {

Error unknown_command(const std::string& word, const Rooms& rooms) {
  std::vector<std::string> known = {"learn"};
  for (const auto& r : rooms) {
    known.push_back(r.name);
    for (const auto& c : r.capabilities) {
      known.push_back(c.room + " " + c.name);
      for (const auto& alias : c.aliases) known.push_back(alias);
    }
  }
  const Error e = unknown_name("command", word, known, "wattline --help");
  return bad_input(e.message(), {}, e.hint());
}

// Finds the capability in the first one or two words; returns how many it took.
std::size_t find_command(const std::vector<std::string>& words, const Rooms& rooms, Invocation& out) {
  if (words.empty()) {
    out.help = true;
    return 0;
  }
  const std::string& first = words[0];
  if (words.size() > 1) {
    if (const Capability* c = find_capability(rooms, first, words[1])) {
      out.capability = c;
      return 2;
    }
  }
  // A verb may be two words ("papers check"): the longer one wins.
  if (words.size() > 1)
    if (const Capability* c = find_alias(rooms, first + " " + words[1])) {
      out.capability = c;
      return 2;
    }
  if (const Capability* c = find_alias(rooms, first)) {
    out.capability = c;
    return 1;
  }
  if (is_room(rooms, first)) {
    if (words.size() == 1 || words[1].starts_with('-')) {
      out.help = true;
      out.help_room = first;
      return 1;
    }
    throw unknown_command(first + " " + words[1], rooms);
  }
  throw unknown_command(first, rooms);
}

// Takes `--name value` or `--name=value` of a shared option at words[i]; true when it was one.
bool take_shared(const std::vector<std::string>& words, std::size_t& i, Invocation& out) {
  const std::string& word = words[i];
  const auto equals = word.find('=');
  const std::string name = word.substr(0, equals);
  const auto value = [&]() -> std::string {
    if (equals != std::string::npos) return word.substr(equals + 1);
    if (i + 1 >= words.size()) throw bad_input(fmt::format("{} needs a value", name));
    return words[++i];
  };
  if (name == "--json") out.form = OutputForm::json;
  else if (name == "--csv") out.form = OutputForm::csv;
  else if (name == "--html") out.html_file = value();
  else if (name == "--output") out.output_file = value();
  else if (name == "--quiet" || name == "-q") out.quiet = true;
  else if (name == "--ascii") out.ascii = true;
  else if (name == "--details") out.details = true;
  else if (name == "--help" || name == "-h") out.help = true;
  else if (name == "--version") out.version = true;
  else if (name == "--catalog") out.catalog_dir = value();
  else if (name == "--ledger") out.ledger_dir = value();
  else if (name == "--intensity-data") out.intensity_dir = value();
  else if (name == "--seed") {
    const std::string text = value();
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out.seed);
    if (ec != std::errc() || end != text.data() + text.size())
      throw bad_input(fmt::format("'{}' is not a whole number from 0", text), "--seed");
  } else return false;
  return true;
}

bool takes_value(const Capability& c, const std::string& word) {
  if (word.find('=') != std::string::npos) return false;
  for (const auto& f : c.fields)
    if ("--" + f.name == word) return f.kind != FieldKind::flag;
  return false;
}

bool own_option(const Capability& c, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  return std::any_of(c.fields.begin(), c.fields.end(), [&](const Field& f) { return "--" + f.name == name; });
}

}  // namespace

Invocation read_invocation(const std::vector<std::string>& arguments, const Rooms& rooms) {
  Invocation out;
  std::size_t at = 0;
  while (at < arguments.size() && arguments[at].starts_with('-') && take_shared(arguments, at, out)) ++at;
  if (at < arguments.size() && arguments[at] == "help") {
    out.help = true;
    ++at;
  }
  const std::vector<std::string> words(arguments.begin() + static_cast<std::ptrdiff_t>(at), arguments.end());
  if (words.empty()) {
    out.help = out.help || !out.version;
    return out;
  }
  if (words[0].starts_with('-'))
    throw bad_input(fmt::format("unknown option '{}' before a command", words[0]), {}, "`wattline --help` shows both");
  std::size_t i = find_command(words, rooms, out);
  if (!out.capability) {
    for (; i < words.size(); ++i)
      if (!take_shared(words, i, out)) throw unknown_command(fmt::format("{}", fmt::join(words, " ")), rooms);
    return out;
  }
  // After `--`, and after the first plain word of a command that runs another, words are not ours.
  const bool runs_another =
      std::any_of(out.capability->fields.begin(), out.capability->fields.end(), [](const Field& f) { return f.rest; });
  for (; i < words.size(); ++i) {
    const bool plain = !words[i].starts_with('-') || words[i] == "-";
    if (words[i] == "--" || (plain && runs_another)) {
      out.words.insert(out.words.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
      break;
    }
    if (!plain && !own_option(*out.capability, words[i]) && take_shared(words, i, out)) continue;
    out.words.push_back(words[i]);
    if (takes_value(*out.capability, words[i]) && i + 1 < words.size()) out.words.push_back(words[++i]);
  }
  return out;
}

}  // namespace wattline::app
