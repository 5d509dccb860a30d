#include "catalog/green_algorithms.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "catalog_data_embedded.h"
#include "kernel/error.h"
#include "kernel/table.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

using Words = std::vector<std::string>;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_word(char c) {
  c = lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

// Lower-case words of letters and digits.
Words words_of(std::string_view text) {
  Words out;
  std::string word;
  for (const char c : text) {
    if (is_word(c)) {
      word += lower(c);
    } else if (!word.empty()) {
      out.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) out.push_back(std::move(word));
  return out;
}

std::string joined(const Words& words) {
  std::string out;
  for (const auto& w : words) out += w;
  return out;
}

// Without the maker's name, trademarks and what operating systems add ("CPU @ 2.10GHz").
Words model_words(std::string_view name) {
  static constexpr std::string_view noise[] = {"intel", "amd",     "nvidia", "r",     "tm",        "c",
                                               "cpu",   "geforce", "gpu",    "tesla", "processor", "graphics"};
  Words out;
  for (auto& word : words_of(name.substr(0, name.find('@'))))
    if (std::find(std::begin(noise), std::end(noise), word) == std::end(noise)) out.push_back(std::move(word));
  return out;
}

bool is_version(const std::string& word) {
  return word.size() >= 2 && word[0] == 'v' && word[1] >= '0' && word[1] <= '9';
}

// `inner` as neighbouring words of `outer`, not followed by a version: "E5-2670" is not "E5-2670 v3".
bool within(const Words& inner, const Words& outer) {
  if (inner.empty() || inner.size() > outer.size()) return false;
  for (std::size_t i = 0; i + inner.size() <= outer.size(); ++i)
    if (std::equal(inner.begin(), inner.end(), outer.begin() + static_cast<std::ptrdiff_t>(i)))
      return i + inner.size() == outer.size() || !is_version(outer[i + inner.size()]);
  return false;
}

// Those that share the most words, for a name that resembles none.
std::vector<std::string> most_words_shared(const Words& wanted, const std::vector<std::string>& names) {
  constexpr std::size_t most_told = 4;
  std::vector<std::string> out;
  std::size_t most = 1;
  for (const auto& name : names) {
    const Words have = model_words(name);
    const auto shared = static_cast<std::size_t>(std::count_if(wanted.begin(), wanted.end(), [&](const auto& word) {
      return word.size() > 2 && std::find(have.begin(), have.end(), word) != have.end();
    }));
    if (shared > most) {
      most = shared;
      out.clear();
    }
    if (shared == most && out.size() < most_told) out.push_back(name);
  }
  return out;
}

double number(std::string_view text, std::string_view where) {
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(out) || out < 0)
    throw bad_input(fmt::format("'{}' is no number of 0 or more", text), std::string(where));
  return out;
}

std::string content_of(const std::string& name, const std::filesystem::path& overrides) {
  if (!overrides.empty()) {
    std::ifstream file(overrides / name, std::ios::binary);
    if (file) {
      std::ostringstream text;
      text << file.rdbuf();
      return text.str();
    }
  }
  for (const auto& file : catalog_data())
    if (file.name == name) return std::string(file.content);
  throw world_error("a table is missing from the program", name);
}

// Rows of `version` (first column), each with exactly `columns` fields.
void for_each_row(const std::string& name, const std::filesystem::path& overrides, std::string_view version,
                  std::size_t columns,
                  const std::function<void(const std::vector<std::string_view>&, const std::string& where)>& take) {
  const std::string content = content_of(name, overrides);
  bool header = true;
  for_each_csv_row(content, ',', name, [&](std::size_t line, const std::vector<std::string_view>& fields) {
    if (std::exchange(header, false) || fields.empty() || fields[0] != version) return;
    const std::string where = fmt::format("{}:{}", name, line);
    if (fields.size() != columns)
      throw bad_input(fmt::format("{} columns where {} belong", fields.size(), columns), where);
    take(fields, where);
  });
}

}  // namespace

std::string GreenPlace::name() const {
  if (country.empty()) return "World";
  return region.empty() ? country : country + ", " + region;
}

std::vector<std::string> GreenAlgorithms::versions() { return {"v1.0", "v3.0"}; }

