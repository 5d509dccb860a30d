#include "serve/api_error.h"

#include "kernel/json.h"

namespace wattline::serve {

ApiError api_error(int status, std::string message, std::string type, std::string param, std::string code,
                   int retry_after_s) {
  return {status, std::move(message), std::move(type), std::move(param), std::move(code), retry_after_s};
}

ApiError invalid_request(std::string message, std::string param, std::string code) {
  return {400, std::move(message), "invalid_request_error", std::move(param), std::move(code)};
}

ApiError upstream_error(int status, std::string message, std::string code) {
  return {status, std::move(message), "upstream_error", {}, std::move(code)};
}

std::string to_json(const ApiError& e) {
  JsonWriter w;
  w.begin_object().key("error").begin_object();
  w.member("message", e.message).member("type", e.type);
  w.key("param");
  e.param.empty() ? w.null() : w.value(e.param);
  w.key("code");
  e.code.empty() ? w.null() : w.value(e.code);
  w.end_object().end_object();
  return w.take();
}

HttpReply to_reply(const ApiError& e) {
  HttpReply reply;
  reply.status = e.status;
  reply.body = to_json(e);
  if (e.retry_after_s > 0) reply.headers.emplace_back("Retry-After", std::to_string(e.retry_after_s));
  return reply;
}

ApiError from_error(const Error& e) {
  switch (e.kind()) {
    case ErrorKind::bad_input: return {400, e.what(), "invalid_request_error"};
    case ErrorKind::not_found: return {404, e.what(), "invalid_request_error", {}, "not_found"};
    case ErrorKind::denied: return {403, e.what(), "permission_error"};
    case ErrorKind::world: return {503, e.what(), "server_error"};
    case ErrorKind::unsupported: return {501, e.what(), "server_error", {}, "unsupported"};
    case ErrorKind::cancelled: return {503, e.what(), "server_error", {}, "cancelled"};
  }
  return {500, e.what(), "server_error"};
}

}  // namespace wattline::serve
