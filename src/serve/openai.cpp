#include "serve/openai.h"

#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

#include "kernel/json.h"

namespace wattline::serve {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t max_model_name = 256;
constexpr std::size_t max_depth = 128;
// simdjson keeps some fourteen bytes for each byte it has parsed: a big body gets a parser of its own.
constexpr std::size_t kept_parser_limit = std::size_t{256} << 10;

ApiError not_json(simdjson::error_code e) {
  if (e == simdjson::UTF8_ERROR) return invalid_request("the body is not valid UTF-8");
  if (e == simdjson::MEMALLOC) return {503, "not enough memory to read the body", "server_error"};
  return invalid_request(fmt::format("the body is not valid JSON: {}", simdjson::error_message(e)));
}

ApiError wrong(std::string_view member, std::string_view wanted) {
  return invalid_request(fmt::format("'{}' must be {}", member, wanted), std::string(member));
}

ApiError twice(std::string_view member) {
  return invalid_request(fmt::format("'{}' is given twice", member), std::string(member));
}

// true/false; null reads as false. Anything else: no value.
std::optional<bool> flag_of(dom::element v) {
  if (v.is_null()) return false;
  bool b = false;
  if (v.get_bool().get(b)) return std::nullopt;
  return b;
}

std::optional<ApiError> read_stream_options(dom::element value, ChatRequest& out) {
  if (value.is_null()) return std::nullopt;
  dom::object options;
  if (value.get_object().get(options)) return wrong("stream_options", "an object");
  for (auto [key, flag] : options) {
    if (key != "include_usage") continue;
    if (std::exchange(out.has_include_usage, true)) return twice("include_usage");
    const auto b = flag_of(flag);
    if (!b) return wrong("stream_options.include_usage", "true or false");
    out.include_usage = *b;
  }
  return std::nullopt;
}

// What is asked, by endpoint.
constexpr std::string_view subject_of(Endpoint e) {
  if (e == Endpoint::completions) return "prompt";
  return e == Endpoint::embeddings || e == Endpoint::responses ? "input" : "messages";
}

std::variant<ChatRequest, ApiError> read_root(dom::object root, std::string_view body, Endpoint endpoint) {
  const std::string_view subject = subject_of(endpoint);
  ChatRequest out;
  bool has_model = false, has_subject = false, has_stream = false;
  for (auto [key, value] : root) {
    if (key == "model") {
      if (std::exchange(has_model, true)) return twice(key);
      std::string_view name;
      if (value.get_string().get(name)) return wrong(key, "a string");
      if (name.empty() || name.size() > max_model_name)
        return wrong(key, fmt::format("a name of 1 to {} bytes", max_model_name));
      out.model = name;
    } else if (key == "stream") {
      if (std::exchange(has_stream, true)) return twice(key);
      const auto b = flag_of(value);
      if (!b) return wrong(key, "true or false");
      out.stream = *b;
    } else if (key == "stream_options") {
      if (std::exchange(out.has_stream_options, true)) return twice(key);
      if (auto e = read_stream_options(value, out)) return *e;
    } else if (key == subject) {
      if (std::exchange(has_subject, true)) return twice(key);
      if (subject != "messages") continue;
      dom::array messages;
      if (value.get_array().get(messages)) return wrong(key, "an array");
      if (messages.size() == 0) return wrong(key, "an array of at least one message");
    }
  }
  if (!has_model) return invalid_request("'model' is missing", "model");
  if (!has_subject) return invalid_request(fmt::format("'{}' is missing", subject), std::string(subject));
  // What may have to be replaced in place must be findable in the text.
  if (body.find('\\') != std::string_view::npos) {
    if (!member_span(body, "model")) return wrong("model", "written without escapes");
    if (out.has_stream_options) {
      const auto options = member_span(body, "stream_options");
      if (!options || (out.has_include_usage && !member_span(body, "include_usage", options->begin)))
        return wrong("stream_options", "written without escapes");
    }
  }
  if (!out.stream) out.include_usage = false;
  return out;
}

}  // namespace

struct ChatReader::Impl {
  dom::parser parser;
};

ChatReader::ChatReader() : impl_(std::make_unique<Impl>()) {}
ChatReader::~ChatReader() = default;
ChatReader::ChatReader(ChatReader&&) noexcept = default;

std::variant<ChatRequest, ApiError> ChatReader::read(std::string& body, Endpoint endpoint) {
  if (body.find_first_not_of(" \t\r\n") == std::string::npos)
    return invalid_request("the body is empty; a JSON object with 'model' and '" + std::string(subject_of(endpoint)) +
                           "' is needed");
  if (body.capacity() < body.size() + simdjson::SIMDJSON_PADDING)
    body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  std::optional<dom::parser> own;
  if (body.size() > kept_parser_limit) own.emplace();
  dom::parser& parser = own ? *own : impl_->parser;
  if (parser.max_depth() != max_depth || parser.capacity() < body.size())
    if (auto e = parser.allocate(std::max(body.size(), parser.capacity()), max_depth)) return not_json(e);
  dom::element document;
  if (auto e = parser.parse(body.data(), body.size(), false).get(document)) return not_json(e);
  dom::object root;
  if (document.get_object().get(root)) return invalid_request("the body must be a JSON object");
  return read_root(root, body, endpoint);
}

