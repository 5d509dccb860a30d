#include "meter/agent/agent_command.h"

#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernel/command_testing.h"

namespace wattline::meter {
namespace {

// In a process of its own: it may give up rights, and must not be ended.
int after_signals() {
  Context context;
  context.provide(catalog::Catalog::load());
  std::stop_source stop;
  context.stop = stop.get_token();
  context.on_log = [&](std::string_view line) {
    if (line.find("/metrics") == line.npos) return;
    for (const int signal : {SIGUSR1, SIGUSR2}) ::raise(signal);
    stop.request_stop();
  };
  const Result r = wattline::tests::run_command(
      agent_capability(), {"--listen", "127.0.0.1:0", "--interval", "0.1 s", "--host", "node7"}, context);
  return r.find_table("agent.components.v1") ? 0 : 1;
}

TEST(AgentCommand, SignalsThatOthersUseDoNotEndItWithoutItsResult) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(std::_Exit(after_signals()), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace wattline::meter
