#include "policy/plugins/system_prompt.h"

#include <fmt/format.h>

namespace wattline::policy {
namespace {

DraftMessage instruction(std::string text) {
  DraftMessage m;
  m.role = Role::system;
  m.added = true;
  m.texts.push_back({std::move(text), DraftText::Kind::content, true});
  return m;
}

}  // namespace

SystemPrompt SystemPrompt::read(Settings& s) {
  SystemPrompt p;
  p.mode = static_cast<Mode>(s.choice("mode", {"insert", "append", "replace"}, 0));
  p.text = s.text("system_prompt");
  if (p.text.empty())
    s.fault("missing-field", "'system_prompt' is missing", "system_prompt = \"You answer in one sentence.\"");
  return p;
}

std::string SystemPrompt::apply(Draft& d) const {
  if (text.empty()) return {};
  DraftMessage* first = nullptr;
  DraftMessage* last = nullptr;
  std::size_t there = 0;
  for (auto& m : d.messages)
    if (m.is_instruction() && !m.dropped) {
      // One that holds no text takes none.
      if (!m.texts.empty()) {
        first = first ? first : &m;
        last = &m;
      }
      ++there;
    }
  if (mode == Mode::replace) {
    for (auto& m : d.messages)
      if (m.is_instruction()) m.dropped = true;
    d.messages.insert(d.messages.begin(), instruction(text));
    return fmt::format("{} bytes in place of {} instructions", text.size(), there);
  }
  if (!first) {
    d.messages.insert(d.messages.begin(), instruction(text));
    return fmt::format("{} bytes as the only instruction", text.size());
  }
  if (mode == Mode::insert) {
    DraftText& t = first->texts.front();
    t.set(t.text.empty() ? text : text + "\n\n" + t.text);
    return fmt::format("{} bytes before the instruction", text.size());
  }
  DraftText& t = last->texts.back();
  t.set(t.text.empty() ? text : t.text + "\n\n" + text);
  return fmt::format("{} bytes behind the instruction", text.size());
}

}  // namespace wattline::policy
