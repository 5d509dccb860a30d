#include "serve/metered/agent_part.h"

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

using meter::Domain;
using meter::Level;
using meter::Published;

meter::ComponentSeen component(std::string name, Domain domain, double joules, bool counted = true) {
  meter::ComponentSeen c;
  c.info.component = std::move(name);
  c.info.domain = domain;
  c.info.family = "nvml";
  c.info.counted = counted;
  c.energy = Estimate<Energy>::relative(Energy(joules), 0.02, Method::measured, "made up");
  return c;
}

meter::DomainSeen domain(Domain d, double energy, double idle, std::string how = "share of CPU time") {
  meter::DomainSeen out;
  out.domain = d;
  out.energy = Estimate<Energy>::exact(Energy(energy));
  out.idle = Estimate<Energy>::exact(Energy(idle));
  out.how = std::move(how);
  return out;
}

meter::Consumer consumer(Level level, std::string name, int pid, double cpu, double gpu) {
  meter::Consumer c;
  c.level = level;
  c.name = std::move(name);
  c.pid = pid;
  c.joules[static_cast<std::size_t>(Domain::cpu)] = cpu;
  c.joules[static_cast<std::size_t>(Domain::gpu)] = gpu;
  return c;
}

// A machine of one package and two boards: 50 + 2 x 30 J of idle energy, and `cpu`, `gpu0`, `gpu1` J of work.
Published machine(double seconds, double cpu, double gpu0, double gpu1) {
  Published p;
  p.host = "gpu-7";
  p.instance = "a";
  p.interval = Duration(1);
  p.seen.covered = Duration(seconds);
  const double package_idle = 50 * seconds, board_idle = 30 * seconds;
  p.seen.components = {component("package-0", Domain::cpu, package_idle + cpu),
                       component("gpu-0", Domain::gpu, board_idle + gpu0),
                       component("gpu-1", Domain::gpu, board_idle + gpu1)};
  p.seen.domains = {domain(Domain::cpu, package_idle + cpu, package_idle),
                    domain(Domain::gpu, 2 * board_idle + gpu0 + gpu1, 2 * board_idle)};
  p.seen.consumers = {consumer(Level::container, "vllm", 0, cpu / 2, gpu0),
                      consumer(Level::container, "other", 0, cpu / 2, gpu1)};
  return p;
}

TEST(AgentPart, TheWholeMachineIsItsWorkAndItsIdlePart) {
  const auto before = machine(10, 100, 1000, 2000), now = machine(12, 140, 1600, 2100);
  const auto part = part_between(&before, now, {});
  EXPECT_EQ(part.trouble, "");
  EXPECT_NEAR(part.work, 40 + 600 + 100, 1e-9);
  EXPECT_NEAR(part.idle, 2 * (50 + 60), 1e-9);
  EXPECT_TRUE(part.measured);
  EXPECT_NEAR(part.spread, 0.02 / 1.96, 1e-4);
}

TEST(AgentPart, WhatIsToldInStepsIsWrongByAStep) {
  const auto before = machine(10, 0, 0, 0);
  auto now = machine(10, 0.1, 0, 0);
  EXPECT_GT(part_between(&before, now, {{"package-0"}, "", "", false}).spread, 0.3);
}

TEST(AgentPart, NamedBoardsHaveTheirOwnWorkAndAnEvenShareOfTheIdlePart) {
  const auto before = machine(10, 100, 1000, 2000), now = machine(12, 140, 1600, 2100);
  const auto part = part_between(&before, now, {{"gpu-0"}, "", "", true});
  EXPECT_NEAR(part.work, 600, 1e-9);
  EXPECT_NEAR(part.idle, 60, 1e-9);
  EXPECT_NEAR(part_between(&before, now, {{"gpu-0"}, "", "", false}).idle, 0, 0);
}

TEST(AgentPart, AConsumerHasWhatTheAgentGivesItAndIdleInProportion) {
  const auto before = machine(10, 100, 1000, 2000), now = machine(12, 140, 1600, 2100);
  const auto part = part_between(&before, now, {{}, "container", "vllm", true});
  EXPECT_NEAR(part.work, 20 + 600, 1e-9);
  EXPECT_NEAR(part.idle, 100 * 0.5 + 120 * 600.0 / 700, 1e-9);
}

