#include "serve/route/request_reader.h"

#include <deque>
#include <limits>
#include <optional>
#include <vector>

#include <simdjson.h>

namespace wattline::serve {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kept_parser_limit = std::size_t{256} << 10;

std::uint32_t size_of(dom::element e) {
  const std::string text = simdjson::minify(e);
  return static_cast<std::uint32_t>(std::min<std::size_t>(text.size(), std::numeric_limits<std::uint32_t>::max()));
}

std::string_view text_of(dom::object o, const char* key) {
  std::string_view text;
  return o[key].get_string().get(text) ? std::string_view() : text;
}

policy::Role role_of(std::string_view role) {
  using policy::Role;
  if (role == "user") return Role::user;
  if (role == "assistant") return Role::assistant;
  if (role == "system") return Role::system;
  if (role == "developer") return Role::developer;
  if (role == "tool" || role == "function") return Role::tool;
  return Role::other;
}

}  // namespace

struct RequestReader::Impl {
  dom::parser parser;
  std::optional<dom::parser> big;  // of the last body, where that was long
  std::vector<policy::Message> messages;
  std::vector<policy::Tool> tools;
  std::vector<policy::Property> metadata;
  std::deque<std::string> joined;  // texts in several parts
  std::string_view user;

  policy::Message message(dom::object m) {
    policy::Message out;
    out.role = role_of(text_of(m, "role"));
    dom::element content;
    if (!m["content"].get(content)) {
      std::string_view text;
      dom::array parts;
      if (!content.get_string().get(text)) out.text = text;
      else if (!content.get_array().get(parts)) join(parts, out);
    }
    dom::array calls;
    if (!m["tool_calls"].get_array().get(calls))
      for (auto call : calls) {
        ++out.tool_calls;
        out.structured_bytes += size_of(call);
      }
    if (out.role == policy::Role::tool) {
      out.structured_bytes += static_cast<std::uint32_t>(out.text.size());
      bool error = false;
      if (!m["is_error"].get_bool().get(error)) out.is_error = error;
    }
    return out;
  }

  void join(dom::array parts, policy::Message& out) {
    std::string* text = nullptr;
    for (auto part : parts) {
      dom::object p;
      if (part.get_object().get(p)) continue;
      const std::string_view type = text_of(p, "type");
      if (type == "image_url" || type == "image" || type == "input_image") ++out.images;
      const std::string_view piece = text_of(p, "text");
      if (piece.empty()) continue;
      if (out.text.empty()) {
        out.text = piece;
        continue;
      }
      if (!text) text = &joined.emplace_back(out.text);
      text->append("\n").append(piece);
      out.text = *text;
    }
  }
};

RequestReader::RequestReader() : impl_(std::make_unique<Impl>()) {}
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;

std::string_view RequestReader::user() const { return impl_->user; }

bool RequestReader::read(std::string& body, policy::RequestView& out) {
  Impl& own = *impl_;
  own.messages.clear();
  own.tools.clear();
  own.metadata.clear();
  own.joined.clear();
  own.user = {};
  own.big.reset();
  if (body.capacity() < body.size() + simdjson::SIMDJSON_PADDING)
    body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  dom::parser& parser = body.size() > kept_parser_limit ? own.big.emplace() : own.parser;
  dom::object root;
  if (parser.parse(body.data(), body.size(), false).get_object().get(root)) return false;

  out.model = text_of(root, "model");
  dom::array list;
  if (!root["messages"].get_array().get(list))
    for (auto item : list)
      if (dom::object m; !item.get_object().get(m)) own.messages.push_back(own.message(m));
  if (!root["tools"].get_array().get(list))
    for (auto item : list) {
      dom::object tool, function;
      if (item.get_object().get(tool)) continue;
      const auto named = tool["function"].get_object().get(function) ? tool : function;
      own.tools.push_back({text_of(named, "name"), text_of(named, "description"), size_of(item)});
    }
  dom::object metadata;
  if (!root["metadata"].get_object().get(metadata))
    for (auto [key, value] : metadata)
      if (std::string_view text; !value.get_string().get(text)) own.metadata.push_back({key, text});
  for (const char* key : {"max_completion_tokens", "max_tokens"})
    if (std::int64_t n = 0; !out.max_output_tokens && !root[key].get_int64().get(n)) out.max_output_tokens = n;
  bool stream = false;
  out.stream = !root["stream"].get_bool().get(stream) && stream;
  own.user = text_of(root, "safety_identifier");
  if (own.user.empty()) own.user = text_of(root, "user");
  out.previous_response = text_of(root, "previous_response_id");
  out.messages = own.messages;
  out.tools = own.tools;
  out.metadata = own.metadata;
  return true;
}

}  // namespace wattline::serve
