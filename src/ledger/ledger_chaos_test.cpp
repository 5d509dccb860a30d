// The account under kills, full disks and many writers at once. WATTLINE_CHAOS_KILLS=200 makes the
// long form.
#include <csignal>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/ledger.h"

namespace wattline::ledger {
namespace {

Fact small_fact(std::string uid, double joules = 1) {
  Fact f;
  f.kind = "answer";
  f.begin = f.end = Time::now();
  f.energy = Estimate<Energy>::relative(Energy(joules), 0.1, Method::measured, "test").from_factor("shared");
  f.uid = std::move(uid);
  return f;
}

// Writes facts until killed; the uid of each acknowledged one goes down the pipe.
[[noreturn]] void write_until_killed(const std::filesystem::path& dir, int pipe, int round) {
  try {
    const auto ledger = Ledger::open(dir, OpenMode::write);
    const auto acknowledge = [&](const std::string& uid) {
      const std::string line = uid + "\n";
      if (::write(pipe, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(3);
    };
    for (int i = 0;; ++i) {
      const std::string base = "k" + std::to_string(round) + "-" + std::to_string(i);
      if (i % 3) {
        acknowledge(ledger->record(small_fact(base)));
      } else {
        std::vector<Fact> many;
        for (int j = 0; j < 20; ++j) many.push_back(small_fact(base + "-" + std::to_string(j)));
        ledger->record_all(many);
        for (const auto& f : many) acknowledge(f.uid);
      }
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "writer: %s\n", e.what());
    ::_exit(2);
  }
}

TEST(LedgerChaos, KilledAtAnyMomentLosesNoRecordedFact) {
  const char* wanted = std::getenv("WATTLINE_CHAOS_KILLS");
  const int kills = wanted ? std::atoi(wanted) : 20;
  tests::ScratchDir dir;
  std::mt19937_64 random(20261124);
  std::set<std::string> acknowledged;
  for (int round = 0; round < kills; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      write_until_killed(dir.path(), pipe[1], round);
    }
    ::close(pipe[1]);
    std::string text;
    char buffer[65536];
    // Half of the kills may come while the account is opened; the others after a first record, however
    // slow the machine.
    if (round % 2)
      if (const ssize_t n = ::read(pipe[0], buffer, sizeof buffer); n > 0)
        text.append(buffer, static_cast<std::size_t>(n));
    std::this_thread::sleep_for(std::chrono::microseconds(500 + random() % 40'000));
    ::kill(child, SIGKILL);
    for (ssize_t n; (n = ::read(pipe[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself";
    // A line cut by the kill was not acknowledged.
    for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
      acknowledged.insert(text.substr(at, end - at));
  }
  const auto ledger = Ledger::open(dir.path(), OpenMode::write);
  const auto v = ledger->verify();
  EXPECT_TRUE(v.holds) << v.first_fault;
  std::set<std::string> kept;
  ledger->for_each({}, [&](const Row& row) { kept.insert(row.fact.uid); });
  for (const auto& uid : acknowledged) ASSERT_TRUE(kept.contains(uid)) << uid;
  EXPECT_GT(acknowledged.size(), 0u) << "the kills came before any record";
  RecordProperty("acknowledged", static_cast<int>(acknowledged.size()));
}

TEST(LedgerChaos, ManyProcessesAndThreadsWriteOneChain) {
  constexpr int processes = 3, threads = 2, each = 25;
  tests::ScratchDir dir;
  std::vector<pid_t> children;
  for (int p = 0; p < processes; ++p) {
    const pid_t child = ::fork();
    if (child == 0) {
      int code = 0;
      try {
        const auto ledger = Ledger::open(dir.path(), OpenMode::write);
        std::vector<std::jthread> all;
        for (int t = 0; t < threads; ++t)
          all.emplace_back([&, t] {
            for (int i = 0; i < each; ++i)
              ledger->record(small_fact(std::to_string(p) + "-" + std::to_string(t) + "-" + std::to_string(i)));
          });
      } catch (const std::exception& e) {
        std::fprintf(stderr, "writer: %s\n", e.what());
        code = 2;
      }
      ::_exit(code);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const auto ledger = Ledger::open(dir.path(), OpenMode::read);
  const auto v = ledger->verify();
  EXPECT_TRUE(v.holds) << v.first_fault;
  EXPECT_EQ(v.rows, processes * threads * each);
  EXPECT_EQ(v.chains.size(), 1u) << "one host, one chain";
}

TEST(LedgerChaos, ReadingGoesOnWhileOthersWrite) {
  tests::ScratchDir dir;
  const auto writer = Ledger::open(dir.path(), OpenMode::write);
  writer->record(small_fact("first"));
  std::jthread busy([&](std::stop_token stop) {
    while (!stop.stop_requested()) writer->record(small_fact(""));
  });
  for (int i = 0; i < 10; ++i) {
    const auto v = Ledger::open(dir.path(), OpenMode::read)->verify();
    EXPECT_TRUE(v.holds) << v.first_fault;
  }
}

TEST(LedgerChaos, AFullDiskLosesOnlyWhatItRefused) {
  tests::ScratchDir dir;
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe[0]);
    // A limit on the file's size stands for a disk that ends.
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1'000'000, 1'000'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int code = 4, recorded = 0;
    try {
      const auto ledger = Ledger::open(dir.path(), OpenMode::write);
      for (int i = 0; i < 5000; ++i) {
        std::vector<Fact> batch;
        for (int j = 0; j < 1 + i % 2 * 24; ++j)
          batch.push_back(small_fact("f" + std::to_string(i) + "-" + std::to_string(j)));
        ledger->record_all(batch);
        recorded += static_cast<int>(batch.size());
      }
    } catch (const Error& e) {
      code = e.kind() == ErrorKind::world && std::string(e.what()).find("full") != std::string::npos ? 0 : 5;
      if (code) std::fprintf(stderr, "writer: %s\n", e.what());
    }
    if (::write(pipe[1], &recorded, sizeof recorded) != sizeof recorded) code = 6;
    ::_exit(code);
  }
  ::close(pipe[1]);
  int recorded = 0;
  EXPECT_EQ(::read(pipe[0], &recorded, sizeof recorded), static_cast<ssize_t>(sizeof recorded));
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_GT(recorded, 10);
  const auto ledger = Ledger::open(dir.path(), OpenMode::write);
  EXPECT_EQ(ledger->size(), recorded) << "the batch that did not fit left nothing behind";
  EXPECT_TRUE(ledger->verify().holds);
  ledger->record(small_fact("after"));
  EXPECT_TRUE(ledger->verify().holds);
}

TEST(LedgerChaos, ABusyLedgerIsSaidAfterTheWait) {
  tests::ScratchDir dir;
  const auto one = Ledger::open(dir.path(), OpenMode::write);
  const auto two = Ledger::open(dir.path(), OpenMode::write, {.busy_timeout = std::chrono::milliseconds(50)});
  one->record(small_fact("x"));
  // A reader does not stand in a writer's way; a writer inside its transaction does.
  bool refused = false;
  one->for_each({}, [&](const Row&) { two->record(small_fact("while another reads")); });
  std::vector<Fact> many;
  for (int i = 0; i < 60'000; ++i) many.push_back(small_fact(std::to_string(i)));
  std::jthread writer([&] { one->record_all(many); });
  for (int i = 0; i < 400 && !refused; ++i) try {
      two->record(small_fact(""));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    } catch (const Error& e) {
      refused = e.kind() == ErrorKind::world;
      EXPECT_NE(std::string(e.what()).find("another process"), std::string::npos) << e.what();
    }
  EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace wattline::ledger
