// Questions that come in another dialect than chat completions, and the counting of their tokens.
#include <array>

#include <fmt/format.h>

#include "serve/dialect_messages.h"
#include "serve/json_text.h"
#include "serve/pool.h"
#include "serve/session.h"

namespace wattline::serve {
namespace {

constexpr std::size_t bytes_per_token = 4;

// Of all that a model would read as text: images and files are not.
std::size_t text_bytes(std::string_view chat) {
  const JsonText body(chat);
  std::size_t bytes = body["tools"].raw().size();
  for (const auto& message : body["messages"].elements()) {
    const JsonText content = message["content"];
    if (content.is_string()) bytes += content.raw().size() - 2;
    for (const auto& part : content.elements()) bytes += part["text"].text().size();
    bytes += message["tool_calls"].raw().size();
  }
  return bytes;
}

std::string estimated_count(std::string_view chat) {
  return fmt::format(
      "{{\"input_tokens\":{},\"wattline\":{{\"method\":\"modelled\",\"sources\":[\"{} bytes of text a token\"]}}}}",
      (text_bytes(chat) + bytes_per_token - 1) / bytes_per_token, bytes_per_token);
}

// Where tokens can be asked for: the first upstream of the model that speaks messages.
const ServedModel* counter_of(const ServedModel& model) {
  if (model.builtin || !model.endpoints.has(Endpoint::messages)) return nullptr;
  if (!model.pool) return model.upstream->drained ? nullptr : &model;
  for (const auto& m : model.pool->members())
    if (m->upstream.config.endpoints.has(Endpoint::messages) && !m->upstream.drained && m->upstream.health.up())
      return &m->model;
  return nullptr;
}

}  // namespace

std::variant<ChatRequest, ApiError> Session::read_asked() {
  Asked& asked = *asked_;
  auto own = thread_.chat_reader.read(body_, asked.endpoint);
  if (std::holds_alternative<ApiError>(own)) return own;
  asked.request = std::get<ChatRequest>(std::move(own));
  const bool tells_usage = asked.endpoint == Endpoint::messages || asked.endpoint == Endpoint::responses;
  if (tells_usage) asked.request.include_usage = asked.request.stream;
  const ServedModel* model = gateway_.find(asked.request.model);
  // A virtual model routes, and its plugins change, the canonical form.
  const bool routed = !model && gateway_.router(asked.request.model);
  if (!model && !routed) return asked.request;
  if (routed && !asked.dialect)
    return invalid_request("the virtual model '" + asked.request.model + "' answers questions; it makes no embeddings",
                           "model", "endpoint_not_served");
  if (model && model->builtin && !asked.dialect)
    return invalid_request(
        fmt::format("the built-in model '{}' answers questions; it makes no embeddings", asked.request.model), "model",
        "endpoint_not_served");
  if (asked.endpoint == Endpoint::messages)
    parser_->for_each_field([&](std::string_view name, std::string_view value) {
      if (boost::beast::iequals(name, "anthropic-beta")) asked.headers += fmt::format("anthropic-beta: {}\r\n", value);
    });
  const bool own_shape_only = model && !model->builtin && !tells_usage;
  if (own_shape_only) {
    asked.no_chat = ApiError{};
  } else {
    auto call = asked.dialect->read(body_);
    if (auto* e = std::get_if<ApiError>(&call)) {
      if (routed || model->builtin || !model->endpoints.has(asked.endpoint)) return std::move(*e);
      asked.no_chat = std::move(*e);
    } else {
      asked.call = std::get<ClientCall>(std::move(call));
      asked.body = std::exchange(body_, std::move(asked.call.chat));
      return thread_.chat_reader.read(body_);
    }
  }
  asked.body = body_;
  return asked.request;
}

Awaitable<void> Session::count_tokens() {
  if (parser_->method() != "POST")
    co_return co_await send_error(
        api_error(405, "POST is allowed here", "invalid_request_error", {}, "method_not_allowed"), "allow: POST\r\n");
  const auto own = thread_.chat_reader.read(body_, Endpoint::messages);
  if (const auto* e = std::get_if<ApiError>(&own)) co_return co_await send_error(*e);
  const auto& request = std::get<ChatRequest>(own);
  const ServedModel* model = gateway_.find(request.model);
  if (!model || (access_ && !gateway_.governor()->may_use(access_, model->id)))
    co_return co_await send_error(no_model(request.model));
  HttpReply reply;
  if (const ServedModel* there = counter_of(*model)) {
    const Upstream& upstream = *there->upstream;
    UpstreamExchange exchange(thread_.pools[upstream.index], upstream, thread_.buffers);
    InsertedTexts texts;
    const BodyPieces body = forward_body(body_, request, there->upstream_name, false, texts);
    auto failed = co_await exchange.begin(upstream.count_head, body.pieces(), body.size);
    while (!failed && !exchange.done()) failed = co_await exchange.read_more();
    if (failed) co_return co_await send_error(*failed);
    if (exchange.status() == 401 || exchange.status() == 403)
      co_return co_await send_error(upstream_error(
          502,
          fmt::format("upstream '{}' refuses the gateway's key (status {})", upstream.config.name, exchange.status()),
          "upstream_auth"));
    reply.status = exchange.status();
    reply.body = exchange.body();
    // Servers that speak messages do not all count; then it is estimated here.
    if (reply.status != 404) co_return co_await send_reply(reply);
    reply.status = 200;
  }
  auto call = messages_to_chat(body_, true);
  if (const auto* e = std::get_if<ApiError>(&call)) co_return co_await send_error(*e);
  const std::string& chat = std::get<ClientCall>(call).chat;
  if (!model->builtin) {
    reply.body = estimated_count(chat);
    co_return co_await send_reply(reply);
  }
  const auto options = read_chat_options(chat);
  if (const auto* e = std::get_if<ApiError>(&options)) co_return co_await send_error(*e);
  reply.body =
      fmt::format("{{\"input_tokens\":{}}}",
                  model->builtin->tokenizer().encode_prompt(question_of(std::get<ChatOptions>(options))).size());
  co_await send_reply(reply);
}

}  // namespace wattline::serve
