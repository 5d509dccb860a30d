#include "ledger/ledger.h"

#include <fstream>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/database.h"
#include "ledger/schema.h"

namespace wattline::ledger {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

Fact a_fact(double joules = 12.5, std::string uid = "") {
  Fact f;
  f.kind = "run";
  f.begin = parse_time("2026-11-24T10:00:00Z");
  f.end = parse_time("2026-11-24T10:00:05Z");
  f.energy = Estimate<Energy>::relative(Energy(joules), 0.2, Method::modelled, "power curve")
                 .from_factor("device.some-cpu.power") +
             Estimate<Energy>::with_sd(Energy(1), Energy(0.25), Method::measured, "RAPL");
  f.tokens_in = 7;
  f.tokens_out = 42;
  f.model = "glow-xs";
  f.device = "some cpu";
  f.place = "FR";
  f.labels = {{"project", "thesis"}, {"Grün", "ja \"nein\"\n"}};
  f.uid = std::move(uid);
  return f;
}

std::shared_ptr<Ledger> writable(const fs::path& dir, OpenOptions options = {}) {
  return Ledger::open(dir, OpenMode::write, std::move(options));
}

TEST(Ledger, KeepsWhatItIsGiven) {
  tests::ScratchDir dir;
  const Fact fact = a_fact();
  const std::string uid = writable(dir.path(), {.factor_set = "2026-11-24-abc"})->record(fact);
  const auto ledger = Ledger::open(dir.path(), OpenMode::read);
  const auto row = ledger->find(uid);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->seq, 1);
  EXPECT_EQ(row->prev_hash, first_link);
  EXPECT_EQ(row->hash, hash_of(canonical(*row)));
  EXPECT_EQ(row->factor_set, "2026-11-24-abc");
  EXPECT_EQ(row->fact.kind, "run");
  EXPECT_EQ(row->fact.begin, fact.begin);
  EXPECT_EQ(row->fact.end, fact.end);
  EXPECT_EQ(row->fact.tokens_out, 42);
  EXPECT_EQ(row->fact.labels, fact.labels);
  EXPECT_EQ(row->fact.energy.raw().value(), fact.energy.raw().value());
  EXPECT_EQ(row->fact.energy.raw().by_factor(), fact.energy.raw().by_factor());
  EXPECT_DOUBLE_EQ(row->fact.energy.raw().independent_sd(), 0.25);
  EXPECT_EQ(row->fact.energy.method(), Method::modelled);
  EXPECT_EQ(row->fact.energy.raw().sources(), fact.energy.raw().sources());
  EXPECT_FALSE(ledger->find("nothing"));
  EXPECT_TRUE(ledger->verify().holds);
}

TEST(Ledger, TheSameUidTwiceIsOneFact) {
  tests::ScratchDir dir;
  const auto ledger = writable(dir.path());
  EXPECT_EQ(ledger->record(a_fact(1, "one")), "one");
  EXPECT_EQ(ledger->record(a_fact(2, "one")), "one");
  const std::vector<Fact> more{a_fact(3, "one"), a_fact(4, "two"), a_fact(5, "two"), a_fact(6)};
  ledger->record_all(more);
  ledger->record_all({});
  EXPECT_EQ(ledger->size(), 3);
  EXPECT_DOUBLE_EQ(ledger->find("one")->fact.energy.value().base(), 2);  // 1 J + 1 J of the helper
  EXPECT_TRUE(ledger->verify().holds);
}

TEST(Ledger, RecordAllIsAllOrNothing) {
  tests::ScratchDir dir;
  const auto ledger = writable(dir.path());
  std::vector<Fact> facts(10, a_fact());
  facts.back().tokens_in = -1;
  EXPECT_THROW(ledger->record_all(facts), Error);
  EXPECT_EQ(ledger->size(), 0);
}

