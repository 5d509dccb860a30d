#include "serve/admission.h"

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

Caller caller(std::string_view host, std::string_view origin = {}) {
  return {"/v1/models", host, origin, true, !origin.empty()};
}
int status(const std::optional<ApiError>& e) { return e ? e->status : 200; }

TEST(Admission, OnLoopbackOnlyNamesOfThisMachineAreTaken) {
  const Admission a{ServerConfig{}};
  for (const char* host : {"localhost", "LOCALHOST:8080", "127.0.0.1:8080", "127.8.9.1", "[::1]:8080", "[::1]"})
    EXPECT_EQ(status(a.refuse(caller(host))), 200) << host;
  for (const char* host :
       {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8080", "", "[::1", "0.0.0.0", "127.evil.com"})
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
  for (const char* origin : {"http://localhost:3000", "https://evil.example", "null",
                             "http://localhost:8080.evil.example", "ftp://localhost:8080"})
    EXPECT_EQ(status(a.refuse(caller("localhost:8080", origin))), 403) << origin;
}

TEST(Admission, AKeyIsNeededForAllThatTellsAnything) {
  for (const char* path : {"/healthz", "/readyz", "/", "/assets/app.js", "/v1x", "/apis"})
    EXPECT_FALSE(needs_key(path)) << path;
  for (const char* path : {"/metrics", "/api/v1/answers", "/v1/chat/completions", "/api", "/v1"})
    EXPECT_TRUE(needs_key(path)) << path;
}

TEST(Admission, WhatIsEverybodysIsNotForOneTenant) {
  for (const char* path : {"/v1/models", "/v1/chat/completions", "/v1/messages", "/api/v1/usage", "/api/v1/answers",
                           "/api/v1/answers/wl-1", "/api/v1/events", "/api/v1/status", "/", "/healthz"})
    EXPECT_TRUE(shows_own_only(path)) << path;
  for (const char* path : {"/metrics", "/api/v1/line", "/api/v1/ledger/report", "/api/v1/jobs", "/api",
                           "/api/v1/usages", "/api/v1/answersx", "/api/v1/usage/x"})
    EXPECT_FALSE(shows_own_only(path)) << path;
}

TEST(Admission, ComparesWholeTexts) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_FALSE(equal_in_constant_time("a", ""));
  EXPECT_FALSE(equal_in_constant_time("", "a"));
  EXPECT_FALSE(equal_in_constant_time("abab", "ab"));
}

}  // namespace
}  // namespace wattline::serve
