#include "policy/plugins/redaction.h"

#include <algorithm>

#include <fmt/format.h>

namespace wattline::policy {
namespace {

constexpr std::size_t longest_placeholder = 40;

PersonalKind kind_at(std::size_t i) { return static_cast<PersonalKind>(i); }

// Calls use(begin, end) for every "[...]" of letters, digits and underscores that ends within a placeholder's length.
template <class F>
void each_bracketed(std::string_view text, F&& use) {
  for (std::size_t at = text.find('['); at != std::string_view::npos; at = text.find('[', at + 1)) {
    std::size_t end = at + 1;
    while (end < text.size() && end - at < longest_placeholder &&
           ((text[end] >= 'A' && text[end] <= 'Z') || text[end] == '_' || (text[end] >= '0' && text[end] <= '9')))
      ++end;
    if (end < text.size() && text[end] == ']') use(at, end + 1);
  }
}

}  // namespace

RedactionOptions RedactionOptions::read(Settings& s) {
  RedactionOptions o;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < personal_kinds; ++i) names.emplace_back(to_string(kind_at(i)));
  const auto mark = [&](std::string_view key, bool to, bool others) {
    const auto given = s.texts(key);
    if (given.empty()) return;
    if (others != to) o.kinds.fill(others);
    for (const auto& name : given) {
      const auto at = std::find(names.begin(), names.end(), name);
      if (at == names.end())
        s.fault("unknown-value", fmt::format("'{}' names '{}', which nothing here can find", key, name),
                did_you_mean(name, names).empty()
                    ? "of a form are EMAIL_ADDRESS, PHONE_NUMBER, CREDIT_CARD, IBAN_CODE, "
                      "US_SSN and IP_ADDRESS"
                    : did_you_mean(name, names));
      else o.kinds[static_cast<std::size_t>(at - names.begin())] = to;
    }
  };
  mark("types", true, false);
  mark("pii_types_allowed", false, false);
  o.threshold = s.number("threshold", o.threshold, 0, 1);
  o.restore = s.flag("restore", o.restore);
  o.instructions = s.flag("system_prompt", o.instructions);
  return o;
}

bool Redaction::wanted(const PersonalPart& p) const {
  return options_.kinds[static_cast<std::size_t>(p.kind)] && p.confidence >= options_.threshold;
}

void Redaction::learn_taken(std::string_view text) {
  each_bracketed(text,
                 [&](std::size_t begin, std::size_t end) { taken_.emplace_back(text.substr(begin, end - begin)); });
}

const std::string& Redaction::placeholder_of(PersonalKind kind, std::string_view value) {
  if (const auto known = by_value_.find(value); known != by_value_.end()) return values_[known->second].placeholder;
  Value v{kind, std::string(value), {}};
  do v.placeholder = fmt::format("[{}_{}]", to_string(kind), ++next_[static_cast<std::size_t>(kind)]);
  while (std::binary_search(taken_.begin(), taken_.end(), v.placeholder));
  longest_ = std::max(longest_, v.placeholder.size());
  by_value_.emplace(v.value, values_.size());
  by_placeholder_.emplace(v.placeholder, values_.size());
  values_.push_back(std::move(v));
  return values_.back().placeholder;
}

std::string Redaction::redacted(std::string_view text) {
  std::string out;
  std::size_t at = 0;
  for (const auto& p : find_personal(text)) {
    if (!wanted(p)) continue;
    out.append(text.substr(at, p.begin - at)).append(placeholder_of(p.kind, text.substr(p.begin, p.end - p.begin)));
    at = p.end;
  }
  return out.append(text.substr(at));
}

std::string Redaction::for_keeping(std::string_view text) const {
  std::string out;
  std::size_t at = 0;
  for (const auto& p : find_personal(text)) {
    if (!wanted(p)) continue;
    fmt::format_to(std::back_inserter(out), "{}[{}]", text.substr(at, p.begin - at), to_string(p.kind));
    at = p.end;
  }
  return out.append(text.substr(at));
}

void Redaction::apply(Draft& d) {
  const auto each = [&](auto&& use) {
    for (auto& m : d.messages)
      if (!m.dropped && (options_.instructions || !m.is_instruction()))
        for (auto& t : m.texts) use(t);
    for (auto& t : d.labels) use(t);
  };
  for (const auto& m : d.messages)
    for (const auto& t : m.texts) learn_taken(t.text);
  std::sort(taken_.begin(), taken_.end());
  each([&](DraftText& t) { t.set(redacted(t.text)); });
}

std::string Redaction::describe() const {
  std::array<std::size_t, personal_kinds> counts{};
  for (const auto& v : values_) ++counts[static_cast<std::size_t>(v.kind)];
  std::string out;
  for (std::size_t i = 0; i < personal_kinds; ++i)
    if (counts[i] > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", counts[i], to_string(kind_at(i)));
  return out;
}

const std::string* Redaction::value_of(std::string_view placeholder) const {
  const auto it = by_placeholder_.find(placeholder);
  return it == by_placeholder_.end() ? nullptr : &values_[it->second].value;
}

std::string Redaction::restored(std::string_view text) const {
  std::string out;
  std::size_t from = 0;
  each_bracketed(text, [&](std::size_t begin, std::size_t end) {
    const std::string* value = value_of(text.substr(begin, end - begin));
    if (!value) return;
    out.append(text.substr(from, begin - from)).append(*value);
    from = end;
  });
  return out.append(text.substr(from));
}

std::string Restorer::push(std::string_view piece) {
  held_ += piece;
  // Only the last '[' can begin a placeholder that is not whole yet: none has a '[' inside.
  std::size_t keep = held_.rfind('[');
  if (keep != std::string::npos) {
    const std::string_view tail = std::string_view(held_).substr(keep);
    const bool open = tail.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", 1) == std::string_view::npos;
    if (!open || tail.size() >= redaction_->longest()) keep = std::string::npos;
  }
  const std::string ready = held_.substr(0, keep);
  held_ = keep == std::string::npos ? std::string() : held_.substr(keep);
  return redaction_->restored(ready);
}

std::string Restorer::finish() {
  const std::string rest = std::move(held_);
  held_.clear();
  return redaction_->restored(rest);
}

}  // namespace wattline::policy