TEST(AgentPart, ProcessesOfOneNameAreAddedUpAndANewOneBeginsAtNothing) {
  auto before = machine(10, 100, 0, 0), now = machine(12, 140, 0, 0);
  before.seen.consumers = {consumer(Level::process, "vllm", 7, 10, 0)};
  now.seen.consumers = {consumer(Level::process, "vllm", 7, 16, 0), consumer(Level::process, "vllm", 8, 5, 0),
                        consumer(Level::user, "vllm", 0, 1000, 0)};
  EXPECT_NEAR(part_between(&before, now, {{}, "process", "vllm", false}).work, 6 + 5, 1e-9);
}

TEST(AgentPart, OneThatLostItsNameAndGotItAgainBeginsAtNothing) {
  auto before = machine(10, 100, 0, 0), now = machine(12, 140, 0, 0);
  before.seen.consumers = {consumer(Level::container, "vllm", 0, 10, 0)};
  now.seen.consumers = {consumer(Level::container, "vllm", 0, 13, 0)};
  now.seen.consumers[0].since = Time{11'000'000'000};
  EXPECT_NEAR(part_between(&before, now, {{}, "container", "vllm", false}).work, 13, 1e-9);
}

TEST(AgentPart, AConsumerThatIsNotNamedIsNotKnownAndNotNothing) {
  const auto before = machine(10, 100, 0, 0), now = machine(12, 140, 0, 0);
  const auto part = part_between(&before, now, {{}, "container", "sglang", true});
  EXPECT_NE(part.trouble.find("no container 'sglang'"), std::string::npos) << part.trouble;
}

TEST(AgentPart, AComponentThatIsNotThereIsNamedWithThoseThatAre) {
  const auto now = machine(12, 140, 0, 0);
  const auto part = part_between(nullptr, now, {{"gpu-9"}, "", "", true});
  EXPECT_NE(part.trouble.find("'gpu-9'"), std::string::npos) << part.trouble;
  EXPECT_NE(part.trouble.find("gpu-1"), std::string::npos) << part.trouble;
}

TEST(AgentPart, WhatWasNotReadIsAGap) {
  const auto before = machine(10, 100, 0, 0);
  auto now = machine(12, 140, 0, 0);
  now.seen.components[1].missing = Duration(1);
  EXPECT_NE(part_between(&before, now, {}).trouble, "");
  EXPECT_EQ(part_between(&before, now, {{"gpu-1"}, "", "", true}).trouble, "") << "another's gap is not its own";
  now = machine(12, 140, 0, 0);
  now.seen.components[0].trouble = "permission denied";
  EXPECT_NE(part_between(&before, now, {}).trouble.find("permission denied"), std::string::npos);
  now = machine(12, 140, 0, 0);
  now.seen.missing = Duration(5);
  EXPECT_NE(part_between(&before, now, {}).trouble.find("5.0 s"), std::string::npos);
}

TEST(AgentPart, AModelIsNoMeasurement) {
  const auto before = machine(10, 100, 0, 0);
  auto now = machine(12, 140, 0, 0);
  now.seen.components[0].info.family = "model";
  EXPECT_FALSE(part_between(&before, now, {}).measured);
  EXPECT_TRUE(part_between(&before, now, {{"gpu-0"}, "", "", true}).measured);
}

TEST(AgentPart, WhatTheMachineContainsTwiceIsCountedOnce) {
  const auto before = machine(10, 100, 0, 0);
  auto now = machine(12, 140, 0, 0);
  now.seen.components.push_back(component("psys", Domain::platform, 9999, false));
  EXPECT_NEAR(part_between(&before, now, {}).work, 40, 1e-9);
  // Named, it is the upstream's, and nothing of it is known to be idle.
  const auto psys = part_between(&before, now, {{"psys"}, "", "", true});
  EXPECT_NEAR(psys.work, 9999, 1e-9);
  EXPECT_NEAR(psys.idle, 0, 0);
}

TEST(AgentPart, NoWorkIsSeenInADomainThatIsNotSharedOut) {
  Published before, now;
  before.seen.components = {component("fans", Domain::other, 10)};
  now.seen.components = {component("fans", Domain::other, 70)};
  now.seen.covered = Duration(2);
  now.seen.domains = {domain(Domain::other, 70, 0, "")};
  const auto part = part_between(&before, now, {});
  EXPECT_NEAR(part.work, 0, 1e-9);
  EXPECT_NEAR(part.idle, 60, 1e-9);
}

TEST(AgentPart, AnAgentThatReadsNothingTellsNothing) {
  Published now;
  now.seen.covered = Duration(2);
  EXPECT_NE(part_between(nullptr, now, {}).trouble, "");
}

}  // namespace
}  // namespace wattline::serve
