#include "catalog/listing.h"

#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::catalog {

bool matches(std::string_view piece, std::string_view name, const std::vector<std::string>& aliases) {
  const std::string wanted = name_key(piece);
  if (wanted.empty() || name_key(name).find(wanted) != std::string::npos) return true;
  for (const auto& a : aliases)
    if (name_key(a).find(wanted) != std::string::npos) return true;
  return false;
}

void nothing_left(std::string_view what, std::string_view piece) {
  throw Error(ErrorKind::not_found,
              piece.empty() ? fmt::format("no {} is like that", what)
                            : fmt::format("no {} has '{}' in its name or aliases", what, piece.substr(0, 100)),
              {}, fmt::format("`wattline catalog {}s` lists all", what));
}

Explained::Explained() {
  figures_.text("figure").number("value").text("unit").number("low", {}, "95 % interval, where the row states one");
  figures_.number("high");
}

Explained& Explained::figure(std::string name, double value, std::string unit, std::optional<Interval> interval) {
  const bool spread = interval && interval->low != interval->high;
  figures_.add_row(
      {std::move(name), value, std::move(unit), spread ? interval->low : NAN, spread ? interval->high : NAN});
  return *this;
}

Explained& Explained::count(std::string name, int value) { return value ? figure(std::move(name), value, "") : *this; }

Explained& Explained::about(std::string_view name, std::string_view text) {
  if (!text.empty()) about_ += fmt::format("{}{}: {}", about_.empty() ? "" : "\n", name, text);
  return *this;
}

Explained& Explained::names(const std::vector<std::string>& aliases) {
  return about("also called", fmt::format("{}", fmt::join(aliases, "; ")));
}

Explained& Explained::origin(const Origin& o, std::string prefix) {
  about(prefix + "source", o.source).about(prefix + "licence", o.licence);
  about(prefix + "year", o.year ? std::to_string(o.year) : "");
  return about(prefix + "valid from", o.valid_from).about(prefix + "valid to", o.valid_to);
}

void Explained::add_to(Result& out) && {
  if (figures_.rows()) out.add(std::move(figures_));
  if (!about_.empty()) out.note(std::move(about_));
}

}  // namespace wattline::catalog