TEST(Ledger, RefusesWhatCannotBeTrue) {
  tests::ScratchDir dir;
  const auto ledger = writable(dir.path());
  const auto refuses = [&](auto change, const char* why) {
    Fact f = a_fact();
    change(f);
    try {
      ledger->record(f);
      ADD_FAILURE() << why;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::bad_input);
      EXPECT_THAT(e.what(), HasSubstr(why));
    }
  };
  refuses([](Fact& f) { f.energy = Estimate<Energy>::exact(Energy(-3)); }, "-3 J");
  refuses([](Fact& f) { f.energy = Estimate<Energy>::exact(Energy(NAN)); }, "finite");
  refuses([](Fact& f) { f.energy = Estimate<Energy>::exact(Energy(INFINITY)); }, "finite");
  refuses([](Fact& f) { f.end = parse_time("2020-01-01"); }, "before it begins");
  refuses([](Fact& f) { f.tokens_out = -5; }, "tokens");
  refuses([](Fact& f) { f.kind.clear(); }, "kind");
  refuses([](Fact& f) { f.model.assign(5000, 'x'); }, "4096");
  refuses([](Fact& f) { f.labels.assign(101, {"a", "b"}); }, "labels");
  EXPECT_EQ(ledger->size(), 0);
}

TEST(Ledger, TakesAnyTextAndSurvivesIt) {
  tests::ScratchDir dir;
  const auto ledger = writable(dir.path());
  Fact f = a_fact();
  f.model = std::string("caf\xc3\xa9 \xff\xfe \x01 '; DROP TABLE facts; --");
  f.labels = {{std::string("nul\0inside", 10), "\xf0\x9f\x8c\xb1"}};
  const auto row = ledger->find(ledger->record(f));
  ASSERT_TRUE(row);
  EXPECT_THAT(row->fact.model, HasSubstr("caf\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd \x01 '; DROP TABLE"));
  EXPECT_EQ(row->fact.labels[0].first.size(), 10u);
  EXPECT_TRUE(ledger->verify().holds);
}

TEST(Ledger, CorrectionsAreNewRows) {
  tests::ScratchDir dir;
  const auto ledger = writable(dir.path());
  ledger->record(a_fact(10, "wrong"));
  ledger->record(a_fact(10, "right"));
  const std::string second = ledger->correct("wrong", a_fact(20));
  try {
    ledger->correct("wrong", a_fact(30));
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr(second));
  }
  const std::string third = ledger->correct(second, a_fact(30, "third"));
  EXPECT_EQ(ledger->correct(second, a_fact(30, "third")), "third");  // a retry
  double sum = 0;
  ledger->for_each({}, [&](const Row& row) { sum += row.fact.energy.value().base() - 1; });
  EXPECT_DOUBLE_EQ(sum, 40);
  ledger->retract(third, "the meter was unplugged");
  std::vector<std::string> uids;
  ledger->for_each({}, [&](const Row& row) { uids.push_back(row.fact.uid); });
  EXPECT_THAT(uids, testing::ElementsAre("right"));
  int all = 0;
  ledger->for_each({.superseded = true}, [&](const Row&) { ++all; });
  EXPECT_EQ(all, 5);
  EXPECT_THROW(ledger->correct("no such row", a_fact()), Error);
  EXPECT_TRUE(ledger->verify().holds);
}

TEST(Ledger, QueriesByPeriodAndKind) {
  tests::ScratchDir dir;
  const auto ledger = writable(dir.path());
  for (int day = 1; day <= 9; ++day) {
    Fact f = a_fact(day);
    f.begin = f.end = parse_time("2026-03-0" + std::to_string(day) + "T12:00:00Z");
    if (day % 2 == 0) f.kind = "answer";
    ledger->record(f);
  }
  const auto count = [&](Query q) {
    int n = 0;
    Time last;
    ledger->for_each(q, [&](const Row& row) {
      EXPECT_GE(row.fact.end, last);
      last = row.fact.end;
      ++n;
    });
    return n;
  };
  EXPECT_EQ(count({}), 9);
  EXPECT_EQ(count({.since = parse_time("2026-03-03")}), 7);
  EXPECT_EQ(count({.since = parse_time("2026-03-03"), .until = parse_time("2026-03-05")}), 2);
  EXPECT_EQ(count({.kind = "answer"}), 4);
}

