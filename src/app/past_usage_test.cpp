#include "app/past_usage.h"

#include <gtest/gtest.h>

#include "app/environment.h"
#include "kernel/account.h"
#include "kernel/testing.h"

namespace wattline::app {
namespace {

Fact answer(const char* end, const char* tenant, double joules) {
  Fact f;
  f.kind = "answer";
  f.begin = f.end = parse_time(end);
  f.energy = Estimate<Energy>::with_sd(Energy(joules), Energy(joules / 10), Method::modelled, {"test"});
  f.tokens_in = 3;
  f.tokens_out = 4;
  f.place = "FR";
  f.labels = {{"served_as", "big"}, {"upstream", "gpu"}, {"status", "ok"}};
  if (*tenant) f.labels.insert(f.labels.end(), {{"tenant", tenant}, {"key", "laptop"}});
  return f;
}

TEST(PastUsage, TellsTheAnswersOfTenantsSinceThen) {
  const tests::ScratchDir dir;
  Context context;
  provide_shared_parts(context, "", dir.path().string());
  const auto usage = past_usage(context);
  int told = 0;
  usage->for_each(parse_time("2026-01-01"), [&](const auto&) { ++told; });
  EXPECT_EQ(told, 0);  // there is no account yet
  auto& sink = context.get<AccountSink>();
  sink.record(answer("2026-10-31T23:59:59Z", "lab", 1));
  sink.record(answer("2026-11-01T00:00:00Z", "lab", 2));
  sink.record(answer("2026-11-02T00:00:00Z", "", 4));
  Fact run = answer("2026-11-03T00:00:00Z", "lab", 8);
  run.kind = "run";
  sink.record(run);
  double joules = 0;
  usage->for_each(parse_time("2026-11-01"), [&](const serve::PastAnswer& a) {
    ++told;
    joules += a.energy.value().base();
    EXPECT_EQ(a.tenant, "lab");
    EXPECT_EQ(a.key, "laptop");
    EXPECT_EQ(a.model, "big");
    EXPECT_EQ(a.upstream, "gpu");
    EXPECT_EQ(a.place, "FR");
    EXPECT_TRUE(a.ok);
    EXPECT_EQ(a.tokens_in + a.tokens_out, 7);
    EXPECT_NEAR(a.energy.sd().base(), 0.2, 1e-9);
  });
  EXPECT_EQ(told, 1);
  EXPECT_EQ(joules, 2);
  usage->for_each(Time{INT64_MIN}, [&](const auto&) { ++told; });
  EXPECT_EQ(told, 3);
}

}  // namespace
}  // namespace wattline::app
