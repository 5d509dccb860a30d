// Who a request is, end to end: its id (x-request-id) and its place in a trace (W3C Trace Context,
// https://www.w3.org/TR/trace-context/). What clients send is taken only where it has the right form, for it goes
// into logs, headers and spans.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wattline::serve {

struct TraceContext {
  std::array<std::uint8_t, 16> trace{};
  std::array<std::uint8_t, 8> span{};  // of the parent where it came from outside
  bool sampled = false;
  bool operator==(const TraceContext&) const = default;
};

// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"; of later versions the known part. Nothing where it
// has another form or an id is zero.
std::optional<TraceContext> parse_traceparent(std::string_view);
void append_traceparent(std::string& out, const TraceContext&);
// Lower-case hexadecimal.
void append_hex(std::string& out, const std::uint8_t* bytes, std::size_t n);

// 1 to 128 letters, digits and -_.:/+=@~: nothing that could end a header or a log line.
bool sane_request_id(std::string_view);

// Whether a trace that begins here is recorded: by its id, so that all who see it decide alike (the last
// 56 bits below `ratio`, as OpenTelemetry's ratio sampler has it).
bool in_sample(const std::array<std::uint8_t, 16>& trace, double ratio);

}  // namespace wattline::serve
