#include "serve/admission.h"

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

Caller caller(std::string_view host, std::string_view origin = {}, std::string_view key = {}, std::string_view path = "/v1/models") {
  return {path, host, origin, key, true, !origin.empty()};
}
int status(const std::optional<ApiError>& e) { return e ? e->status : 200; }

TEST(Admission, OnLoopbackOnlyNamesOfThisMachineAreTaken) {
  const Admission a{ServerConfig{}};
  for (const char* host : {"localhost", "LOCALHOST:8080", "127.0.0.1:8080", "127.8.9.1", "[::1]:8080", "[::1]"})
    EXPECT_EQ(status(a.refuse(caller(host))), 200) << host;
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8080", "", "[::1", "0.0.0.0", "127.evil.com"})
    EXPECT_EQ(status(a.refuse(caller(host))), 403) << host;
  Caller none = caller("");
  none.has_host = false;
  EXPECT_EQ(status(a.refuse(none)), 400);
}

TEST(Admission, PagesOfOthersAreRefused) {
  ServerConfig c;
  c.allowed_origins = {"https://app.example"};
  c.allowed_hosts = {"box.local"};
  const Admission a{c};
  EXPECT_EQ(status(a.refuse(caller("localhost:8080", "http://localhost:8080"))), 200);
  EXPECT_EQ(status(a.refuse(caller("localhost:8080", "https://app.example"))), 200);
  EXPECT_EQ(status(a.refuse(caller("box.local:8080", "http://box.local:8080"))), 200);
  for (const char* origin : {"http://localhost:3000", "https://evil.example", "null", "http://localhost:8080.evil.example", "ftp://localhost:8080"})
    EXPECT_EQ(status(a.refuse(caller("localhost:8080", origin))), 403) << origin;
}

TEST(Admission, TheKeyIsNeededWhereItIsSet) {
  ServerConfig c;
  c.listen.host = "0.0.0.0";
  c.api_key = Secret("s3cret");
  const Admission a{c};
  EXPECT_EQ(status(a.refuse(caller("gpu.example", "", "Bearer s3cret"))), 200);
  EXPECT_EQ(status(a.refuse(caller("gpu.example", "", "bearer s3cret"))), 200);
  for (const char* key : {"", "Bearer", "Bearer s3cre", "Bearer s3crets", "Bearer S3CRET", "s3cret", "Basic s3cret"})
    EXPECT_EQ(status(a.refuse(caller("gpu.example", "", key))), 401) << key;
  for (const char* path : {"/healthz", "/readyz", "/", "/assets/app.js"})
    EXPECT_EQ(status(a.refuse(caller("gpu.example", "", "", path))), 200) << path;
  for (const char* path : {"/metrics", "/api/v1/answers", "/v1/chat/completions", "/api", "/v1"})
    EXPECT_EQ(status(a.refuse(caller("gpu.example", "", "", path))), 401) << path;
}

TEST(Admission, ComparesWholeTexts) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_FALSE(equal_in_constant_time("a", ""));
  EXPECT_FALSE(equal_in_constant_time("", "a"));
  EXPECT_FALSE(equal_in_constant_time("abab", "ab"));
}

}  // namespace
}  // namespace wattline::serve
