// The bytes of a connection, as a request and as an upstream's response: given at once and byte by byte
// they must be the same message, with every view inside the text that is kept.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "serve/http_parser.h"
#include "serve/last_chunk.h"

namespace {

using namespace wattline::serve;
namespace beast = boost::beast;

constexpr std::size_t most_header = 8192, most_body = 65536;

// Feeds `bytes` in pieces of `step`, keeping what the parser has not taken, as the connection's buffer does.
template <class Parser>
bool feed(Parser& parser, std::string_view bytes, std::size_t step) {
  parser.header_limit(most_header);
  parser.body_limit(most_body);
  std::string waiting;
  for (std::size_t at = 0; at < bytes.size() && !parser.is_done();) {
    const std::string_view piece = bytes.substr(at, step);
    at += piece.size();
    const std::size_t kept = waiting.size();
    waiting += piece;
    if (too_short_for_last_chunk(parser.header_done, kept, waiting.size())) continue;
    while (!waiting.empty() && !parser.is_done()) {
      beast::error_code failed;
      const std::size_t taken = parser.put(boost::asio::buffer(waiting), failed);
      if (taken > waiting.size()) std::abort();
      waiting.erase(0, taken);
      if (failed == http::error::need_more) break;
      if (failed) return false;
      if (taken == 0) break;
    }
  }
  return parser.is_done();
}

std::string request(std::string_view bytes, std::size_t step) {
  HeaderText header;
  std::string body;
  RequestParser parser(header, body);
  if (!feed(parser, bytes, step)) return "no";
  if (body.size() > most_body || header.text.size() > most_header) std::abort();
  std::string out(parser.method());
  for (const auto part : {parser.target(), parser.host(), parser.origin(), parser.authorization()})
    (out += '\x1f') += part;
  parser.for_each_field([&](std::string_view name, std::string_view value) { ((out += name) += ':') += value; });
  return out + '\x1f' + body + (parser.two_hosts ? "2" : "1") + (parser.expects_continue ? "e" : "-");
}

std::string response(std::string_view bytes, std::size_t step) {
  std::string body;
  ResponseParser parser(body);
  if (!feed(parser, bytes, step)) return "no";
  if (body.size() > most_body) std::abort();
  return std::to_string(parser.status) + std::string(parser.content_type()) + '\x1f' + parser.retry_after + '\x1f' +
         body + (parser.encoded ? "e" : "-");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (request(bytes, size + 1) != request(bytes, 1)) std::abort();
  if (response(bytes, size + 1) != response(bytes, 1)) std::abort();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "POST /v1/chat/completions HTTP/1.1\r\nHost: a:1\r\nContent-Length: 5\r\nAuthorization: Bearer k\r\n\r\n{\"a\"}",
      "POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nOrigin: http://x\r\nTransfer-Encoding: chunked\r\nExpect: "
      "100-continue\r\n\r\n"
      "3;x=y\r\nabc\r\n0\r\nTrailer: t\r\n\r\n",
      "GET /a?b HTTP/1.0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndata\r\n0\r\n\r\n"};
}
