// A question that did not come as a chat completion: as it was asked, and how it is carried to an upstream.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "serve/dialect.h"
#include "serve/endpoint.h"
#include "serve/openai.h"

namespace wattline::serve {

struct Asked {
  Endpoint endpoint = Endpoint::chat;
  const ClientDialect* dialect = nullptr;  // that tells replies; null where they are told as they come
  std::string body;  // as the client wrote it
  ChatRequest request;  // read from it
  std::string headers;  // of the client, for an upstream of the same dialect; each ended by CR LF
  ClientCall call;  // the canonical form; its chat is moved to where questions lie
  // Set where there is no canonical form: only an upstream that serves the same endpoint can be asked, and
  // this is why others cannot.
  std::optional<ApiError> no_chat;
  // The canonical form was changed (plugins): what the client wrote must not be sent any more, nor its reply be handed
  // on in the client's shape.
  bool rewritten = false;
};

// The dialect of an endpoint, null of chat and embeddings.
const ClientDialect* dialect_of(Endpoint);

// How a question is carried to an upstream.
struct Carriage {
  Endpoint wire = Endpoint::chat;  // what is said to the upstream
  bool as_asked = true;  // in the client's own shape, and so is the reply
  const UpstreamDialect* dialect = nullptr;  // that makes of a chat completion what is said
};
// Nothing when an upstream that serves `served` cannot be asked. `asked` is null of chat completions.
std::optional<Carriage> carriage_of(const Asked* asked, Endpoints served);
// A canonical body, as a dialect has written it, with max_completion_tokens for max_tokens; "" when there is none.
std::string with_completion_limit(std::string_view chat);
// Why not.
ApiError cannot_carry(const Asked* asked, const std::string& model, Endpoints served);

}  // namespace wattline::serve