// --- Tampering is seen, and the first bad row named.
class Tampered : public testing::Test {
 protected:
  void SetUp() override {
    const auto ledger = writable(dir_.path());
    for (int i = 1; i <= 5; ++i) ledger->record(a_fact(i, "row-" + std::to_string(i)));
    ASSERT_TRUE(ledger->verify().holds);
  }
  void forge(const std::string& sql) {
    Database database(dir_.path() / Ledger::file_name, Database::Access::create, std::chrono::seconds(1));
    database.run("DROP TRIGGER facts_stay; DROP TRIGGER facts_remain;" + sql);
  }
  std::string fault() {
    const Verification v = Ledger::open(dir_.path(), OpenMode::read)->verify();
    EXPECT_FALSE(v.holds);
    return v.first_fault;
  }
  tests::ScratchDir dir_;
};

TEST_F(Tampered, AChangedFigure) {
  forge("UPDATE facts SET energy = energy / 2 WHERE uid IN ('row-3', 'row-4')");
  EXPECT_THAT(fault(), testing::AllOf(HasSubstr("row-3"), HasSubstr("content")));
}
TEST_F(Tampered, AChangedLabel) {
  forge("UPDATE facts SET labels = '[[\"project\",\"other\"]]' WHERE seq = 2");
  EXPECT_THAT(fault(), HasSubstr("row-2"));
}
TEST_F(Tampered, ABrokenText) {
  forge("UPDATE facts SET labels = '[[' WHERE seq = 2");
  EXPECT_THAT(fault(), HasSubstr("row 2"));
  EXPECT_THROW(Ledger::open(dir_.path(), OpenMode::read)->for_each({}, [](const Row&) {}), Error);
}
TEST_F(Tampered, ADeletedRow) {
  forge("DELETE FROM facts WHERE seq = 2");
  EXPECT_THAT(fault(), testing::AllOf(HasSubstr("row-3"), HasSubstr("1 row(s) before it are missing")));
}
TEST_F(Tampered, ACutEnd) {
  forge("DELETE FROM facts WHERE seq > 3");
  EXPECT_THAT(fault(), HasSubstr("the last 2 row(s) are missing"));
}
TEST_F(Tampered, AnInsertedRow) {
  forge(
      "INSERT INTO facts SELECT writer, 6, hash, 'x', 'forged', recorded, '', factor_set, kind, begin_ns,"
      " end_ns, energy, energy_sd, by_factor, method, signed, sources, 0, 0, model, device, place, labels"
      " FROM facts WHERE seq = 5");
  EXPECT_THAT(fault(), HasSubstr("forged"));
}
TEST_F(Tampered, SwappedRows) {
  forge(
      "UPDATE facts SET seq = 99 WHERE seq = 2; UPDATE facts SET seq = 2 WHERE seq = 3;"
      "UPDATE facts SET seq = 3 WHERE seq = 99");
  EXPECT_THAT(fault(), HasSubstr("row-3"));
}
TEST_F(Tampered, AWriterTakenOut) {
  forge("DELETE FROM writers");
  EXPECT_THAT(fault(), HasSubstr("list of writers"));
}

TEST(Ledger, RowsCannotBeChangedOrDeleted) {
  tests::ScratchDir dir;
  const auto ledger = writable(dir.path());
  ledger->record(a_fact());
  Database database(dir.path() / Ledger::file_name, Database::Access::create, std::chrono::seconds(1));
  EXPECT_THROW(database.run("UPDATE facts SET energy = 0"), Error);
  EXPECT_THROW(database.run("DELETE FROM facts"), Error);
  EXPECT_TRUE(ledger->verify().holds);
}