std::shared_ptr<const GreenAlgorithms> GreenAlgorithms::load(std::string_view version,
                                                             const std::filesystem::path& overrides) {
  const auto known = versions();
  if (std::find(known.begin(), known.end(), version) == known.end()) throw unknown_name("data version", version, known);
  std::shared_ptr<GreenAlgorithms> out(new GreenAlgorithms);
  out->version_ = version;
  for_each_row("green_algorithms_versions.csv", overrides, version, 4, [&](const auto& f, const auto&) {
    out->year_ = f[1];
    out->origin_ = f[2];
    out->licence_ = f[3];
  });
  for_each_row("green_algorithms_versions.csv", overrides, "wattline", 4,
               [&](const auto& f, const auto&) { out->own_licence_ = f[3]; });
  for_each_row("green_algorithms_places.csv", overrides, version, 8, [&](const auto& f, const auto& where) {
    out->places_.push_back({std::string(f[1]), std::string(f[2]), std::string(f[3]), std::string(f[4]),
                            number(f[5], where), std::string(f[7])});
  });
  for_each_row("green_algorithms_processors.csv", overrides, version, 7, [&](const auto& f, const auto& where) {
    out->processors_.push_back({std::string(f[2]), f[1] == "gpu", number(f[5], where), std::string(f[6])});
  });
  for_each_row("green_algorithms_datacentres.csv", overrides, version, 7, [&](const auto& f, const auto& where) {
    GreenDatacentre d{std::string(f[1]), std::string(f[2]), std::string(f[3]), std::string(f[4]), {},
                      std::string(f[6])};
    if (!f[5].empty()) d.pue = number(f[5], where);
    out->datacentres_.push_back(std::move(d));
  });
  for (const std::string_view part : {version, std::string_view("wattline")})
    for_each_row("green_algorithms_values.csv", overrides, part, 6, [&](const auto& f, const auto& where) {
      out->values_.push_back(
          {std::string(f[1]), std::string(f[2]), number(f[3], where), std::string(f[4]), std::string(f[5])});
    });
  return out;
}

GreenMatch<GreenProcessor> GreenAlgorithms::processor(std::string_view name, bool gpu) const {
  const std::string_view what = gpu ? "GPU" : "CPU";
  const Words wanted = model_words(name.empty() ? "Any" : name);
  const std::string whole = joined(wanted);
  std::vector<const GreenProcessor*> inside, around;
  std::vector<std::string> names;
  std::size_t most = 0;
  for (const auto& p : processors_) {
    if (p.gpu != gpu) continue;
    names.push_back(p.model);
    const Words have = model_words(p.model);
    if (joined(have) == whole) {
      const bool same = name.empty() || words_of(name) == words_of(p.model);
      return {&p, same ? "" : fmt::format("{} '{}' taken for '{}'", what, name, p.model)};
    }
    if (p.model == "Any") continue;
    // The most telling row that the name contains wins; a name that several rows contain is unclear.
    if (within(have, wanted)) {
      if (const std::size_t size = joined(have).size(); size > most) {
        most = size;
        inside = {&p};
      } else if (size == most) {
        inside.push_back(&p);
      }
    } else if (within(wanted, have)) {
      around.push_back(&p);
    }
  }
  const auto& found = inside.empty() ? around : inside;
  if (found.size() == 1) return {found[0], fmt::format("{} '{}' taken for '{}'", what, name, found[0]->model)};
  const std::string hint = fmt::format("'Any' takes the calculator's default of {} W; --{}-tdp gives the power itself",
                                       format_number(processor("Any", gpu).row->watts), gpu ? "gpu" : "core");
  if (found.size() > 1) {
    std::string list;
    for (const auto* p : found) list += (list.empty() ? "'" : ", '") + p->model + "'";
    throw bad_input(fmt::format("{} '{}' could be any of {}", what, name, list), {}, hint);
  }
  const Error e = unknown_name(what, name, names);
  std::string message = e.message();
  if (message.find("did you mean") == std::string::npos)
    if (const auto like = most_words_shared(wanted, names); !like.empty())
      message += fmt::format("; those with words of it are '{}'", fmt::join(like, "', '"));
  throw Error(e.kind(), fmt::format("{} (Green Algorithms {})", message, version_), e.where(), hint);
}

