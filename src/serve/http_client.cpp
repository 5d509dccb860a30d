#include "serve/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

struct Address {
  std::string host, port, target;
};

Address read_address(const std::string& url) {
  const auto refuse = [&](const char* why) {
    return bad_input(fmt::format("'{}' {}", url.substr(0, 200), why), {}, "write for example http://127.0.0.1:8080");
  };
  if (url.starts_with("https://")) throw refuse("is https; this client speaks plain http to local servers");
  if (!url.starts_with("http://")) throw refuse("is no http address");
  const std::string rest = url.substr(7);
  const auto slash = rest.find('/');
  std::string authority = rest.substr(0, slash);
  Address a{authority, "80", slash == std::string::npos ? "/" : rest.substr(slash)};
  const auto colon = authority.rfind(':');
  if (colon != std::string::npos && authority.find(']', colon) == std::string::npos) {
    a.host = authority.substr(0, colon);
    a.port = authority.substr(colon + 1);
  }
  if (a.host.starts_with('[') && a.host.ends_with(']')) a.host = a.host.substr(1, a.host.size() - 2);
  if (a.host.empty() || a.port.empty() || a.port.find_first_not_of("0123456789") != std::string::npos)
    throw refuse("has no host or no port number");
  if (url.find_first_of("\r\n \t") != std::string::npos) throw refuse("holds spaces or line breaks");
  return a;
}

}  // namespace

ClientReply http_request(std::string_view method, const std::string& url, const std::string& body, Duration timeout) {
  const Address address = read_address(url);
  asio::io_context io;
  asio::ip::tcp::resolver resolver(io);
  beast::tcp_stream stream(io);
  beast::flat_buffer buffer;
  http::request<http::string_body> request;
  http::response_parser<http::string_body> parser;
  parser.body_limit(64u << 20);
  beast::error_code failed;
  const char* stage = "resolve";

  // Asynchronous steps run to their end one by one: only they obey the stream's deadline.
  const auto done = [&](beast::error_code ec, auto&&...) { failed = ec; };
  const auto step = [&](const char* name, auto&& start) {
    if (failed) return;
    stage = name;
    start();
    io.restart();
    io.run();
  };
  const auto endpoints = resolver.resolve(address.host, address.port, failed);
  stream.expires_after(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(timeout.base())));
  step("connect", [&] { stream.async_connect(endpoints, done); });
  request.method_string(method);
  request.target(address.target);
  request.set(http::field::host, address.host + ":" + address.port);
  request.set(http::field::user_agent, "wattline");
  if (!body.empty()) request.set(http::field::content_type, "application/json");
  request.body() = body;
  request.prepare_payload();
  step("send", [&] { http::async_write(stream, request, done); });
  step("read", [&] { http::async_read(stream, buffer, parser, done); });
  if (failed)
    throw world_error(
        fmt::format("cannot {}: {}", stage, failed.message()), url,
        std::string_view(stage) == "connect" ? "is the server running? `wattline serve` starts ours" : "");
  beast::error_code ignored;
  stream.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  return {static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
}

}  // namespace wattline::serve