// --- Versions.
TEST(Ledger, AFileOfVersion1IsBroughtUpToDate) {
  tests::ScratchDir dir;
  const fs::path file = dir.path() / Ledger::file_name;
  {
    // As the first version wrote it: its tables, its writer, one row.
    Database database(file, Database::Access::create, std::chrono::seconds(1));
    migrate(database, 1);
    Row row;
    row.writer = "0123456789ab";
    row.seq = 1;
    row.prev_hash = first_link;
    row.recorded = parse_time("2026-01-01");
    row.fact = a_fact(10, "old");
    row.hash = hash_of(canonical(row));
    EXPECT_EQ(row.hash, "7962bf4780685c4f4fcfe7c57182e8283147b3bb834625f9f89723e51ab1a0cb")
        << "the canonical form of a released version may never change";
    Statement(database, "INSERT INTO writers VALUES (?, 'elsewhere', 1, 1, ?)")
        .run(std::string_view(row.writer), std::string_view(row.hash));
    const RawEstimate& e = row.fact.energy.raw();
    const std::string by = "{\"device.some-cpu.power\":" + shortest(e.by_factor().begin()->second) + "}";
    Statement(database,
              "INSERT INTO facts VALUES (?,1,?,?,'old',?,'','','run',?,?,?,?,?,'modelled',0,"
              "'[\"RAPL\",\"power curve\"]',7,42,'glow-xs','some cpu','FR',?)")
        .run(std::string_view(row.writer), first_link, std::string_view(row.hash), row.recorded.ns, row.fact.begin.ns,
             row.fact.end.ns, e.value(), e.independent_sd(), std::string_view(by),
             std::string_view(R"([["project","thesis"],["Grün","ja \"nein\"\n"]])"));
  }
  EXPECT_EQ(Ledger::open(dir.path(), OpenMode::read)->schema_version(), 1);
  EXPECT_TRUE(Ledger::open(dir.path(), OpenMode::read)->verify().holds);
  const auto ledger = writable(dir.path());
  EXPECT_EQ(ledger->schema_version(), newest_schema());
  EXPECT_EQ(ledger->size(), 1);
  ledger->correct("old", a_fact(3));
  const auto v = ledger->verify();
  EXPECT_TRUE(v.holds) << v.first_fault;
  EXPECT_EQ(v.chains.size(), 2u);
}

TEST(Ledger, ANewerFileIsRefused) {
  tests::ScratchDir dir;
  writable(dir.path())->record(a_fact());
  {
    Database database(dir.path() / Ledger::file_name, Database::Access::create, std::chrono::seconds(1));
    database.run("PRAGMA user_version = 999");
  }
  for (const OpenMode mode : {OpenMode::read, OpenMode::write}) try {
      Ledger::open(dir.path(), mode);
      ADD_FAILURE();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::unsupported);
      EXPECT_THAT(e.what(), HasSubstr("999"));
    }
}

// --- What the world does.
void expect_error(ErrorKind kind, const char* text, const std::function<void()>& act) {
  try {
    act();
    ADD_FAILURE() << "no error: " << text;
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), kind) << e.what();
    EXPECT_THAT(e.what(), HasSubstr(text));
  }
}

TEST(Ledger, SaysWhatIsWrongWithAFile) {
  tests::ScratchDir dir;
  expect_error(ErrorKind::not_found, "no account here yet", [&] { Ledger::open(dir.path(), OpenMode::read); });
  std::ofstream(dir.path() / Ledger::file_name) << std::string(5000, 'x');
  expect_error(ErrorKind::world, "no account", [&] { Ledger::open(dir.path(), OpenMode::read); });
  expect_error(ErrorKind::world, "no account", [&] { writable(dir.path()); });
  fs::remove(dir.path() / Ledger::file_name);
  {
    Database other(dir.path() / Ledger::file_name, Database::Access::create, std::chrono::seconds(1));
    other.run("CREATE TABLE cats (name TEXT)");
  }
  expect_error(ErrorKind::world, "no account of this program", [&] { writable(dir.path()); });
  std::ofstream(dir.path() / "plain") << "a file";
  expect_error(ErrorKind::world, "folder", [&] { writable(dir.path() / "plain"); });
  expect_error(ErrorKind::world, "folder", [&] { writable(dir.path() / "plain" / "below"); });
}

