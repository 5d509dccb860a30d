#include "meter/attribution/gpu_work.h"

#include <cstdlib>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "meter/fake_tree.h"

namespace wattline::meter {
namespace {

constexpr auto gpu = static_cast<std::size_t>(Domain::gpu);

class Gpus : public testing::Test {
 protected:
  void SetUp() override { ::setenv("FAKE_NVML", "ee", 1); }
  void TearDown() override {
    for (const char* name : {"FAKE_NVML", "FAKE_NVML_USE", "FAKE_NVML_NO_SM"}) ::unsetenv(name);
  }
  static std::unique_ptr<GpuUsers> users() { return nvml_users(nvml::Library::open(WATTLINE_FAKE_NVML)); }
  static GpuLook look(const char* use) {
    ::setenv("FAKE_NVML_USE", use, 1);
    return users()->look("GPU-made-up-0");
  }
};

TEST_F(Gpus, ByUtilization) {
  const auto l = look("0:100:60 0:101:20 0:102:0 1:103:99");
  EXPECT_EQ(l.how, "share of SM utilisation");
  ASSERT_EQ(l.uses.size(), 2u);
  EXPECT_EQ(l.uses[0].pid, 100);
  EXPECT_EQ(l.uses[0].weight, 60);
  EXPECT_EQ(l.uses[1].weight, 20);
}

TEST_F(Gpus, WithoutUtilizationEqually) {
  ::setenv("FAKE_NVML_NO_SM", "1", 1);
  const auto l = look("0:100:60 0:101:20");
  EXPECT_EQ(l.how, "equal shares of its processes");
  ASSERT_EQ(l.uses.size(), 2u);
  EXPECT_EQ(l.uses[0].weight, l.uses[1].weight);
  EXPECT_EQ(look("1:100:60").how, "");
}

TEST_F(Gpus, SlicesByTheirSize) {
  const auto l = look("0:100:0:0 0:101:0:2 0:102:0:2");
  EXPECT_EQ(l.how, "slices in use by their size");
  ASSERT_EQ(l.uses.size(), 3u);
  EXPECT_EQ(l.uses[0].slice, "0/0");
  EXPECT_EQ(l.uses[0].weight, 14);
  EXPECT_EQ(l.uses[1].weight, 21);  // two share three sevenths
  EXPECT_EQ(l.uses[2].slice, "2/0");
}

TEST_F(Gpus, ImpossibleAnswersAreLeftOut) {
  EXPECT_TRUE(look("0:0:50 0:4294967295:50 0:100:4000").uses.empty());
  EXPECT_EQ(users()->look("").how, "");
  EXPECT_EQ(users()->look("GPU-of-another-machine").how, "");
  EXPECT_FALSE(nvml_users(nvml::Library::open("/nowhere/libnvidia-ml.so.1")));
}

// Says what the test puts there.
class Said : public GpuUsers {
 public:
  explicit Said(GpuLook& look) : look_(look) {}
  GpuLook look(const std::string&) override { return look_; }

 private:
  GpuLook& look_;
};

class GpuBook : public testing::Test {
 protected:
  void process(int pid, const std::string& name) {
    tree.put(fmt::format("proc/{}/stat", pid),
             fmt::format("{} ({}) S 1 1 1 0 -1 1 1 2 3 4 5 0 0 0 20 0 1 0 9 0 0\n", pid, name));
  }
  void share(GpuWork& work, ProcessTable* table) {
    SourceInfo board;
    board.component = "gpu-0";
    now += 1'000'000'000;
    const auto uses = work.of(board, now, table, book);
    book.share(Domain::gpu, 100, 40, uses.work, uses.unseen);
  }
  double joules(Level level, const std::string& name) {
    double out = 0;
    for (const auto& c : book.consumers())
      if (c.level == level && c.name == name) out += c.joules[gpu];
    return out;
  }
  tests::FakeTree tree;
  EnergyBook book{10};
  GpuLook said;
  std::int64_t now = 0;
};

TEST_F(GpuBook, AProcessHasItsGpuJoulesOnEveryLevel) {
  process(100, "train");
  process(101, "infer");
  ProcessTable table(tree.roots(), stat_files(tree.roots(), 10));
  table.look(1'000'000'000);
  for (auto& p : table.processes()) p.account = book.open_process(p.name, p.pid, p.started, {"box", "", "ann", "7"});
  said = {{{100, 3, "1/0"}, {101, 1, "2/0"}, {555, 1, ""}}, "slices in use by their size", ""};
  GpuWork work(std::make_unique<Said>(said), true);
  share(work, &table);
  EXPECT_NEAR(joules(Level::process, "train"), 36, 1e-9);
  EXPECT_NEAR(joules(Level::gpu_process, "train"), 36, 1e-9);
  EXPECT_NEAR(joules(Level::gpu_slice, "gpu-0 2/0"), 12, 1e-9);
  EXPECT_NEAR(joules(Level::container, "box"), 48, 1e-9);
  EXPECT_NEAR(joules(Level::job, "7"), 48, 1e-9);
  EXPECT_NEAR(book.sums(Domain::gpu).unattributed, 12, 1e-9);  // of one that is gone
  said.uses = {{101, 1, ""}};
  share(work, &table);
  EXPECT_NEAR(joules(Level::process, "infer"), 72, 1e-9);
  for (const auto& c : book.consumers()) {
    if (c.level == Level::gpu_process) {
      EXPECT_EQ(c.alive, c.name == "infer");
    }
  }
}

TEST_F(GpuBook, InAContainerOfItsOwnNumbersNobodyIsTakenForAnother) {
  process(100, "innocent");
  ProcessTable table(tree.roots(), stat_files(tree.roots(), 10));
  table.look(1'000'000'000);
  for (auto& p : table.processes()) p.account = book.open_process(p.name, p.pid, p.started, {});
  said = {{{100, 1, ""}}, "share of SM utilisation", ""};
  GpuWork work(std::make_unique<Said>(said), false);
  share(work, &table);
  EXPECT_EQ(joules(Level::process, "innocent"), 0);
  EXPECT_NEAR(joules(Level::process, "GPU process 100"), 60, 1e-9);
}

TEST_F(GpuBook, NobodyThereIsNobodysEnergy) {
  GpuWork work(std::make_unique<Said>(said), true);
  share(work, nullptr);
  EXPECT_NEAR(book.sums(Domain::gpu).unattributed, 60, 1e-9);
}

}  // namespace
}  // namespace wattline::meter
