#include "serve/plugins/request_draft.h"

#include <algorithm>

#include "serve/json_text.h"
#include "serve/plugins/json_edits.h"

namespace wattline::serve {
namespace {

using policy::DraftMember;
using policy::DraftText;

policy::Role role_of(std::string_view role) {
  using policy::Role;
  if (role == "user") return Role::user;
  if (role == "assistant") return Role::assistant;
  if (role == "system") return Role::system;
  if (role == "developer") return Role::developer;
  if (role == "tool" || role == "function") return Role::tool;
  return Role::other;
}

std::string_view name_of(policy::Role role) {
  static constexpr std::string_view names[] = {"system", "developer", "user", "assistant", "tool", "user"};
  return names[static_cast<std::size_t>(role)];
}

bool is_label(std::string_view name) { return name == "user" || name == "safety_identifier"; }

// Of a list with a comma between any two: the stretch that goes with one of them. What stays first must not follow a
// comma, so while nothing before it stays it takes the comma behind it, else the one before it.
Span with_comma(std::string_view text, Span part, bool nothing_before) {
  const std::size_t end = skip_json_space(text, part.begin + part.size);
  if (nothing_before) {
    if (end < text.size() && text[end] == ',') return {part.begin, skip_json_space(text, end + 1) - part.begin};
    return part;
  }
  const std::size_t last = text.find_last_not_of(" \t\r\n", part.begin - 1);
  if (last != std::string_view::npos && text[last] == ',') return {last, part.begin + part.size - last};
  return part;
}

}  // namespace

void RequestDraft::add_text(std::string_view value, DraftText::Kind kind, MessagePlace& place,
                            policy::DraftMessage& m) {
  place.texts.push_back(span_of(value));
  m.texts.push_back({JsonText(value).text(), kind});
}

void RequestDraft::read_message(std::string_view object) {
  MessagePlace& place = places_.emplace_back();
  policy::DraftMessage& m = draft.messages.emplace_back();
  place.object = span_of(object);
  m.role = policy::Role::other;
  if (object.empty() || object[0] != '{') return;
  for (const auto& member : raw_members(object)) {
    const JsonText value(member.value);
    if (member.key == "role") {
      m.role = role_of(value.text());
    } else if (member.key == "content") {
      if (value.is_string()) add_text(value.raw(), DraftText::Kind::content, place, m);
      for (const auto& part : value.elements()) {
        if (part.is_string()) add_text(part.raw(), DraftText::Kind::content, place, m);
        if (!part.is_object()) continue;
        for (const auto& p : raw_members(part.raw())) {
          if (p.key == "type" && p.value.find("image") != std::string_view::npos) ++m.images;
          if ((p.key == "text" || p.key == "refusal") && !p.value.empty() && p.value[0] == '"')
            add_text(p.value, DraftText::Kind::content, place, m);
        }
      }
    } else if (member.key == "is_error") {
      m.is_error = value.raw() == "true";
    } else if (member.key == "refusal" || member.key == "reasoning_content" || member.key == "reasoning") {
      if (value.is_string()) add_text(value.raw(), DraftText::Kind::content, place, m);
    } else if (member.key == "tool_calls" || member.key == "function_call") {
      const auto call = [&](JsonText function) {
        if (!function.is_object()) return;
        m.calls_tools = true;
        if (const auto name = function["name"].text(); !name.empty()) m.called.push_back(name);
        for (const auto& f : raw_members(function.raw()))
          if (f.key == "arguments" && !f.value.empty() && f.value[0] == '"')
            add_text(f.value, DraftText::Kind::arguments, place, m);
      };
      if (value.is_object()) call(value);
      for (const auto& one : value.elements())
        for (const auto& f : one.is_object() ? raw_members(one.raw()) : std::vector<RawMember>{})
          if (f.key == "function" || f.key == "custom") call(JsonText(f.value));
    }
  }
}

RequestDraft::RequestDraft(std::string_view body) : body_(body) {
  const JsonText root(body);
  if (!root.is_object()) return;
  for (const auto& member : raw_members(root.raw())) {
    if (member.key == "messages" && messages_.empty()) {
      messages_ = span_of(member.value);
      for (const auto& m : JsonText(member.value).elements()) read_message(m.raw());
      continue;
    }
    if (is_label(member.key) && member.value.starts_with('"')) {
      label_values_.push_back(span_of(member.value));
      draft.labels.push_back({JsonText(member.value).text(), DraftText::Kind::label});
    }
    member_places_.push_back({span_of(member.whole), span_of(member.value)});
    draft.members.push_back({member.key, std::string(member.value), DraftMember::State::kept});
  }
}

bool RequestDraft::changed() const {
  for (const auto& m : draft.messages) {
    if (m.added || m.dropped) return true;
    for (const auto& t : m.texts)
      if (t.changed) return true;
  }
  for (const auto& t : draft.labels)
    if (t.changed) return true;
  return std::any_of(draft.members.begin(), draft.members.end(),
                     [](const DraftMember& m) { return m.state != DraftMember::State::kept; });
}

std::string RequestDraft::written() const {
  JsonEdits edits;
  // Members. The opening brace takes what is added, and the commas of what goes are its own.
  bool left = false;  // a member before this one stays
  std::string added;
  for (std::size_t i = 0; i < draft.members.size(); ++i) {
    const DraftMember& m = draft.members[i];
    if (m.state == DraftMember::State::added) {
      added += json_quoted(m.name) + ":" + m.value + ",";
      continue;
    }
    const MemberPlace& place = member_places_[i];
    left = left || (!messages_.empty() && messages_.begin < place.whole.begin);
    if (m.state == DraftMember::State::dropped) {
      edits.replace(with_comma(body_, place.whole, !left), {});
      continue;
    }
    left = true;
    if (m.state == DraftMember::State::changed) edits.replace(place.value, m.value);
  }
  for (std::size_t i = 0; i < draft.labels.size(); ++i)
    if (draft.labels[i].changed) edits.replace(label_values_[i], json_quoted(draft.labels[i].text));
  if (!added.empty()) edits.insert(body_.find('{') + 1, added);

  // Messages.
  std::size_t next = 0;  // of those that were there
  left = false;
  const std::size_t open = messages_.begin + 1;
  std::string front;
  for (const auto& m : draft.messages) {
    if (m.added) {
      std::string text;
      for (const auto& t : m.texts) text += t.text;
      const std::string whole =
          "{\"role\":\"" + std::string(name_of(m.role)) + "\",\"content\":" + json_quoted(text) + "}";
      // Before those that stay, or behind the last one.
      if (next == 0) front += whole + ",";
      else edits.insert(places_[next - 1].object.begin + places_[next - 1].object.size, "," + whole);
      continue;
    }
    const MessagePlace& place = places_[next++];
    if (m.dropped) {
      edits.replace(with_comma(body_, place.object, !left), {});
      continue;
    }
    left = true;
    for (std::size_t k = 0; k < m.texts.size(); ++k)
      if (m.texts[k].changed) edits.replace(place.texts[k], json_quoted(m.texts[k].text));
  }
  if (!front.empty()) {
    if (!left) front.pop_back();
    edits.insert(open, front);
  }
  return edits.apply(body_);
}

}  // namespace wattline::serve
