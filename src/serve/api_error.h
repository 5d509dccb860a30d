// What goes wrong on the request path, as a value, in OpenAI's shape:
// {"error":{"message":...,"type":...,"param":...,"code":...}}.
#pragma once

#include <string>

#include "kernel/error.h"
#include "serve/routes.h"

namespace wattline::serve {

struct ApiError {
  int status = 500;
  std::string message;
  std::string type = "server_error";  // OpenAI's: invalid_request_error, rate_limit_error ...
  std::string param;  // the request member at fault, "" for null
  std::string code;  // "model_not_found", "" for null
  int retry_after_s = 0;  // > 0: sent as the header
};

// g++ 12 destroys an aggregate that is made inside a co_await expression twice; what functions return
// it does not.
ApiError api_error(int status, std::string message, std::string type, std::string param = {}, std::string code = {},
                   int retry_after_s = 0);
ApiError invalid_request(std::string message, std::string param = {}, std::string code = {});
ApiError upstream_error(int status, std::string message, std::string code);

std::string to_json(const ApiError&);
HttpReply to_reply(const ApiError&);
// How an Error of a capability or route reads over HTTP.
ApiError from_error(const Error&);

}  // namespace wattline::serve
