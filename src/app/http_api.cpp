#include "app/http_api.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/pages.h"
#include "app/rooms.h"
#include "kernel/error.h"
#include "kernel/jobs.h"
#include "kernel/json.h"

namespace wattline::app {
namespace {

using serve::HttpReply;
using serve::HttpRequest;

int http_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_input: return 400;
    case ErrorKind::not_found: return 404;
    case ErrorKind::denied: return 403;
    case ErrorKind::world: return 503;
    case ErrorKind::unsupported: return 501;
    case ErrorKind::cancelled: return 409;
  }
  return 500;
}

void write_error(JsonWriter& w, const Error& e) {
  w.key("error").begin_object().member("kind", to_string(e.kind())).member("message", e.message());
  w.member("where", e.where()).member("hint", e.hint()).end_object();
}

HttpReply error_reply(const Error& e) {
  JsonWriter w;
  w.begin_object();
  write_error(w, e);
  w.end_object();
  return {http_status(e.kind()), "application/json", {}, w.take()};
}

void write_declaration(JsonWriter& w, const Capability& c) {
  const auto defaults = c.make_options();
  w.begin_object().member("id", c.id()).member("room", c.room).member("name", c.name);
  w.member("summary", c.summary).member("description", c.description).member("verb", to_string(c.verb));
  w.member("cost", c.cost == Cost::instant ? "instant" : c.cost == Cost::job ? "job" : "service");
  w.member("doors", c.doors == Doors::all ? "all" : "command_line");
  w.key("papers").begin_array();
  for (int p : c.papers) w.value(p);
  w.end_array().key("fields").begin_array();
  for (const auto& f : c.fields) {
    w.begin_object().member("name", f.name).member("kind", to_string(f.kind)).member("unit", f.unit);
    w.member("help", f.help).member("required", f.required);
    w.key("default").value(f.kind == FieldKind::file ? Json() : field_to_json(f, f.get(defaults.get())));
    w.key("choices").begin_array();
    for (const auto& choice : f.choices) w.value(choice);
    w.end_array().member("catalog", f.catalog).member("group", f.group);
    const double scale = f.kind == FieldKind::quantity ? unit_scale(f.unit) : 1;
    w.key("minimum").value(f.minimum ? Json(*f.minimum / scale) : Json());
    w.key("maximum").value(f.maximum ? Json(*f.maximum / scale) : Json());
    w.end_object();
  }
  w.end_array().end_object();
}

HttpReply list_capabilities() {
  JsonWriter w;
  w.begin_object().key("capabilities").begin_array();
  for (const auto& room : rooms())
    for (const auto& c : room.capabilities)
      if (c.doors == Doors::all) write_declaration(w, c);
  w.end_array().end_object();
  return {200, "application/json", {}, w.take()};
}

std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (slash != 0) out.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return out;
}

const Capability& served(const std::string& room, const std::string& name) {
  const Capability* c = find_capability(rooms(), room, name);
  if (c && c->doors == Doors::all) return *c;
  if (c)
    throw Error(ErrorKind::denied,
                fmt::format("{} {} runs commands or reads the machine and is not served over HTTP", room, name), {},
                "use the command line");
  std::vector<std::string> known;
  for (const auto& r : rooms())
    for (const auto& other : r.capabilities)
      if (other.doors == Doors::all) known.push_back(other.id());
  throw unknown_name("capability", room + "/" + name, known, "GET /api/v1/capabilities");
}

HttpReply result_reply(const Result& result, const HttpRequest& request) {
  const auto accept = request.headers.find("accept");
  const std::string wanted = accept == request.headers.end() ? "" : accept->second;
  if (wanted.starts_with("text/html")) return {200, "text/html; charset=utf-8", {}, to_html(result)};
  if (wanted.starts_with("text/csv")) return {200, "text/csv; charset=utf-8", {}, to_csv(result)};
  return {200, "application/json", {}, to_json(result, 0)};
}

class Api {
 public:
  explicit Api(Context base) : base_(std::move(base)) {}

  HttpReply capability(const HttpRequest& request) {
    const auto parts = segments(std::string_view(request.path).substr(std::string_view("/api/v1/").size()));
    if (parts.size() != 2)
      throw Error(ErrorKind::not_found, fmt::format("nothing at '{}'", request.path.substr(0, 100)));
    const Capability& c = served(parts[0], parts[1]);
    if (request.method == "GET") return {200, "application/schema+json", {}, json_schema(c)};
    if (request.method != "POST")
      return {405, "application/json", {{"allow", "GET, POST"}}, R"({"error":{"message":"GET or POST"}})"};
    const Json body = request.body.empty() ? Json(Json::Object{}) : parse_json(request.body, "request body");
    const auto options = options_from_json(c, body);
    if (c.cost == Cost::instant) {
      Context context = base_;
      return result_reply(c.run(options.get(), context), request);
    }
    const std::string id =
        jobs_.start(base_, [&c, options](Context& context) { return c.run(options.get(), context); });
    // Most "long" work on small inputs is over at once: then the answer is the result itself.
    const auto soon = jobs_.wait(id, std::chrono::milliseconds(200));
    if (soon && soon->state == JobState::done) return result_reply(*soon->result, request);
    if (soon && soon->error) return error_reply(*soon->error);
    JsonWriter w;
    w.begin_object().member("job", id).member("href", "/api/v1/jobs/" + id).end_object();
    return {202, "application/json", {{"location", "/api/v1/jobs/" + id}}, w.take()};
  }

  HttpReply job(const HttpRequest& request) {
    const std::string id = request.path.substr(std::string_view("/api/v1/jobs/").size());
    if (request.method == "DELETE") jobs_.cancel(id);
    const auto status = jobs_.status(id);
    if (!status)
      throw Error(ErrorKind::not_found, fmt::format("no job '{}'", id.substr(0, 40)), {},
                  "finished jobs are forgotten after a while");
    JsonWriter w;
    w.begin_object().member("id", status->id).member("state", to_string(status->state));
    w.member("progress", status->progress).member("what", status->what);
    if (status->result) w.key("result").raw(to_json(*status->result, 0));
    if (status->error) write_error(w, *status->error);
    w.end_object();
    return {200, "application/json", {}, w.take()};
  }

 private:
  const Context base_;
  Jobs jobs_;
};

}  // namespace

std::shared_ptr<serve::Routes> http_routes(const Context& base) {
  auto api = std::make_shared<Api>(base);
  const auto guarded = [](auto handler) {
    return [handler](const HttpRequest& request) -> HttpReply {
      try {
        return handler(request);
      } catch (const Error& e) {
        return error_reply(e);
      }
    };
  };
  auto routes = std::make_shared<serve::Routes>();
  routes->list = {
      {"GET", "/api/v1/capabilities", guarded([](const HttpRequest&) { return list_capabilities(); })},
      {"*", "/api/v1/jobs/", guarded([api](const HttpRequest& r) { return api->job(r); })},
      {"*", "/api/v1/", guarded([api](const HttpRequest& r) { return api->capability(r); })},
      {"GET", "/", page_reply},
  };
  return routes;
}

}  // namespace wattline::app
