// Options from JSON and from the command line, for every capability alike.
#include <algorithm>

#include <fmt/format.h>

#include "kernel/capability.h"
#include "kernel/error.h"

namespace wattline {
namespace {

std::vector<std::string> names_of(const FieldTable& fields, std::string_view prefix = "") {
  std::vector<std::string> names;
  for (const auto& f : fields) names.push_back(std::string(prefix) + f.name);
  return names;
}

std::optional<std::size_t> find_field(const FieldTable& fields, std::string_view name) {
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].name == name) return i;
  return std::nullopt;
}

void store(const Field& f, void* options, FieldValue value, bool already_given) {
  if (f.kind == FieldKind::list && already_given) {
    auto all = std::get<std::vector<std::string>>(f.get(options));
    for (auto& s : std::get<std::vector<std::string>>(value)) all.push_back(std::move(s));
    value = std::move(all);
  }
  f.set(options, value);
}

}  // namespace

void check_required(const Capability& c, const std::vector<bool>& given) {
  for (std::size_t i = 0; i < c.fields.size(); ++i)
    if (c.fields[i].required && !given[i]) {
      const Field& f = c.fields[i];
      throw bad_input(fmt::format("--{} is missing: {}", f.name, f.help), {},
                      fmt::format("`wattline {} {} --help` shows all options", c.room, c.name));
    }
}

std::shared_ptr<void> options_from_json(const Capability& c, const Json& body) {
  auto options = c.make_options();
  std::vector<bool> given(c.fields.size());
  if (!body.is_null()) {
    for (const auto& [name, value] : body.as_object()) {
      // Both spellings are common in JSON; the kebab-case one is ours.
      std::string key = name;
      std::replace(key.begin(), key.end(), '_', '-');
      const auto i = find_field(c.fields, key);
      if (!i) {
        const Error e = unknown_name("member", name, names_of(c.fields));
        throw bad_input(e.message(), c.id());
      }
      if (value.is_null()) continue;
      store(c.fields[*i], options.get(), field_from_json(c.fields[*i], value), false);
      given[*i] = true;
    }
  }
  check_required(c, given);
  return options;
}

std::shared_ptr<void> options_from_arguments(const Capability& c, const std::vector<std::string>& words,
                                             const Fallbacks& fallbacks) {
  auto options = c.make_options();
  const FieldTable& fields = c.fields;
  std::vector<bool> given(fields.size());
  const auto rest = std::find_if(fields.begin(), fields.end(), [](const Field& f) { return f.rest; });

  const auto take_rest = [&](std::size_t from) {
    std::vector<std::string> words_left(words.begin() + static_cast<std::ptrdiff_t>(from), words.end());
    if (words_left.empty()) return;
    rest->set(options.get(), FieldValue(std::move(words_left)));
    given[static_cast<std::size_t>(rest - fields.begin())] = true;
  };
  const auto take_positional = [&](const std::string& word) {
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (fields[i].positional && (!given[i] || fields[i].kind == FieldKind::list)) {
        store(fields[i], options.get(), field_from_text(fields[i], word), given[i]);
        given[i] = true;
        return true;
      }
    return false;
  };

  for (std::size_t w = 0; w < words.size(); ++w) {
    const std::string& word = words[w];
    if (word == "--") {
      if (rest != fields.end()) {
        take_rest(w + 1);
        break;
      }
      for (++w; w < words.size(); ++w)
        if (!take_positional(words[w])) throw bad_input(fmt::format("unexpected word '{}'", words[w]), c.id());
      break;
    }
    if (!word.starts_with("--") || word.size() == 2) {
      if (take_positional(word)) continue;
      // The first word that is no option begins the command of `wattline run make -j`.
      if (rest != fields.end()) {
        take_rest(w);
        break;
      }
      throw bad_input(
          fmt::format("unexpected word '{}'", word), {},
          fmt::format("options are written --name value; `wattline {} {} --help` shows them", c.room, c.name));
    }
    const auto equals = word.find('=');
    std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    bool negated = false;
    auto i = find_field(fields, name);
    if (!i && name.starts_with("no-")) {
      i = find_field(fields, name.substr(3));
      negated = i && fields[*i].kind == FieldKind::flag;
      if (!negated) i.reset();
    }
    if (!i) {
      const Error e = unknown_name("option", "--" + name, names_of(fields, "--"),
                                   fmt::format("wattline {} {} --help", c.room, c.name));
      throw bad_input(e.message(), {}, e.hint());
    }
    const Field& f = fields[*i];
    std::string value;
    if (equals != std::string::npos) value = word.substr(equals + 1);
    else if (f.kind == FieldKind::flag) value = "true";
    else if (w + 1 < words.size()) value = words[++w];
    else throw bad_input(fmt::format("--{} needs a value: {}", f.name, f.help));
    if (given[*i] && f.kind != FieldKind::list) throw bad_input(fmt::format("--{} is given twice", f.name));
    if (negated) {
      if (equals != std::string::npos) throw bad_input(fmt::format("--{} takes no value", name));
      value = "false";
    }
    try {
      store(f, options.get(), field_from_text(f, value), given[*i]);
    } catch (const Error& e) {
      // Told in the spelling the user wrote.
      if (e.where() == f.name) throw Error(e.kind(), e.message(), "--" + f.name, e.hint());
      throw;
    }
    given[*i] = true;
  }
  for (std::size_t i = 0; fallbacks && i < fields.size(); ++i) {
    if (given[i]) continue;
    const auto fallback = fallbacks(fields[i]);
    if (!fallback) continue;
    try {
      fields[i].set(options.get(), field_from_text(fields[i], fallback->text));
    } catch (const Error& e) {
      throw e.at(fallback->where);
    }
    given[i] = true;
  }
  check_required(c, given);
  return options;
}

}  // namespace wattline
