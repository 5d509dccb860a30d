// Reading a body member by member, for the translators of dialects: each reader refuses what is of the
// wrong kind with the path of the member ("messages[2].content[0].type").
//
// A refusal unwinds to the translator's own door, translated(), which makes it a value.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kernel/json.h"
#include "serve/api_error.h"
#include "serve/json_text.h"

namespace wattline::serve {

struct Refusal {
  ApiError error;
};
[[noreturn]] void refuse(std::string_view member, std::string_view message);
// "'x' cannot be told to ...": understood, but the other side has no word for it.
[[noreturn]] void untranslatable(std::string_view member, std::string_view why);

// What `work` returns, or the refusal it met.
template <class R, class F>
std::variant<R, ApiError> translated(F&& work) {
  try {
    return work();
  } catch (Refusal& r) {
    return std::move(r.error);
  }
}

std::string at(std::string_view path, std::string_view member);  // "path.member"
std::string at(std::string_view path, std::size_t index);  // "path[index]"

// Of an object: no member twice.
std::vector<JsonText::Member> members_of(JsonText, std::string_view path);
std::vector<JsonText> elements_of(JsonText, std::string_view path);
std::string string_of(JsonText, std::string_view path);
bool flag_of(JsonText, std::string_view path);
std::int64_t integer_of(JsonText, std::string_view path, std::int64_t low, std::int64_t high);
// Of members that were read: a big object is gone through once.
JsonText find_in(const std::vector<JsonText::Member>&, std::string_view key);
// The member of an object that must be there as a string, as it is written.
JsonText quoted_in(JsonText object, std::string_view member, std::string_view path);
// The same, decoded.
std::string string_in(JsonText object, std::string_view member, std::string_view path);

// A text as a JSON string.
inline std::string in_quotes(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}
// A member as it is written; nothing when it is absent or null.
inline void carry(JsonWriter& w, std::string_view key, JsonText value) {
  if (!value.none()) w.key(key).raw(value.raw());
}

// The arguments of a tool call as the text of a JSON object: models sometimes write something else, which
// then becomes {"arguments":"..."}, so that who called the tool sees it instead of a broken reply.
std::string arguments_object(std::string_view text);

}  // namespace wattline::serve
