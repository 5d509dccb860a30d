#include "app/http_api.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/environment.h"
#include "kernel/json.h"
#include "kernel/testing.h"

namespace wattline::app {
namespace {

using testing::HasSubstr;

class HttpApi : public testing::Test {
 protected:
  HttpApi() {
    provide_shared_parts(context_, "", scratch_.path().string(), scratch_.path().string());
    routes_ = http_routes(context_);
  }
  serve::HttpReply ask(std::string method, std::string path, std::string body = "", std::string accept = "") {
    serve::HttpRequest request{std::move(method), std::move(path), {}, {}, std::move(body)};
    if (!accept.empty()) request.headers["accept"] = accept;
    const serve::Route* best = nullptr;
    for (const auto& r : routes_->list)
      if ((r.method == "*" || r.method == request.method) && request.path.starts_with(r.path_prefix) &&
          (!best || r.path_prefix.size() > best->path_prefix.size()))
        best = &r;
    return best ? best->handle(request) : serve::HttpReply{404, "", {}, ""};
  }
  tests::ScratchDir scratch_;
  Context context_;
  std::shared_ptr<serve::Routes> routes_;
};

TEST_F(HttpApi, ListsWhatIsServed) {
  const Json j = parse_json(ask("GET", "/api/v1/capabilities").body);
  bool formula = false;
  for (const auto& c : j.at("capabilities").as_array()) {
    EXPECT_NE(c.at("doors").as_string(), "command_line");
    formula = formula || c.at("id").as_string() == "ledger/green-algorithms";
  }
  EXPECT_TRUE(formula);
}

TEST_F(HttpApi, RunsACapability) {
  const auto r = ask("POST", "/api/v1/ledger/green-algorithms", R"({"runtime":"12 h","cores":12,"memory":"64 GB"})");
  ASSERT_EQ(r.status, 200) << r.body;
  EXPECT_TRUE(parse_json(r.body).find("blocks"));
  EXPECT_THAT(ask("POST", "/api/v1/ledger/green-algorithms", R"({"runtime":1,"cores":1})", "text/html").content_type,
              HasSubstr("text/html"));
}

TEST_F(HttpApi, RefusesInJson) {
  for (const char* body : {"{", "[]", R"({"cores":-1})", R"({"runtime":"-3 h"})", R"({"nonsense":1})", "\xff\xfe"}) {
    const auto r = ask("POST", "/api/v1/ledger/green-algorithms", body);
    EXPECT_EQ(r.status, 400) << body;
    EXPECT_FALSE(parse_json(r.body).at("error").at("message").as_string().empty());
  }
  EXPECT_EQ(ask("POST", "/api/v1/ledger/nothing", "{}").status, 404);
  EXPECT_EQ(ask("POST", "/api/v1/meter/run", R"({"command":["id"]})").status, 403);
  EXPECT_EQ(ask("PUT", "/api/v1/ledger/green-algorithms").status, 405);
  EXPECT_EQ(ask("GET", "/api/v1/jobs/job-77").status, 404);
}

TEST_F(HttpApi, LongWorkBecomesAJobThatCanBeFollowed) {
  auto r = ask("POST", "/api/v1/program/check", "{}");
  if (r.status == 202) {
    const std::string path = parse_json(r.body).at("href").as_string();
    for (int i = 0; i < 600; ++i) {
      r = ask("GET", path);
      if (parse_json(r.body).at("state").as_string() == "done") break;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    EXPECT_EQ(parse_json(r.body).at("state").as_string(), "done");
    EXPECT_TRUE(parse_json(r.body).find("result"));
  } else {
    EXPECT_EQ(r.status, 200) << r.body;
  }
}

TEST_F(HttpApi, PagesAreServedWithASecurityPolicy) {
  const auto r = ask("GET", "/");
  EXPECT_EQ(r.status, 200);
  EXPECT_THAT(r.content_type, HasSubstr("text/html"));
  bool policy = false;
  for (const auto& [name, value] : r.headers) policy = policy || name == "content-security-policy";
  EXPECT_TRUE(policy);
  EXPECT_EQ(ask("GET", "/../../etc/passwd").status, 404);
}

}  // namespace
}  // namespace wattline::app
