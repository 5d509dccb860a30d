// The gateway's routes of feedback: /v1/feedback for who asks, /admin/v1/feedback for administrators.
#include <charconv>

#include <fmt/format.h>

#include "serve/feedback/feedback_desk.h"
#include "serve/gateway.h"

namespace wattline::serve {
namespace {

constexpr std::size_t most_listed = 10'000;

// `limit` of the query; 0 where it is none.
std::size_t limit_of(const HttpRequest& r) {
  const auto given = r.query.find("limit");
  if (given == r.query.end()) return 100;
  std::size_t limit = 0;
  const std::string& text = given->second;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), limit);
  return ec == std::errc() && end == text.data() + text.size() && limit <= most_listed ? limit : 0;
}

HttpReply listed(const FeedbackDesk& desk, const HttpRequest& r, const FeedbackDesk::Who* who) {
  const std::size_t limit = limit_of(r);
  if (limit == 0)
    return to_reply(invalid_request(fmt::format("'limit' is none; 1 to {} is allowed", most_listed), "limit"));
  std::string out = "{\"feedback\":[";
  for (const auto& record : desk.latest(limit, who)) {
    if (out.back() != '[') out += ',';
    out += to_json(record);
  }
  return {200, "application/json", {{"cache-control", "no-store"}}, out + "]}"};
}

}  // namespace

HttpReply Gateway::take_feedback(const HttpRequest& r) {
  FeedbackDesk* desk = feedback();
  if (!desk)
    return to_reply(api_error(404, "feedback is switched off here: [feedback] enabled = false", "invalid_request_error",
                              {}, "feedback_off"));
  FeedbackDesk::Who who;
  if (r.access.key) who = {r.access.tenant->name(), r.access.key->id};
  if (r.method == "GET" || r.method == "HEAD") return listed(*desk, r, &who);
  if (r.method != "POST") {
    auto reply =
        to_reply(api_error(405, "GET and POST are allowed here", "invalid_request_error", {}, "method_not_allowed"));
    reply.headers.emplace_back("allow", "GET, POST");
    return reply;
  }
  auto ask = read_feedback(r.body);
  if (const auto* e = std::get_if<ApiError>(&ask)) return to_reply(*e);
  const auto find_answer = [this](std::string_view id) { return lasting_->recorder->answers().find(id); };
  const auto teach = [this](const Answer& a, const Answer* loser, const policy::Feedback& f) {
    const Router* chose = router(a.route->router);
    const bool learned =
        chose && chose->learn(*a.route, a.basis->model, f, loser ? loser->basis->model : std::string_view());
    if (learned) lasting_->learned->changed();
    return learned;
  };
  const auto taken = desk->take(std::get<FeedbackAsk>(ask), who, find_answer, teach, Time::now(), monotonic_ns());
  if (const auto* e = std::get_if<ApiError>(&taken)) return to_reply(*e);
  return {200, "application/json", {}, to_json(std::get<FeedbackRecord>(taken))};
}

std::optional<HttpReply> Gateway::administer(const HttpRequest& r, std::string_view rest) {
  if (auto reply = administer_adaptation(r, rest)) return reply;
  if (rest != "feedback" || !feedback()) return std::nullopt;
  if (r.method != "GET" && r.method != "HEAD") {
    auto reply = to_reply(api_error(405, "GET is allowed here", "invalid_request_error", {}, "method_not_allowed"));
    reply.headers.emplace_back("allow", "GET");
    return reply;
  }
  return listed(*feedback(), r, nullptr);
}

}  // namespace wattline::serve
