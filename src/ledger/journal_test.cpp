#include "ledger/journal.h"

#include <atomic>
#include <fstream>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/ledger.h"

namespace wattline::ledger {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

Fact common_fact(const std::string& model = "glow-xs") {
  Fact f;
  f.kind = "answer";
  f.model = model;
  f.device = "made up";
  f.place = "FR";
  f.labels = {{"served_as", model}, {"status", "ok"}};
  f.energy = Estimate<Energy>::with_sd(Energy(1), Energy(1), Method::modelled, "a roofline");
  f.energy.raw().attribute_to("serve.energy." + model);
  return f;
}

FactNumbers numbers(std::string_view uid, double joules = 2) {
  return {uid, Time{1'000}, Time{2'000}, Energy(joules), Energy(joules / 10), 12, 3};
}

// An account in memory that may refuse.
struct Account {
  std::mutex mutex;
  std::vector<Fact> facts;
  std::function<void(std::span<const Fact>)> refuse;
  std::atomic<int> tries{0};
  std::string factor_set;
  Commit commit() {
    return [this](std::span<const Fact> all, std::string_view factors) {
      std::lock_guard lock(mutex);
      ++tries;
      if (refuse) refuse(all);
      factor_set = factors;
      facts.insert(facts.end(), all.begin(), all.end());
    };
  }
};

struct Words {
  std::mutex mutex;
  std::string text;
  Log log() {
    return [this](std::string_view line) {
      std::lock_guard lock(mutex);
      text.append(line) += '\n';
    };
  }
};

JournalOptions quick(Words* words = nullptr) {
  JournalOptions options;
  options.period = 2ms;
  options.factor_set = "edition 7";
  if (words) options.log = words->log();
  return options;
}

std::vector<fs::path> files_in(const fs::path& dir) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(journal_dir(dir))) out.push_back(entry.path());
  return out;
}

