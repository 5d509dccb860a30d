#include "policy/request_features.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace wattline::policy::tests {
namespace {

TEST(RequestFeatures, TellKindsOfRequestsApart) {
  const Message sum{Role::user, "12+34"}, code{Role::user, "f(x)={}"}, words{Role::user, "größer"};
  RequestView r;
  r.messages = {&sum, 1};
  EXPECT_FLOAT_EQ(request_features(r, 2, 0, false)[5], 0.8f);
  r.messages = {&code, 1};
  EXPECT_FLOAT_EQ(request_features(r, 2, 0, false)[7], 5.f / 7);
  r.messages = {&words, 1};
  EXPECT_FLOAT_EQ(request_features(r, 2, 0, false)[6], 0.5f);
  EXPECT_FLOAT_EQ(request_features(r, 2, 4, true)[1], 0.5f);
  EXPECT_FLOAT_EQ(request_features(r, 2, 4, true)[3], 1);
}

TEST(RequestFeatures, StayWithinZeroAndOneWhateverComes) {
  const std::string endless(100'000, '{');
  const Message m{Role::user, endless};
  const std::vector<Tool> tools(1000);
  RequestView r;
  r.messages = {&m, 1};
  r.tools = tools;
  for (const std::int64_t n : {std::numeric_limits<std::int64_t>::max(), std::int64_t{-5}, std::int64_t{0}}) {
    r.max_output_tokens = n;
    for (const float x : request_features(r, n, 1'000'000, true)) {
      EXPECT_GE(x, 0);
      EXPECT_LE(x, 1);
    }
  }
  const RequestView nothing;
  for (const float x : request_features(nothing, 0, 0, false)) EXPECT_TRUE(x == 0 || x == 0.5f);
}

}  // namespace
}  // namespace wattline::policy::tests
