#include "serve/plugins/json_edits.h"

#include <algorithm>

#include "kernel/json.h"
#include "serve/json_text.h"

namespace wattline::serve {

std::string JsonEdits::apply(std::string_view text) {
  // What is put in at a place comes before what is replaced there.
  std::stable_sort(all_.begin(), all_.end(), [](const Edit& x, const Edit& y) {
    return x.at.begin != y.at.begin ? x.at.begin < y.at.begin : x.at.empty() && !y.at.empty();
  });
  std::string out;
  std::size_t size = text.size(), from = 0;
  for (const auto& e : all_) size += e.text.size();
  out.reserve(size);
  for (const auto& e : all_) {
    if (e.at.begin < from) continue;
    out.append(text.substr(from, e.at.begin - from)).append(e.text);
    from = e.at.begin + e.at.size;
  }
  return out.append(text.substr(from));
}

std::vector<RawMember> raw_members(std::string_view object) {
  std::vector<RawMember> out;
  if (!object.starts_with('{')) return out;
  std::size_t at = skip_json_space(object, 1);
  while (at < object.size() && object[at] == '"') {
    const std::size_t begin = at, key_end = skip_json_value(object, at);
    at = skip_json_space(object, key_end);
    if (at >= object.size() || object[at] != ':') break;
    const std::size_t value = skip_json_space(object, at + 1);
    const std::size_t end = skip_json_value(object, value);
    out.push_back({JsonText(object.substr(begin, key_end - begin)).text(), object.substr(begin, end - begin),
                   object.substr(value, end - value)});
    at = skip_json_space(object, end);
    if (at >= object.size() || object[at] != ',') break;
    at = skip_json_space(object, at + 1);
  }
  return out;
}

std::string json_quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace wattline::serve
