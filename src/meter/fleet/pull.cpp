#include "meter/fleet/pull.h"

#include <charconv>
#include <future>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/fetch.h"
#include "meter/agent/snapshot_json.h"

namespace wattline::meter {

PulledSnapshot pull(const AgentPlace& agent, std::function<bool()> cancelled) {
  FetchRequest request;
  request.url = agent.url + "/api/v1/snapshot";
  request.deadline = agent.timeout;
  request.connect_deadline = agent.timeout;
  request.ca_file = agent.ca;
  request.cancelled = std::move(cancelled);
  if (!agent.key.empty()) request.headers.emplace_back("authorization", "Bearer " + agent.key.reveal());
  PulledSnapshot out;
  out.asked = Time::now();
  const FetchResponse reply = fetch(request);
  out.answered = Time::now();
  if (reply.status == 401 || reply.status == 403)
    throw Error(ErrorKind::denied, fmt::format("refuses (status {})", reply.status), shown_url(request.url),
                agent.key.empty() ? "it wants a key: key-file or key-env" : "is the key one of its keys-file?");
  if (reply.status != 200)
    throw world_error(fmt::format("answers with status {}", reply.status), shown_url(request.url));
  out.told = parse_snapshot(reply.body, shown_url(request.url));
  const auto clock = reply.header("wattline-clock");
  std::int64_t ns = 0;
  const auto [end, failed] = std::from_chars(clock.data(), clock.data() + clock.size(), ns);
  if (!clock.empty() && failed == std::errc() && end == clock.data() + clock.size()) out.agent_clock = Time{ns};
  return out;
}

std::vector<Pulled> pull_all(const std::vector<const AgentPlace*>& agents) {
  std::vector<std::future<PulledSnapshot>> under_way;
  for (const auto* agent : agents)
    under_way.push_back(std::async(std::launch::async, [agent] { return pull(*agent); }));
  std::vector<Pulled> out(agents.size());
  for (std::size_t i = 0; i < agents.size(); ++i) try {
      out[i].snapshot = under_way[i].get();
    } catch (const Error& e) {
      out[i].trouble = e.hint().empty() ? e.message() : e.message() + "; " + e.hint();
    }
  return out;
}

}  // namespace wattline::meter
