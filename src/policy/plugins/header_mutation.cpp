#include "policy/plugins/header_mutation.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace wattline::policy {
namespace {

// Of the gateway itself: what frames the message, and its key.
constexpr std::string_view own[] = {"host",
                                    "content-length",
                                    "transfer-encoding",
                                    "connection",
                                    "content-type",
                                    "authorization",
                                    "x-api-key",
                                    "api-key",
                                    "te",
                                    "trailer",
                                    "upgrade",
                                    "expect",
                                    "accept",
                                    "accept-encoding",
                                    "content-encoding",
                                    "keep-alive",
                                    "proxy-authorization",
                                    "proxy-connection"};
constexpr std::size_t longest_value = 4096;

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

}  // namespace

bool is_header_name(std::string_view s) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !s.empty() && s.size() <= 128 && std::all_of(s.begin(), s.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view s) {
  return s.size() <= longest_value && std::all_of(s.begin(), s.end(), [](char c) {
           const auto u = static_cast<unsigned char>(c);
           return u == '\t' || (u >= ' ' && u != 0x7f);
         });
}

HeaderMutation HeaderMutation::read(Settings& s) {
  HeaderMutation h;
  const auto check = [&](const std::string& name) {
    if (!is_header_name(name)) {
      s.fault("bad-header", fmt::format("'{}' is no name of a header", name), "letters, digits and - _ . of RFC 9110");
      return false;
    }
    if (std::ranges::find(own, lower(name)) != std::end(own)) {
      s.fault("own-header", fmt::format("the header '{}' is the gateway's own", name),
              "leave it out; an upstream's key is set with api_key_env");
      return false;
    }
    return true;
  };
  for (const char* key : {"add", "update"})
    for (auto& pair : s.blocks(key)) {
      const std::string name = pair.text("name"), value = pair.text("value");
      pair.finish();
      if (!check(name)) continue;
      if (!is_header_value(value)) {
        s.fault("bad-header", fmt::format("the value of the header '{}' holds control characters or is too long", name),
                fmt::format("one line of at most {} bytes", longest_value));
        continue;
      }
      h.set.emplace_back(lower(name), value);
    }
  for (const auto& name : s.texts("delete"))
    if (check(name)) h.taken_out.push_back(lower(name));
  return h;
}

std::string HeaderMutation::apply(Draft& d) const {
  std::vector<std::string> names;
  for (const auto& name : taken_out) {
    d.headers.push_back({name, {}, true});
    names.push_back("-" + name);
  }
  for (const auto& [name, value] : set) {
    d.headers.push_back({name, value, false});
    names.push_back(name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace wattline::policy