TEST(Ledger, ADamagedFileIsNoCrash) {
  tests::ScratchDir dir;
  {
    const auto ledger = writable(dir.path());
    std::vector<Fact> facts(200, a_fact());
    ledger->record_all(facts);
  }
  const fs::path file = dir.path() / Ledger::file_name;
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(fs::file_size(file) / 2));
  stream << std::string(9000, '\xa5');
  stream.close();
  const Verification v = Ledger::open(dir.path(), OpenMode::read)->verify();
  EXPECT_FALSE(v.holds);
  EXPECT_FALSE(v.first_fault.empty());
}

TEST(Ledger, ReadOnlyModeWritesNothing) {
  tests::ScratchDir dir;
  writable(dir.path())->record(a_fact(1, "x"));
  const auto ledger = Ledger::open(dir.path(), OpenMode::read);
  expect_error(ErrorKind::denied, "reading only", [&] { ledger->record(a_fact()); });
  expect_error(ErrorKind::denied, "reading only", [&] { ledger->record_all(std::vector<Fact>{a_fact()}); });
  expect_error(ErrorKind::denied, "reading only", [&] { ledger->correct("x", a_fact()); });
  EXPECT_EQ(ledger->size(), 1);
}

// Runs `act` in a child; its exit code: 0 when it returned true.
int in_child(const std::function<bool()>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    bool ok = false;
    try {
      ok = act();
    } catch (const std::exception& e) {
      std::fprintf(stderr, "child: %s\n", e.what());
    }
    ::_exit(ok ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(Ledger, AReadOnlyFolderCanBeReadAndIsNotWritten) {
  tests::ScratchDir dir;
  const fs::path folder = dir.path() / "account";
  writable(folder)->record(a_fact(1, "x"));
  fs::permissions(dir.path(), fs::perms(0755));
  ::chmod((folder / Ledger::file_name).c_str(), 0444);
  ::chmod(folder.c_str(), 0555);
  // Root may write anywhere, so the child becomes nobody.
  EXPECT_EQ(in_child([&] {
              if (::geteuid() == 0 && ::setuid(65534) != 0) return false;
              const auto ledger = Ledger::open(folder, OpenMode::read);
              if (!ledger->find("x") || !ledger->verify().holds) return false;
              try {
                Ledger::open(folder, OpenMode::write);
              } catch (const Error& e) {
                return e.kind() == ErrorKind::denied && std::string(e.what()).find("--ledger") != std::string::npos;
              }
              return false;
            }),
            0);
  EXPECT_EQ(in_child([&] {
              if (::geteuid() == 0 && ::setuid(65534) != 0) return false;
              try {
                Ledger::open(folder / "below", OpenMode::write);
              } catch (const Error& e) {
                return e.kind() == ErrorKind::denied;
              }
              return false;
            }),
            0);
  ::chmod(folder.c_str(), 0755);
}

TEST(Ledger, TheDefaultPlace) {
  const auto with = [](const char* own, const char* xdg, const char* home) {
    // A child of its own, so that other tests keep their environment.
    tests::ScratchDir dir;
    const fs::path out = dir.path() / "out";
    EXPECT_EQ(
        in_child([&] {
          for (const auto& [name, value] : {std::pair("WATTLINE_LEDGER", own), {"XDG_DATA_HOME", xdg}, {"HOME", home}})
            value ? ::setenv(name, value, 1) : ::unsetenv(name);
          std::ofstream file(out);
          try {
            file << default_dir().string();
          } catch (const Error&) {
            file << "error";
          }
          return true;
        }),
        0);
    std::string text;
    std::getline(std::ifstream(out) >> std::ws, text);
    return text;
  };
  EXPECT_EQ(with("/own", "/xdg", "/home/me"), "/own");
  EXPECT_EQ(with(nullptr, "/xdg", "/home/me"), "/xdg/wattline/ledger");
  EXPECT_EQ(with(nullptr, "", "/home/me"), "/home/me/.local/share/wattline/ledger");
  EXPECT_EQ(with(nullptr, nullptr, nullptr), "error");
  EXPECT_EQ(Location{"here"}.dir(), "here");
}

}  // namespace
}  // namespace wattline::ledger