GreenMatch<GreenPlace> GreenAlgorithms::place(std::string_view name) const {
  const Words wanted = words_of(name.empty() ? "WORLD" : name);
  const std::string whole = joined(wanted);
  std::vector<const GreenPlace*> exact, inside;
  std::vector<std::string> names;
  for (const auto& p : places_) {
    if (joined(words_of(p.code)) == whole) return {&p, ""};
    names.push_back(p.code);
    names.push_back(p.name());
    const bool whole_country = p.region.empty() && joined(words_of(p.country)) == whole;
    if (whole_country || joined(words_of(p.name())) == whole || joined(words_of(p.region)) == whole)
      exact.push_back(&p);
    else if (whole.size() >= 4 &&
             (p.region.empty() ? within(wanted, words_of(p.country)) : within(wanted, words_of(p.region))))
      inside.push_back(&p);
  }
  const auto& found = exact.empty() ? inside : exact;
  if (found.size() == 1)
    return {found[0], fmt::format("place '{}' taken for {} ({})", name, found[0]->code, found[0]->name())};
  const std::string hint =
      "`wattline catalog places` lists the names; --place WORLD takes the world average; --intensity gives the "
      "figure itself";
  if (found.size() > 1) {
    std::string list;
    for (const auto* p : found) list += (list.empty() ? "" : ", ") + fmt::format("{} ({})", p->code, p->name());
    throw bad_input(fmt::format("place '{}' could be any of {}", name, list), {}, hint);
  }
  const Error e = unknown_name("place", name, names);
  throw Error(e.kind(), fmt::format("{} (Green Algorithms {})", e.message(), version_), e.where(), hint);
}

const GreenDatacentre& GreenAlgorithms::datacentre(std::string_view provider, std::string_view name) const {
  std::vector<std::string> names;
  for (const auto& d : datacentres_) {
    if (words_of(d.provider) != words_of(provider)) continue;
    if (joined(words_of(d.name)) == joined(words_of(name))) return d;
    names.push_back(d.name);
  }
  if (names.empty())
    throw Error(ErrorKind::not_found,
                fmt::format("Green Algorithms {} lists no data centres of '{}'", version_, provider), {},
                "give the place with --place and, if you know it, --pue");
  throw unknown_name(fmt::format("data centre of {}", provider), name, names);
}

const GreenValue& GreenAlgorithms::pue(std::string_view provider) const {
  std::vector<std::string> names;
  for (const auto& v : values_) {
    if (v.group != "pue") continue;
    if (words_of(v.name) == words_of(provider)) return v;
    names.push_back(v.name);
  }
  throw unknown_name(fmt::format("provider (Green Algorithms {})", version_), provider, names);
}

const GreenValue& GreenAlgorithms::value(std::string_view group, std::string_view name) const {
  for (const auto& v : values_)
    if (v.group == group && v.name == name) return v;
  throw Error(ErrorKind::not_found, fmt::format("no {} '{}' in Green Algorithms {}", group, name, version_),
              "green_algorithms_values.csv");
}

FactorUse GreenAlgorithms::factor(std::string id, std::string description, std::string value,
                                  std::string source) const {
  return {fmt::format("green_algorithms.{}.{}", version_, id),
          std::move(description),
          std::move(value),
          fmt::format("{}; {}", origin_, source),
          year_,
          licence_};
}

FactorUse GreenAlgorithms::use(const GreenProcessor& p) const {
  return factor(fmt::format("{}.{}", p.gpu ? "gpu" : "cpu", p.model),
                fmt::format("design power of {} {}", p.gpu ? "a GPU," : "one core,", p.model),
                fmt::format("{} W", format_number(p.watts)), p.source);
}
FactorUse GreenAlgorithms::use(const GreenPlace& p) const {
  return factor("place." + p.code, "carbon intensity of electricity, " + p.name(),
                fmt::format("{} gCO2e/kWh", format_number(p.grams_per_kwh, 6)), p.source);
}
FactorUse GreenAlgorithms::use(const GreenDatacentre& d) const {
  return factor(fmt::format("datacentre.{}.{}", d.provider, d.name),
                fmt::format("data centre {} {}", d.provider, d.name),
                fmt::format("at {}{}", d.place.empty() ? "an unlisted place" : d.place,
                            d.pue ? fmt::format(", PUE {}", format_number(*d.pue)) : ""),
                d.source);
}
FactorUse GreenAlgorithms::use(const GreenValue& v) const {
  const std::string text = v.unit.empty() ? format_number(v.value, 6) : format_number(v.value, 6) + " " + v.unit;
  if (v.group == "spread") return {"wattline.spread." + v.name, v.name, text, v.source, "", own_licence_};
  return factor(v.group + "." + v.name, v.group == "pue" ? "power usage effectiveness, " + v.name : v.name, text,
                v.source);
}

}  // namespace wattline::catalog
