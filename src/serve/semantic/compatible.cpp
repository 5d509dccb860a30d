#include "serve/semantic/compatible.h"

#include <cstdlib>

#include "serve/canonical_json.h"

namespace wattline::serve {
namespace {

using Node = CanonicalJson::Node;
using Kind = CanonicalJson::Kind;

bool is_null(const CanonicalJson& json, const Node& n) { return n.kind == Kind::scalar && json.text(n) == "null"; }
bool holds_nothing(const CanonicalJson& json, const Node& n) {
  return is_null(json, n) || (n.kind != Kind::scalar && n.first == CanonicalJson::none);
}

// Of a string as CanonicalJson writes it: quotes, backslashes and control characters are escaped, nothing else.
std::string decoded(std::string_view quoted) {
  std::string out;
  const auto hex = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] != '\\') {
      out += quoted[i];
    } else if (quoted[++i] != 'u') {
      out += quoted[i];
    } else {
      out += static_cast<char>(hex(quoted[i + 3]) * 16 + hex(quoted[i + 4]));
      i += 4;
    }
  }
  return out;
}

bool is_text(const CanonicalJson& json, const Node& n) {
  return n.kind == Kind::scalar && json.text(n).starts_with('"');
}

// The node that holds a user message's text: its content, or the text of its one part. Null: there is more to it.
const Node* text_of(const CanonicalJson& json, const Node& message) {
  if (message.kind != Kind::object) return nullptr;
  const Node *role = json.find(message, "\"role\""), *content = json.find(message, "\"content\"");
  if (!role || json.text(*role) != "\"user\"" || !content) return nullptr;
  if (is_text(json, *content)) return content;
  if (content->kind != Kind::array || content->first == CanonicalJson::none) return nullptr;
  const Node& part = json.at(content->first);
  if (part.next != CanonicalJson::none || part.kind != Kind::object) return nullptr;
  const Node *type = json.find(part, "\"type\""), *text = json.find(part, "\"text\"");
  if (!type || json.text(*type) != "\"text\"" || !text || !is_text(json, *text)) return nullptr;
  // A part may carry more than its text, or that twice.
  int members = 0;
  for (auto i = part.first; i != CanonicalJson::none; i = json.at(i).next)
    if (++members > 2 || (json.key(json.at(i)) != "\"type\"" && json.key(json.at(i)) != "\"text\"")) return nullptr;
  return text;
}

}  // namespace

CompatibleRequest compatible_request(std::string_view body, bool by_user, double usual_temperature) {
  CompatibleRequest out;
  out.temperature = usual_temperature;
  CanonicalJson json;
  out.why_not = json.parse(body);
  if (!out.why_not.empty()) return out;
  const Node& root = json.root();
  const Node* messages = root.kind == Kind::object ? json.find(root, "\"messages\"") : nullptr;
  if (!messages || messages->kind != Kind::array || messages->first == CanonicalJson::none) {
    out.why_not = "it has no messages";
    return out;
  }
  // Of what is left out a second one would go unseen.
  int lists = 0, contents = 0;
  const auto leave_out = [&](const Node& member) {
    const std::string_view name = json.key(member);
    if (name == "\"messages\"") return ++lists > 0;
    if (name == "\"stream\"") out.stream = json.text(member) == "true";
    else if (name == "\"temperature\"" && !is_null(json, member))
      out.temperature = std::strtod(std::string(json.text(member)).c_str(), nullptr);
    else if ((name == "\"tools\"" || name == "\"functions\"") && !holds_nothing(json, member))
      out.why_not = "it may call tools";
    else if (name == "\"store\"" && json.text(member) == "true") out.why_not = "it is to be stored upstream";
    else if (name == "\"web_search_options\"" && !is_null(json, member)) out.why_not = "its answer depends on the hour";
    // As in the exact cache: who asks, and labels that no answer depends on.
    if (name == "\"user\"" || name == "\"safety_identifier\"") return !by_user;
    return name == "\"metadata\"" || name == "\"prompt_cache_key\"" || name == "\"prompt_cache_retention\"";
  };
  if (!json.append_object(out.scope, root, leave_out)) {
    out.why_not = "a name given twice";
    return out;
  }
  const Node* last = nullptr;
  for (auto i = messages->first; i != CanonicalJson::none; i = json.at(i).next) {
    if (last) {
      const Node* role = last->kind == Kind::object ? json.find(*last, "\"role\"") : nullptr;
      const std::string_view who = role ? json.text(*role) : std::string_view();
      out.later_turn = out.later_turn || (who != "\"system\"" && who != "\"developer\"");
      out.scope += '\n';
      if (!json.append(out.scope, *last)) out.why_not = "a name given twice";
    }
    last = &json.at(i);
  }
  const Node* text = text_of(json, *last);
  if (!text) {
    if (out.why_not.empty()) out.why_not = "it asks with more than a text";
    return out;
  }
  out.question = decoded(json.text(*text));
  // What else the message says ("name") counts.
  out.scope += '\n';
  const auto is_content = [&](const Node& m) { return json.key(m) == "\"content\"" && ++contents > 0; };
  if (!json.append_object(out.scope, *last, is_content) || lists > 1 || contents > 1)
    out.why_not = "a name given twice";
  return out;
}

}  // namespace wattline::serve
