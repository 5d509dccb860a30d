// How a batch of spans travels: one HTTP/1.1 exchange on a connection of its own, plain or over TLS.
#include <algorithm>
#include <cstdlib>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "kernel/error.h"
#include "serve/otlp_exporter.h"

namespace wattline::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

std::shared_ptr<asio::ssl::context> tls_context(const TracingConfig& c) {
  if (!c.url.tls) return nullptr;
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  beast::error_code ec;
  context->set_options(
      asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, ec);
  if (c.ca_file.empty()) context->set_default_verify_paths(ec);
  else context->load_verify_file(c.ca_file, ec);
  if (ec)
    throw world_error(fmt::format("cannot read the certificates for tracing: {}", ec.message()),
                      c.ca_file.empty() ? "tracing" : c.ca_file,
                      c.ca_file.empty() ? "install ca-certificates" : "ca_file is a PEM file");
  context->set_verify_mode(asio::ssl::verify_peer, ec);
  return context;
}

http::request<http::string_body> request_of(const TracingConfig& c, const std::string& body) {
  http::request<http::string_body> request(http::verb::post, c.url.path.empty() ? "/v1/traces" : c.url.path, 11);
  request.set(http::field::host, c.url.authority);
  request.set(http::field::user_agent, "wattline");
  request.set(http::field::content_type, "application/json");
  request.set(http::field::connection, "close");
  for (const auto& [name, value] : c.headers) request.set(name, value.reveal());
  request.body() = body;
  request.prepare_payload();
  return request;
}

PostReply exchange(const TracingConfig& c, asio::ssl::context* tls, const std::string& body, Duration timeout) {
  PostReply out;
  asio::io_context io;
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(1u << 20);
  beast::error_code failed;
  const char* stage = "find";
  const auto done = [&](beast::error_code ec, auto&&...) { failed = ec; };
  const auto step = [&](const char* name, auto&& start) {
    if (failed) return;
    stage = name;
    start();
    io.restart();
    io.run();
  };
  asio::ip::tcp::resolver resolver(io);
  const auto endpoints = resolver.resolve(c.url.host, std::to_string(c.url.port), failed);
  const auto request = request_of(c, body);
  const auto talk = [&](auto& stream) {
    step("send to", [&] { http::async_write(stream, request, done); });
    step("read from", [&] { http::async_read(stream, buffer, parser, done); });
  };
  beast::tcp_stream plain(io);
  plain.expires_after(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(timeout.base())));
  step("reach", [&] { plain.async_connect(endpoints, done); });
  if (tls) {
    asio::ssl::stream<beast::tcp_stream&> secure(plain, *tls);
    secure.set_verify_callback(asio::ssl::host_name_verification(c.url.host), failed);
    SSL_set_tlsext_host_name(secure.native_handle(), c.url.host.c_str());
    step("greet", [&] { secure.async_handshake(asio::ssl::stream_base::client, done); });
    talk(secure);
  } else {
    talk(plain);
  }
  if (parser.is_header_done()) {
    out.status = static_cast<int>(parser.get().result_int());
    const auto after = parser.get()[http::field::retry_after];
    out.retry_after_s = std::clamp(std::atoi(std::string(after).c_str()), 0, 3600);
  } else {
    out.error = fmt::format("cannot {} it: {}", stage, failed.message());
  }
  return out;
}

}  // namespace

Post post_to(const TracingConfig& config) {
  return [config, tls = tls_context(config)](const std::string& body, Duration timeout) {
    return exchange(config, tls.get(), body, timeout);
  };
}

}  // namespace wattline::serve
