// How a session writes: at once where the kernel takes it, waiting only where it does not.
#include <algorithm>
#include <array>
#include <charconv>

#include <boost/container/static_vector.hpp>
#include <fmt/format.h>

#include "serve/session.h"

namespace wattline::serve {
namespace {

std::int64_t ns_of(Duration d) { return static_cast<std::int64_t>(d.base() * 1e9); }

}  // namespace

namespace {

using Buffers = boost::container::static_vector<asio::const_buffer, 4>;

// Those of what is not sent yet.
Buffers buffers_of(std::span<const std::string_view> pieces, std::size_t sent) {
  Buffers out;
  for (const auto& p : pieces) {
    const std::size_t skipped = std::min(sent, p.size());
    sent -= skipped;
    if (skipped < p.size()) out.emplace_back(p.data() + skipped, p.size() - skipped);
  }
  return out;
}

std::size_t size_of(std::span<const std::string_view> pieces) {
  std::size_t size = 0;
  for (const auto& p : pieces) size += p.size();
  return size;
}

}  // namespace

std::size_t Session::send_now(std::span<const std::string_view> pieces) {
  if (client_gone_ || !socket_.is_open()) return 0;
  // No answer's last byte leaves before its record is safe.
  gateway_.recorder().flush();
  if (told_ == Told::nothing) told_ = Told::something;
  error_code ec;
  std::size_t sent = 0;
  if (pieces.size() == 1) sent = socket_.write_some(asio::buffer(pieces[0]), ec);
  else if (const auto buffers = buffers_of(pieces, 0); !buffers.empty()) sent = socket_.write_some(buffers, ec);
  sent_ += sent;
  if (ec && ec != asio::error::would_block && ec != asio::error::try_again) client_left();
  return sent;
}

Awaitable<bool> Session::send_rest(std::span<const std::string_view> pieces, std::size_t sent) {
  const std::size_t all = size_of(pieces);
  error_code ec;
  while (sent < all && !client_gone_ && socket_.is_open()) {
    set_deadline(monotonic_ns() + ns_of(gateway_.config().limits.write_timeout));
    writing_ = true;
    const std::size_t n = co_await socket_.async_write_some(buffers_of(pieces, sent), into(ec));
    writing_ = false;
    set_deadline(never);
    sent += n;
    sent_ += n;
    if (ec) client_left();
  }
  co_return sent == all && !client_gone_;
}

Awaitable<bool> Session::send(std::span<const std::string_view> pieces) { return send_rest(pieces, send_now(pieces)); }

Awaitable<bool> Session::send_chunk(std::string_view data) {
  if (data.empty()) co_return true;
  if (!chunked_) {
    const std::array<std::string_view, 1> plain{data};
    co_return co_await send(plain);
  }
  char size[24];
  const auto [end, ec] = std::to_chars(size, size + 16, data.size(), 16);
  end[0] = '\r';
  end[1] = '\n';
  const std::array<std::string_view, 3> pieces{std::string_view(size, static_cast<std::size_t>(end + 2 - size)), data,
                                               "\r\n"};
  co_return co_await send(pieces);
}

Awaitable<bool> Session::send_last_chunk() {
  told_ = Told::all;
  if (!chunked_) co_return true;
  const std::array<std::string_view, 1> last{"0\r\n\r\n"};
  co_return co_await send(last);
}

void Session::append_common_headers(std::string& head) {
  if (!request_id_.empty()) head.append("x-request-id: ").append(request_id_).append("\r\n");
  if (ticket_) ticket_.append_headers(head);
  if (!keep_alive_) head += "connection: close\r\n";
  else if (parser_->version < 11) head += "connection: keep-alive\r\n";
  if (parser_ && parser_->header_done && parser_->has_origin &&
      gateway_.admission().allowed_origin(parser_->origin())) {
    head += "access-control-allow-origin: ";
    head += parser_->origin();
    head += "\r\naccess-control-expose-headers: *\r\nvary: origin\r\n";
  }
}

void Session::append_stream_framing(std::string& head) {
  if (chunked_) head += "transfer-encoding: chunked\r\n";
  else keep_alive_ = false;
  append_common_headers(head);
  head += "\r\n";
  told_ = Told::stream;  // as nothing waits between this and the first write
}

Awaitable<void> Session::send_error(const ApiError& e, std::string_view more_headers) {
  const std::string body = asked_ && asked_->dialect ? asked_->dialect->error(e) : to_json(e);
  head_.clear();
  append_status(head_, e.status, thread_.date());
  head_ += more_headers;
  if (e.retry_after_s > 0) head_ += fmt::format("retry-after: {}\r\n", e.retry_after_s);
  append_json_body_headers(head_, body.size());
  append_common_headers(head_);
  head_ += "\r\n";
  const bool no_body = parser_ && parser_->method() == "HEAD";
  const std::array<std::string_view, 2> pieces{head_, no_body ? std::string_view() : std::string_view(body)};
  co_await send(pieces);
}

Awaitable<void> Session::send_reply(const HttpReply& r) {
  head_.clear();
  append_status(head_, r.status, thread_.date());
  if (!r.content_type.empty()) head_ += fmt::format("content-type: {}\r\n", r.content_type);
  for (const auto& [name, value] : r.headers) head_ += fmt::format("{}: {}\r\n", name, value);
  if (r.status != 204) head_ += fmt::format("content-length: {}\r\n", r.body.size());
  append_common_headers(head_);
  head_ += "\r\n";
  const bool no_body = r.status == 204 || parser_->method() == "HEAD";
  const std::array<std::string_view, 2> pieces{head_, no_body ? std::string_view() : std::string_view(r.body)};
  co_await send(pieces);
}

}  // namespace wattline::serve
