#include "policy/language/source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline::policy {
namespace {

const Json::Object& no_members() {
  static const Json::Object none;
  return none;
}

const Json::Object& members_of(const Json& v) { return v.is_object() ? v.as_object() : no_members(); }

// A scalar as a text: names may look like numbers.
bool as_text(const Json& v, std::string& out) {
  if (v.is_string()) out = v.as_string();
  else if (v.is_number() || v.is_bool()) out = v.dump();
  else return false;
  return true;
}

}  // namespace

std::string Faults::where(std::uint32_t line) const { return line ? fmt::format("{}:{}", file_, line) : file_; }

void Faults::add(std::uint32_t line, std::string code, std::string message, std::string fix) {
  out_.push_back(
      {Finding::Level::error, std::move(code), where(line), std::move(message), std::move(fix), std::string()});
}

std::string_view kind_of(const Json& v) {
  if (v.is_null()) return "nothing";
  if (v.is_bool()) return "true or false";
  if (v.is_integer()) return "a whole number";
  if (v.is_number()) return "a number";
  if (v.is_string()) return "a text";
  return v.is_array() ? "a list" : "a table of fields";
}

Source Source::part(std::size_t i) const {
  const Json& v = value.is_array() ? value.as_array()[i] : value.as_object()[i].second;
  return {v, lines && i < lines->parts.size() ? &lines->parts[i] : lines};
}

Members::Members(Source object, std::string what, Faults& faults)
    : object_(object), what_(std::move(what)), faults_(faults), taken_(members_of(object.value).size()) {
  if (!object.value.is_object())
    faults_.add(object.line(), "wrong-kind",
                fmt::format("{} must be a table of fields, found {}", what_, kind_of(object.value)));
}

int Members::find(std::string_view key) const {
  const auto& all = members_of(object_.value);
  for (std::size_t i = all.size(); i > 0; --i)
    if (all[i - 1].first == key) return static_cast<int>(i - 1);
  return -1;
}

bool Members::take(std::string_view key, const std::function<void(Source)>& use) {
  const int i = find(key);
  if (i < 0) return false;
  taken_[static_cast<std::size_t>(i)] = true;
  use(object_.part(static_cast<std::size_t>(i)));
  return true;
}

void Members::fault(std::string_view key, std::string code, std::string message, std::string fix) {
  const int i = find(key);
  const std::uint32_t at = i < 0 ? line() : object_.part(static_cast<std::size_t>(i)).line();
  faults_.add(at, std::move(code), fmt::format("'{}' of {} {}", key, what_, message), std::move(fix));
}

void Members::wrong(std::string_view key, std::string_view wanted, const Json& found) {
  fault(key, "wrong-kind", fmt::format("must be {}, found {}", wanted, kind_of(found)));
}

std::string Members::text(std::string_view key, bool needed) {
  std::string out;
  const bool there = take(key, [&](Source s) {
    if (!s.value.is_null() && !as_text(s.value, out)) wrong(key, "a text", s.value);
    else if (needed && out.empty()) fault(key, "missing-field", "is empty", "give it a name");
  });
  if (needed && !there && object_.value.is_object())
    faults_.add(line(), "missing-field", fmt::format("{} has no '{}'", what_, key), fmt::format("add '{}'", key));
  return out;
}

std::int64_t Members::integer(std::string_view key, std::int64_t low, std::int64_t high) {
  std::int64_t out = 0;
  take(key, [&](Source s) {
    if (s.value.is_null()) return;
    if (!s.value.is_integer()) return wrong(key, "a whole number", s.value);
    const std::int64_t v = s.value.as_integer();
    if (v < low || v > high) return fault(key, "out-of-range", fmt::format("is {}; {} to {} is allowed", v, low, high));
    out = v;
  });
  return out;
}

std::vector<std::string> Members::texts(std::string_view key) {
  std::vector<std::string> out;
  list(key, [&](Source s) {
    std::string one;
    if (as_text(s.value, one)) out.push_back(std::move(one));
    else wrong(key, "a list of texts", s.value);
  });
  return out;
}

void Members::list(std::string_view key, const std::function<void(Source)>& each) {
  take(key, [&](Source s) {
    if (s.value.is_null()) return;
    if (!s.value.is_array()) return wrong(key, "a list", s.value);
    for (std::size_t i = 0; i < s.value.as_array().size(); ++i) each(s.part(i));
  });
}

void Members::object(std::string_view key, const std::function<void(Source)>& use) {
  take(key, [&](Source s) {
    if (s.value.is_null()) return;
    if (!s.value.is_object()) return wrong(key, "a table of fields", s.value);
    use(s);
  });
}

Json Members::left() const {
  Json::Object out;
  const auto& all = members_of(object_.value);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (!taken_[i]) out.push_back(all[i]);
  return Json(std::move(out));
}

void Members::nothing_left(const std::vector<std::string>& allowed) {
  const auto& all = members_of(object_.value);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (taken_[i]) continue;
    const auto near = nearest(all[i].first, allowed, 1);
    faults_.add(object_.part(i).line(), "unknown-field",
                fmt::format("'{}' is no field of {}; {} are allowed", shown_text(all[i].first), what_,
                            fmt::join(allowed, ", ")),
                near.empty() ? std::string("leave it out") : fmt::format("did you mean '{}'?", near[0]));
  }
}

}  // namespace wattline::policy
