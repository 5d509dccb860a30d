// Beast's HTTP/1.1 parser, with the few fields that are needed kept as views instead of a table of all.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace wattline::serve {

namespace http = boost::beast::http;

// What the header's views point into: reused from request to request.
struct HeaderText {
  std::string text;
  struct Field {
    std::size_t begin, name_size, value_size;
  };
  std::vector<Field> fields;
  void clear() {
    text.clear();
    fields.clear();
  }
};

class RequestParser : public http::basic_parser<true> {
 public:
  RequestParser(HeaderText& header, std::string& body) : header_(header), body_(body) {
    header_.clear();
    eager(true);
  }

  std::string_view method() const { return part(method_); }
  std::string_view target() const { return part(target_); }
  std::string_view host() const { return part(host_); }
  std::string_view origin() const { return part(origin_); }
  // Also of clients that send their key as Anthropic's do ("x-api-key: KEY"): then it reads "Bearer KEY".
  std::string_view authorization() const { return part(authorization_); }
  std::string_view request_id() const { return part(request_id_); }
  std::string_view traceparent() const { return part(traceparent_); }
  std::string_view tracestate() const { return part(tracestate_); }
  bool has_host = false, has_origin = false, two_hosts = false, expects_continue = false, header_done = false;
  int version = 11;
  template <class F>
  void for_each_field(F&& f) const {
    const std::string_view all = header_.text;
    for (const auto& h : header_.fields)
      f(all.substr(h.begin, h.name_size), all.substr(h.begin + h.name_size, h.value_size));
  }

 private:
  struct Part {
    std::size_t begin = 0, size = 0;
  };
  std::string_view part(Part p) const { return std::string_view(header_.text).substr(p.begin, p.size); }
  Part keep(boost::beast::string_view s) {
    const Part p{header_.text.size(), s.size()};
    header_.text.append(s.data(), s.size());
    return p;
  }
  void on_request_impl(http::verb, boost::beast::string_view name, boost::beast::string_view to, int v,
                       boost::beast::error_code&) override {
    method_ = keep(name);
    target_ = keep(to);
    version = v;
  }
  void on_response_impl(int, boost::beast::string_view, int, boost::beast::error_code&) override {}
  void on_field_impl(http::field f, boost::beast::string_view name, boost::beast::string_view value,
                     boost::beast::error_code& ec) override {
    if (header_done) return;  // a trailer
    // Beast takes a body of any other coding for none, and what follows for another request.
    if (f == http::field::transfer_encoding && (version < 11 || !boost::beast::iequals(value, "chunked"))) {
      ec = http::error::bad_transfer_encoding;
      return;
    }
    const Part n = keep(name), v = keep(value);
    header_.fields.push_back({n.begin, n.size, v.size});
    switch (f) {
      case http::field::host:
        two_hosts = has_host;
        has_host = true;
        host_ = v;
        break;
      case http::field::origin:
        has_origin = true;
        origin_ = v;
        break;
      case http::field::authorization: authorization_ = v; break;
      case http::field::expect: expects_continue = true; break;
      case http::field::unknown:
        if (authorization_.size == 0 && boost::beast::iequals(name, "x-api-key")) {
          authorization_ = keep("Bearer ");
          authorization_.size += keep(value).size;
        } else if (boost::beast::iequals(name, "x-request-id")) {
          request_id_ = v;
        } else if (boost::beast::iequals(name, "traceparent")) {
          traceparent_ = v;
        } else if (boost::beast::iequals(name, "tracestate")) {
          tracestate_ = v;
        }
        break;
      default: break;
    }
  }
  void on_header_impl(boost::beast::error_code&) override { header_done = true; }
  void on_body_init_impl(boost::optional<std::uint64_t> const& length, boost::beast::error_code&) override {
    if (length) body_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length + 64, 1u << 20)));
  }
  std::size_t on_body_impl(boost::beast::string_view b, boost::beast::error_code&) override {
    body_.append(b.data(), b.size());
    return b.size();
  }
  void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, boost::beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view b, boost::beast::error_code&) override {
    body_.append(b.data(), b.size());
    return b.size();
  }
  void on_finish_impl(boost::beast::error_code&) override {}

  HeaderText& header_;
  std::string& body_;
  Part method_, target_, host_, origin_, authorization_, request_id_, traceparent_, tracestate_;
};

class ResponseParser : public http::basic_parser<false> {
 public:
  explicit ResponseParser(std::string& body) : body_(body) { eager(true); }

  int status = 0;
  std::string retry_after;
  // As much of it as is asked for; longer ones are cut off.
  std::string_view content_type() const { return {content_type_.data(), content_type_size_}; }
  bool encoded = false;  // content-encoding other than identity
  bool header_done = false;

 private:
  void on_request_impl(http::verb, boost::beast::string_view, boost::beast::string_view, int,
                       boost::beast::error_code&) override {}
  void on_response_impl(int code, boost::beast::string_view, int, boost::beast::error_code&) override { status = code; }
  void on_field_impl(http::field f, boost::beast::string_view, boost::beast::string_view value,
                     boost::beast::error_code&) override {
    if (header_done) return;
    if (f == http::field::content_type) content_type_size_ = value.copy(content_type_.data(), content_type_.size());
    else if (f == http::field::retry_after) retry_after.assign(value.data(), value.size());
    else if (f == http::field::content_encoding) encoded = value != "identity";
  }
  void on_header_impl(boost::beast::error_code&) override { header_done = true; }
  void on_body_init_impl(boost::optional<std::uint64_t> const& length, boost::beast::error_code&) override {
    if (length) body_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length + 64, 1u << 20)));
  }
  std::size_t on_body_impl(boost::beast::string_view b, boost::beast::error_code&) override {
    body_.append(b.data(), b.size());
    return b.size();
  }
  void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, boost::beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view b, boost::beast::error_code&) override {
    body_.append(b.data(), b.size());
    return b.size();
  }
  void on_finish_impl(boost::beast::error_code&) override {}

  std::string& body_;
  std::array<char, 64> content_type_;
  std::size_t content_type_size_ = 0;
};

}  // namespace wattline::serve