template <class F>
bool soon(F&& happens) {
  for (int i = 0; i < 5000; ++i) {
    if (happens()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

TEST(Journal, BringsEachFactIntoTheAccountWholeAndOnce) {
  tests::ScratchDir dir;
  Account account;
  JournalOptions options = quick();
  options.file_bytes = 8192;  // many files
  options.batch = 50;
  const auto journal = Journal::open(dir.path(), account.commit(), options);
  const auto a = journal->shape(common_fact("a")), b = journal->shape(common_fact("b"));
  EXPECT_EQ(journal->shape(common_fact("a")), a);
  constexpr int threads = 4, each = 2000;
  std::vector<std::jthread> writers;
  for (int t = 0; t < threads; ++t)
    writers.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) journal->record(i % 2 ? a : b, numbers(fmt::format("{}-{}", t, i), i));
    });
  writers.clear();
  journal->close(60s);
  EXPECT_EQ(journal->backlog().written, threads * each);
  EXPECT_EQ(journal->backlog().waiting, 0);
  EXPECT_EQ(journal->backlog().lost, 0);
  EXPECT_EQ(account.factor_set, "edition 7");
  std::set<std::string> uids;
  for (const Fact& f : account.facts) {
    ASSERT_TRUE(uids.insert(f.uid).second) << f.uid;
    const int i = std::stoi(f.uid.substr(2));
    const Fact common = common_fact(i % 2 ? "a" : "b");
    ASSERT_EQ(f.model, common.model);
    ASSERT_EQ(f.labels, common.labels);
    ASSERT_EQ(f.energy.value().base(), i);
    ASSERT_NEAR(f.energy.sd().base(), i / 10.0, 1e-12);
    ASSERT_EQ(f.energy.method(), Method::modelled);
    ASSERT_EQ(f.energy.raw().sources(), common.energy.raw().sources());
    ASSERT_EQ(f.energy.raw().by_factor().begin()->first, "serve.energy." + f.model);
    ASSERT_EQ(f.energy.raw().independent_sd(), 0);
    ASSERT_EQ(f.begin.ns, 1'000);
    ASSERT_EQ(f.end.ns, 2'000);
    ASSERT_EQ(f.tokens_in, 12);
    ASSERT_EQ(f.tokens_out, 3);
  }
  EXPECT_EQ(uids.size(), static_cast<std::size_t>(threads * each));
  EXPECT_THAT(files_in(dir.path()), IsEmpty());
}

TEST(Journal, AMeasuredFactKeepsItsOwnUncertainty) {
  tests::ScratchDir dir;
  Account account;
  const auto journal = Journal::open(dir.path(), account.commit(), quick());
  Fact common = common_fact();
  common.energy = Estimate<Energy>::with_sd(Energy(1), Energy(1), Method::measured, "RAPL");
  journal->record(journal->shape(common), numbers("m", 5));
  journal->close(10s);
  ASSERT_EQ(account.facts.size(), 1u);
  EXPECT_NEAR(account.facts[0].energy.raw().independent_sd(), 0.5, 1e-12);
  EXPECT_TRUE(account.facts[0].energy.raw().by_factor().empty());
  EXPECT_EQ(account.facts[0].energy.method(), Method::measured);
}

TEST(Journal, FactsWaitWhileTheAccountTakesNothing) {
  tests::ScratchDir dir;
  Account account;
  Words words;
  account.refuse = [&](auto) {
    if (account.tries <= 3) throw world_error("disk full");
  };
  const auto journal = Journal::open(dir.path(), account.commit(), quick(&words));
  const auto shape = journal->shape(common_fact());
  for (int i = 0; i < 10; ++i) journal->record(shape, numbers(fmt::format("w-{}", i)));
  EXPECT_TRUE(soon([&] { return journal->backlog().written == 10; }));
  EXPECT_EQ(account.facts.size(), 10u);
  EXPECT_THAT(words.text, HasSubstr("disk full"));
  EXPECT_THAT(words.text, HasSubstr("takes answers again"));
  journal->close(10s);
}

TEST(Journal, WhatTheAccountNeverTakesIsLeftOutAloneAndTold) {
  tests::ScratchDir dir;
  Account account;
  Words words;
  account.refuse = [](std::span<const Fact> all) {
    for (const auto& f : all)
      if (f.uid == "13") throw bad_input("no fact can be so", f.uid);
  };
  const auto journal = Journal::open(dir.path(), account.commit(), quick(&words));
  const auto shape = journal->shape(common_fact());
  for (int i = 0; i < 100; ++i) journal->record(shape, numbers(std::to_string(i)));
  journal->close(10s);
  EXPECT_EQ(journal->backlog().written, 99);
  EXPECT_EQ(journal->backlog().lost, 1);
  EXPECT_EQ(account.facts.size(), 99u);
  EXPECT_THAT(words.text, HasSubstr("13 is refused by the account for good"));
}

TEST(Journal, ClosedBeforeTheAccountTakesThemItLeavesThemForTheNext) {
  tests::ScratchDir dir;
  Account closed, open;
  Words words;
  closed.refuse = [](auto) { throw world_error("busy"); };
  {
    const auto journal = Journal::open(dir.path(), closed.commit(), quick(&words));
    const auto shape = journal->shape(common_fact());
    for (int i = 0; i < 5; ++i) journal->record(shape, numbers(std::to_string(i)));
    journal->close(20ms);
    journal->record(shape, numbers("late"));
    EXPECT_EQ(journal->backlog().waiting, 5);
    EXPECT_EQ(journal->backlog().lost, 1);
  }
  EXPECT_THAT(words.text, HasSubstr("5 answers wait in"));
  const auto adopted = adopt_journals(dir.path(), open.commit());
  EXPECT_EQ(adopted.facts, 5);
  EXPECT_EQ(open.facts.size(), 5u);
  EXPECT_THAT(files_in(dir.path()), IsEmpty());
  EXPECT_EQ(adopt_journals(dir.path(), open.commit()).facts, 0);
}

TEST(Journal, FilesOfLivingWritersAreLeftAlone) {
  tests::ScratchDir dir;
  Account busy, other;
  busy.refuse = [](auto) { throw world_error("busy"); };
  const auto journal = Journal::open(dir.path(), busy.commit(), quick());
  journal->record(journal->shape(common_fact()), numbers("1"));
  EXPECT_EQ(adopt_journals(dir.path(), other.commit()).files, 0);
  EXPECT_TRUE(other.facts.empty());
  EXPECT_EQ(files_in(dir.path()).size(), 1u);
  journal->close(0ms);
}

TEST(Journal, ABacklogIsBoundedAndCounted) {
  tests::ScratchDir dir;
  Account account;
  Words words;
  account.refuse = [](auto) { throw world_error("held by another"); };
  JournalOptions options = quick(&words);
  options.backlog_bytes = 4096;
  const auto journal = Journal::open(dir.path(), account.commit(), options);
  const auto shape = journal->shape(common_fact());
  for (int i = 0; i < 1000; ++i) journal->record(shape, numbers(fmt::format("uid-{}", i)));
  const auto b = journal->backlog();
  EXPECT_GT(b.lost, 500);
  EXPECT_EQ(b.lost + b.waiting, 1000);
  std::uintmax_t bytes = 0;
  for (const auto& f : files_in(dir.path())) bytes += fs::file_size(f);
  EXPECT_LT(bytes, 3u * 4096);
  EXPECT_THAT(words.text, HasSubstr("lost to the ledger"));
  journal->close(0ms);
}

TEST(Journal, RecordingWaitsForTheCommitterRatherThanLosing) {
  tests::ScratchDir dir;
  Account account;
  account.refuse = [](auto) { std::this_thread::sleep_for(1ms); };  // slow, but it takes them
  JournalOptions options = quick();
  options.backlog_bytes = 4096;
  options.batch = 20;
  options.patience = 10s;
  const auto journal = Journal::open(dir.path(), account.commit(), options);
  const auto shape = journal->shape(common_fact());
  for (int i = 0; i < 1000; ++i) journal->record(shape, numbers(fmt::format("uid-{}", i)));
  journal->close(60s);
  EXPECT_EQ(journal->backlog().lost, 0);
  EXPECT_EQ(account.facts.size(), 1000u);
}

TEST(Journal, AFullDiskKeepsFactsInMemoryUntilItHasRoom) {
  tests::ScratchDir dir;
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 0;
    try {
      ::signal(SIGXFSZ, SIG_IGN);
      Account account;
      Words words;
      JournalOptions options = quick(&words);
      const auto journal = Journal::open(dir.path(), account.commit(), options);
      const auto shape = journal->shape(common_fact());
      journal->record(shape, numbers("before"));
      // Files may not grow: as a full disk, every write fails.
      const rlimit none{2, RLIM_INFINITY}, all{RLIM_INFINITY, RLIM_INFINITY};
      ::setrlimit(RLIMIT_FSIZE, &none);
      for (int i = 0; i < 100; ++i) journal->record(shape, numbers(fmt::format("full-{}", i)));
      if (journal->backlog().lost != 0) code = 1;
      ::setrlimit(RLIMIT_FSIZE, &all);
      if (!soon([&] { return journal->backlog().written == 101; })) code = 2;
      journal->close(10s);
      if (account.facts.size() != 101) code = 3;
      if (words.text.find("the disk takes no answers now") == std::string::npos) code = 4;
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
      code = 9;
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// A file as a dead writer leaves it, its last bytes changed by `spoil`.
void leave_file(const fs::path& dir, int facts, const std::function<void(std::string&)>& spoil) {
  std::string bytes(journal_magic);
  append_shape(bytes, 0, common_fact(), "edition 6");
  for (int i = 0; i < facts; ++i) append_fact(bytes, 0, numbers(std::to_string(i)));
  spoil(bytes);
  fs::create_directories(journal_dir(dir));
  std::ofstream(journal_dir(dir) / "left.journal", std::ios::binary) << bytes;
}

TEST(JournalAdoption, AnEntryCutByAKillIsNoFact) {
  for (std::size_t cut = 0; cut < 120; ++cut) {
    tests::ScratchDir dir;
    Account account;
    Words words;
    leave_file(dir.path(), 3, [&](std::string& bytes) { bytes.resize(bytes.size() - cut); });
    const auto adopted = adopt_journals(dir.path(), account.commit(), words.log());
    const std::int64_t entry = 8 + 1 + 4 + 48 + 1;
    ASSERT_EQ(adopted.facts, 3 - (static_cast<std::int64_t>(cut) + entry - 1) / entry) << cut;
    ASSERT_EQ(words.text, "") << cut;
    ASSERT_THAT(files_in(dir.path()), IsEmpty()) << cut;
    if (adopted.facts > 0) {
      ASSERT_EQ(account.factor_set, "edition 6");
    }
  }
}

TEST(JournalAdoption, ADamagedFileIsKeptAsideAfterWhatStoodBefore) {
  tests::ScratchDir dir;
  Account account;
  Words words;
  leave_file(dir.path(), 10, [](std::string& bytes) { bytes[bytes.size() - 5 * 62 - 10] ^= 0x40; });
  const auto adopted = adopt_journals(dir.path(), account.commit(), words.log());
  EXPECT_EQ(adopted.facts, 4);
  EXPECT_THAT(words.text, HasSubstr("damaged"));
  ASSERT_EQ(files_in(dir.path()).size(), 1u);
  EXPECT_EQ(files_in(dir.path())[0].extension(), ".damaged");
  EXPECT_EQ(adopt_journals(dir.path(), account.commit()).files, 0);
}

TEST(JournalAdoption, WhatIsNoJournalIsKeptAside) {
  tests::ScratchDir dir;
  Account account;
  fs::create_directories(journal_dir(dir.path()));
  std::ofstream(journal_dir(dir.path()) / "x.journal") << "hello, this is no journal";
  std::ofstream(journal_dir(dir.path()) / "empty.journal");
  std::ofstream(journal_dir(dir.path()) / "notes.txt") << "mine";
  adopt_journals(dir.path(), account.commit());
  EXPECT_TRUE(account.facts.empty());
  EXPECT_TRUE(fs::exists(journal_dir(dir.path()) / "x.journal.damaged"));
  EXPECT_FALSE(fs::exists(journal_dir(dir.path()) / "empty.journal"));
  EXPECT_TRUE(fs::exists(journal_dir(dir.path()) / "notes.txt"));
}

TEST(JournalAdoption, AFailureInTheMiddleLosesNothingAndDoublesNothing) {
  tests::ScratchDir dir;
  const auto ledger = Ledger::open(dir.path(), OpenMode::write);
  leave_file(dir.path(), 5000, [](std::string&) {});
  int calls = 0;
  const Commit failing = [&](std::span<const Fact> facts, std::string_view factors) {
    if (++calls == 2) throw world_error("disk full");
    ledger->record_all(facts, factors);
  };
  EXPECT_THROW(adopt_journals(dir.path(), failing), Error);
  EXPECT_EQ(files_in(dir.path()).size(), 1u);
  EXPECT_EQ(adopt_journals(dir.path(), failing).facts, 5000);
  EXPECT_EQ(ledger->size(), 5000);
  EXPECT_EQ(ledger->find("17")->factor_set, "edition 6");
  EXPECT_TRUE(ledger->verify().holds);
}

// A gateway's writer: facts through a journal until it is killed; the uid of each recorded one goes down the pipe.
[[noreturn]] void record_until_killed(const fs::path& dir, int pipe, int round) {
  try {
    const auto ledger = Ledger::open(dir, OpenMode::write);
    const auto journal = ledger->open_journal({});
    const auto shape = journal->shape(common_fact());
    for (int i = 0;; ++i) {
      const std::string uid = fmt::format("k{}-{}", round, i), line = uid + "\n";
      journal->record(shape, numbers(uid));
      if (::write(pipe, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(3);
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "writer: %s\n", e.what());
    ::_exit(2);
  }
}

TEST(JournalChaos, KilledAtAnyMomentEveryRecordedFactIsInTheAccountOnce) {
  const char* wanted = std::getenv("WATTLINE_CHAOS_KILLS");
  const int kills = wanted ? std::atoi(wanted) : 20;
  tests::ScratchDir dir;
  std::mt19937_64 random(20261125);
  std::set<std::string> recorded;
  for (int round = 0; round < kills; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      record_until_killed(dir.path(), pipe[1], round);
    }
    ::close(pipe[1]);
    std::string text;
    char buffer[65536];
    if (round % 4)
      if (const ssize_t n = ::read(pipe[0], buffer, sizeof buffer); n > 0)
        text.append(buffer, static_cast<std::size_t>(n));
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 30'000);
    std::thread killer([&] {
      std::this_thread::sleep_until(end);
      ::kill(child, SIGKILL);
    });
    for (ssize_t n; (n = ::read(pipe[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
    killer.join();
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself";
    for (std::size_t at = 0, stop; (stop = text.find('\n', at)) != std::string::npos; at = stop + 1)
      recorded.insert(text.substr(at, stop - at));
  }
  const auto ledger = Ledger::open(dir.path(), OpenMode::write);
  adopt_journals(dir.path(), [&](auto facts, auto factors) { ledger->record_all(facts, factors); });
  EXPECT_TRUE(ledger->verify().holds);
  std::set<std::string> kept;
  std::int64_t rows = 0;
  ledger->for_each({}, [&](const Row& row) {
    kept.insert(row.fact.uid);
    ++rows;
  });
  EXPECT_EQ(static_cast<std::int64_t>(kept.size()), rows);
  for (const auto& uid : recorded) ASSERT_TRUE(kept.contains(uid)) << uid;
  EXPECT_GT(recorded.size(), 0u) << "the kills came before any record";
}

}  // namespace
}  // namespace wattline::ledger
