#include "serve/cpu_share.h"

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

struct Process {
  double cpu = 0;
  bool visible = true;
  int reads = 0;
  CpuShare::Reader reader() {
    return [this]() -> std::optional<Duration> {
      ++reads;
      return visible ? std::optional(Duration(cpu)) : std::nullopt;
    };
  }
};

TEST(CpuShare, OneRequestIsChargedWhatTheProcessSpentOnIt) {
  Process p;
  p.cpu = 100;
  CpuShare share(p.reader());
  const auto t = share.begin(1);
  p.cpu += 0.8;
  EXPECT_NEAR(share.end(t, 2)->base(), 0.8, 1e-12);
}

TEST(CpuShare, IdleWorkIsNobodys) {
  Process p;
  CpuShare share(p.reader());
  const auto a = share.begin(0);
  p.cpu = 1;
  share.end(a, 1);
  p.cpu = 50;  // the process was busy with something else
  const auto b = share.begin(10);
  p.cpu = 50.25;
  EXPECT_NEAR(share.end(b, 11)->base(), 0.25, 1e-12);
}

TEST(CpuShare, OverlappingRequestsShareWhatIsSpent) {
  Process p;
  CpuShare share(p.reader());
  const auto a = share.begin(0);
  p.cpu = 1;  // all of it for the first
  const auto b = share.begin(1);
  p.cpu = 3;  // half for each
  EXPECT_NEAR(share.end(a, 2)->base(), 2, 1e-12);
  p.cpu = 4;
  EXPECT_NEAR(share.end(b, 3)->base(), 2, 1e-12);
}

TEST(CpuShare, ManyShortRequestsAreChargedTheWholeAndReadRarely) {
  Process p;
  CpuShare share(p.reader());
  double charged = 0, now = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto t = share.begin(now);
    p.cpu += 0.0004;
    now += 0.001;
    charged += share.end(t, now)->base();
  }
  EXPECT_NEAR(charged, p.cpu, 0.05 * p.cpu);
  EXPECT_LT(p.reads, 100);
}

TEST(CpuShare, SaysNothingOfAProcessItCannotSee) {
  Process p;
  p.visible = false;
  CpuShare share(p.reader());
  const auto t = share.begin(0);
  EXPECT_FALSE(share.end(t, 1));
  p.visible = true;
  const auto u = share.begin(2);
  p.cpu = 0.5;
  EXPECT_NEAR(share.end(u, 3)->base(), 0.5, 1e-12);
}

TEST(CpuShare, ARestartedProcessIsNotChargedBackwards) {
  Process p;
  p.cpu = 1000;
  CpuShare share(p.reader());
  const auto t = share.begin(0);
  p.cpu = 2;
  EXPECT_GE(share.end(t, 1)->base(), 0);
}

}  // namespace
}  // namespace wattline::serve
