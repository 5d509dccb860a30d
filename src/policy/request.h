// What the router sees of a request: views of the caller's texts, nothing owned, nothing from the network.
//
// The gateway fills it from the inner form of a request, `serve evaluate` from recorded ones, `fleet` from a
// simulation. Everything a client can set freely (metadata, tool names) is untrusted; who asks (tenant, roles,
// groups) comes from the key alone.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

namespace wattline::policy {

enum class Role { system, developer, user, assistant, tool, other };

struct Message {
  Role role = Role::user;
  std::string_view text;  // all text parts, joined
  std::uint32_t images = 0;
  std::uint32_t tool_calls = 0;  // of an assistant
  std::uint32_t structured_bytes = 0;  // of its tool calls or of a tool's result
  bool is_error = false;  // a tool's result that reports an error
};

struct Tool {
  std::string_view name, description;
  std::uint32_t structured_bytes = 0;  // of its definition
};

struct Property {
  std::string_view name, value;
};

// What is known of the world at this moment; NaN is "not known", and a signal on it does not match.
struct World {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  double carbon_intensity = unknown;  // gCO2e/kWh, average, where the default pool stands
  double electricity_price = unknown;  // money/kWh
  double budget_left = unknown;  // share of the asking tenant's energy budget, 0 to 1
  double battery = unknown;  // state of charge, 0 to 1
  bool on_battery = false;
};

struct RequestView {
  std::string_view model;  // as asked; a virtual name ("auto") enters routing
  std::span<const Message> messages;
  std::span<const Tool> tools;
  std::optional<std::int64_t> max_output_tokens;
  bool stream = false;

  std::string_view tenant, user;  // of the key
  std::span<const std::string_view> roles, groups;  // of the key
  std::span<const Property> metadata;  // untrusted
  std::string_view session, previous_response;
  World world;

  // The text that is classified: the last user message; "" when there is none.
  std::string_view query() const;
};

// Tokens that the request takes before anything is counted exactly:
// ceil(text bytes / bytes per token) + structured bytes + 8192 an image + 4 a message + 8 a tool call, tool result
// and tool definition (wrp-router, section 5). The room for the answer is apart.
struct TokenEstimate {
  std::int64_t prompt = 0;
  std::int64_t reserve = 0;  // of the answer, when the request limits it

  std::int64_t total() const { return prompt + reserve; }
};
TokenEstimate estimate_tokens(const RequestView&, double bytes_per_token = 4);

}  // namespace wattline::policy
