// A request on its way to a model, taken apart as far as plugins may change it: texts of messages, members beside them,
// headers. Whoever makes it (the gateway from a body, `serve explain` from a prompt) writes only what was changed back
// into the place it came from; the rest of the body stays byte for byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/request.h"

namespace wattline::policy {

struct DraftText {
  std::string text;  // decoded
  // content: what somebody said. arguments: of a tool call, itself the text of a JSON object. label: who asks, in a
  // member beside the messages.
  enum class Kind { content, arguments, label } kind = Kind::content;
  bool changed = false;

  void set(std::string now) {
    changed = changed || now != text;
    text = std::move(now);
  }
};

struct DraftMessage {
  Role role = Role::user;
  std::vector<DraftText> texts;  // in the order of the message
  bool calls_tools = false;  // of an assistant; a tool's result has the role `tool`
  std::vector<std::string> called;  // names of these tools
  bool is_error = false;  // of a tool's result
  std::uint32_t images = 0;
  bool added = false, dropped = false;

  bool is_instruction() const { return role == Role::system || role == Role::developer; }
};

// A member of the request beside its messages, as JSON.
struct DraftMember {
  std::string name, value;
  enum class State { kept, changed, dropped, added } state = State::kept;
};

struct Draft {
  std::vector<DraftMessage> messages;
  std::vector<DraftText> labels;  // who asks: "user", "safety_identifier"
  std::vector<DraftMember> members;  // but for messages and labels
  // Headers of the request to the upstream: set, or taken out.
  struct Header {
    std::string name, value;
    bool taken_out = false;
  };
  std::vector<Header> headers;

  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  // The last message of the user that is still there.
  std::size_t last_user() const;
  // What the user asks: the text of that message, its parts joined by line ends.
  std::string query() const;
  // Bytes of all texts.
  std::size_t text_bytes() const;
};

// Tokens of so many bytes of text (wrp-router, section 5): 4 bytes each, rounded up.
constexpr std::size_t tokens_of_bytes(std::size_t bytes) { return (bytes + 3) / 4; }

}  // namespace wattline::policy