BodyPieces forward_body(std::string_view body, const ChatRequest& request, std::string_view upstream_model,
                        bool want_usage, InsertedTexts& texts) {
  struct Edit {
    std::size_t at = 0, replaced = 0;
    std::string text;
  };
  std::array<Edit, BodyPieces::most_edits> edits;
  std::size_t count = 0;
  const auto edit = [&](std::size_t at, std::size_t replaced, std::string text) {
    edits[count].at = at;
    edits[count].replaced = replaced;
    edits[count++].text = std::move(text);
  };
  if (upstream_model != request.model) {
    const Span old = member_span(body, "model").value();
    std::string name;
    append_json_string(name, upstream_model);
    edit(old.begin, old.size, std::move(name));
  }
  if (want_usage && request.stream && !request.include_usage) {
    const auto options = request.has_stream_options ? member_span(body, "stream_options") : std::nullopt;
    if (!options) {
      edit(body.find('{') + 1, 0, R"("stream_options":{"include_usage":true},)");
    } else if (body[options->begin] != '{') {
      edit(options->begin, options->size, R"({"include_usage":true})");
    } else if (const auto flag = member_span(body, "include_usage", options->begin)) {
      edit(flag->begin, flag->size, "true");
    } else {
      const bool has_members = options->of(body).find('"') != std::string_view::npos;
      edit(options->begin + 1, 0, has_members ? R"("include_usage":true,)" : R"("include_usage":true)");
    }
  }
  if (count == 2 && edits[1].at < edits[0].at) std::swap(edits[0], edits[1]);
  BodyPieces out;
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    texts[i] = std::move(edits[i].text);
    out.add(body.substr(at, edits[i].at - at));
    out.add(texts[i]);
    at = edits[i].at + edits[i].replaced;
  }
  out.add(body.substr(at));
  return out;
}

namespace {

// "text" of string content or of its parts; parts that are no text are refused by the built-in model.
std::string content_text(const Json& content) {
  if (content.is_null()) return {};
  if (content.is_string()) return content.as_string();
  std::string out;
  for (const Json& part : content.as_array()) {
    const std::string type = part.text_or("type", "text");
    if (type != "text" && type != "input_text")
      throw bad_input(fmt::format("content of type '{}' is not understood by the built-in model; "
                                  "text is allowed",
                                  type),
                      "messages");
    out += part.at("text").as_string();
  }
  return out;
}

void require(bool ok, std::string_view member, std::string_view wanted) {
  if (!ok) throw bad_input(fmt::format("must be {}", wanted), std::string(member));
}

template <class F>
void given(const Json& root, const char* member, F&& use) {
  const Json* value = root.find(member);
  if (!value || value->is_null()) return;
  try {
    use(*value);
  } catch (const Error& e) {
    if (!e.where().empty()) throw;
    throw Error(e.kind(), e.message(), member, e.hint());
  }
}

ChatOptions chat_options(const Json& root) {
  ChatOptions out;
  given(root, "messages", [&](const Json& v) {
    for (const Json& message : v.as_array()) {
      ChatMessage m;
      m.role = message.at("role").as_string();
      if (const Json* content = message.find("content")) m.text = content_text(*content);
      out.messages.push_back(std::move(m));
    }
  });
  for (const char* name : {"max_tokens", "max_completion_tokens"})
    given(root, name, [&](const Json& v) {
      const auto n = v.as_integer();
      require(n >= 1 && n <= 1'000'000, name, "1 to 1000000");
      out.max_tokens = static_cast<int>(n);
    });
  given(root, "temperature", [&](const Json& v) {
    out.temperature = v.as_number();
    require(out.temperature >= 0 && out.temperature <= 2, "temperature", "0 to 2");
  });
  given(root, "top_p", [&](const Json& v) {
    out.top_p = v.as_number();
    require(out.top_p > 0 && out.top_p <= 1, "top_p", "above 0 and at most 1");
  });
  given(root, "seed", [&](const Json& v) { out.seed = static_cast<std::uint64_t>(v.as_integer()); });
  given(root, "stop", [&](const Json& v) {
    if (v.is_string()) {
      out.stop.push_back(v.as_string());
    } else {
      for (const Json& s : v.as_array()) out.stop.push_back(s.as_string());
      require(out.stop.size() <= 4, "stop", "at most 4 sequences");
    }
    std::erase(out.stop, std::string());
  });
  given(root, "n", [&](const Json& v) { require(v.as_integer() == 1, "n", "1 for the built-in model"); });
  given(root, "tools", [&](const Json& v) {
    require(v.as_array().empty(), "tools", "absent for the built-in model, which calls none");
  });
  return out;
}

}  // namespace

std::string_view question_of(const ChatOptions& options) {
  std::string_view question;
  for (const auto& m : options.messages)
    if (m.role == "user") question = m.text;
  return question;
}

std::variant<ChatOptions, ApiError> read_chat_options(std::string_view body) {
  try {
    return chat_options(parse_json(body, {}));
  } catch (const Error& e) {
    return invalid_request(e.where().empty() ? e.message() : fmt::format("'{}': {}", e.where(), e.message()),
                           e.where());
  }
}

}  // namespace wattline::serve
