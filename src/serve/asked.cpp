#include "serve/asked.h"

#include <fmt/format.h>

namespace wattline::serve {

const ClientDialect* dialect_of(Endpoint e) {
  switch (e) {
    case Endpoint::completions: return &completions_dialect();
    case Endpoint::responses: return &responses_dialect();
    case Endpoint::messages: return &messages_dialect();
    default: return nullptr;
  }
}

std::optional<Carriage> carriage_of(const Asked* asked, Endpoints served) {
  const Endpoint endpoint = asked ? asked->endpoint : Endpoint::chat;
  if (served.has(endpoint) && !(asked && asked->rewritten)) return Carriage{endpoint, true, nullptr};
  if (asked && asked->no_chat) return std::nullopt;
  if (served.has(Endpoint::chat)) return Carriage{Endpoint::chat, false, nullptr};
  if (served.has(Endpoint::messages)) return Carriage{Endpoint::messages, false, &anthropic_upstream()};
  return std::nullopt;
}

std::string with_completion_limit(std::string_view chat) {
  constexpr std::string_view written = "\"max_tokens\":";
  const auto value = member_span(chat, "max_tokens");
  if (!value || value->begin < written.size()) return {};
  const std::size_t at = value->begin - written.size();
  if (chat.substr(at, written.size()) != written) return {};
  return std::string(chat.substr(0, at)) + "\"max_completion_tokens\":" + std::string(chat.substr(value->begin));
}

ApiError cannot_carry(const Asked* asked, const std::string& model, Endpoints served) {
  const Endpoint endpoint = asked ? asked->endpoint : Endpoint::chat;
  if (asked && asked->no_chat && !asked->no_chat->message.empty()) return *asked->no_chat;
  std::string names;
  for (const auto& e : endpoint_names)
    if (served.has(static_cast<Endpoint>(&e - endpoint_names.data())))
      names += (names.empty() ? "/v1" : ", /v1") + std::string(e.path);
  return invalid_request(
      fmt::format("the model '{}' is not served at /v1{}; it is at {}", model, path_of(endpoint), names), "model",
      "endpoint_not_served");
}

}  // namespace wattline::serve
