#include "serve/audit_log.h"

#include <fstream>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/testing.h"

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;
using ::wattline::tests::ScratchDir;

std::string text_of(const std::string& path) {
  std::stringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  return all.str();
}

TEST(AuditLog, GoesOnWhereItEnded) {
  const ScratchDir dir;
  const auto path = (dir.path() / "audit.jsonl").string();
  {
    AuditLog log(path);
    log.record("admin", "key.create", "laptop", {{"tenant", "lab \"quoted\"\n"}});
    log.record("admin", "key.revoke", "laptop");
  }
  {
    AuditLog log(path);
    log.record("admin", "tenant.set", "lab");
  }
  const auto check = check_audit(text_of(path));
  EXPECT_EQ(check.first_fault, "");
  EXPECT_EQ(check.lines, 3);
  EXPECT_THAT(text_of(path), HasSubstr("\"seq\":3"));
}

TEST(AuditLog, ShowsWhatWasDoneToIt) {
  const ScratchDir dir;
  const auto path = (dir.path() / "audit.jsonl").string();
  {
    AuditLog log(path);
    for (const char* id : {"a", "b", "c", "d"}) log.record("admin", "key.create", id);
  }
  const std::string good = text_of(path);
  std::vector<std::string> lines;
  std::stringstream in(good);
  for (std::string l; std::getline(in, l);) lines.push_back(l + "\n");
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(check_audit(good).first_fault, "");
  std::string changed = good;
  changed.replace(changed.find("\"b\""), 3, "\"x\"");
  EXPECT_THAT(check_audit(changed).first_fault, HasSubstr("line 2: was changed"));
  EXPECT_THAT(check_audit(lines[0] + lines[2] + lines[3]).first_fault, HasSubstr("line 2: does not follow"));
  EXPECT_THAT(check_audit(lines[1] + lines[0]).first_fault, HasSubstr("line 1"));
  EXPECT_THAT(check_audit(lines[0] + lines[0]).first_fault, HasSubstr("line 2"));
  EXPECT_THAT(check_audit(good + "{}\n").first_fault, HasSubstr("line 5: broken"));
  EXPECT_THAT(check_audit(good.substr(0, good.size() - 5)).first_fault, HasSubstr("line 4: broken"));
  // Cut off at the end shows only to who kept the last hash.
  EXPECT_NE(check_audit(lines[0]).last_hash, check_audit(good).last_hash);
  std::ofstream(path, std::ios::binary) << changed.substr(0, changed.size() - lines[3].size() - lines[2].size());
  EXPECT_THROW(AuditLog{path}, Error);
}

TEST(AuditLog, HalfALineIsToldAndTheChainHolds) {
  const ScratchDir dir;
  const auto path = (dir.path() / "audit.jsonl").string();
  for (int round = 0; round < 3; ++round) {
    {
      AuditLog log(path);
      log.record("admin", "key.create", "a");
    }
    std::ofstream(path, std::ios::binary | std::ios::app) << "{\"seq\":2,\"ti";
  }
  { AuditLog log(path); }
  EXPECT_EQ(check_audit(text_of(path)).first_fault, "");
  std::string forged = text_of(path);
  forged.replace(forged.find("\"ti\n"), 3, "\"xx");
  EXPECT_THAT(check_audit(forged).first_fault, HasSubstr("broken"));
}

TEST(AuditLog, AFloodOfRefusalsIsCounted) {
  const ScratchDir dir;
  const auto path = (dir.path() / "audit.jsonl").string();
  {
    AuditLog log(path);
    const Time now = parse_time("2026-11-25T00:00:00Z");
    for (int i = 0; i < 1000; ++i) log.refused("unknown", "", "127.0.0.1", now);
    log.refused("revoked", "laptop", "127.0.0.1", now + Duration(1));
  }
  const auto text = text_of(path);
  EXPECT_EQ(check_audit(text).first_fault, "");
  EXPECT_EQ(check_audit(text).lines, AuditLog::most_refusals + 2);
  EXPECT_THAT(text, HasSubstr("\"count\":\"990\""));
  EXPECT_THAT(text, HasSubstr("\"subject\":\"laptop\""));
}

TEST(AuditLog, HoldsFromManyThreads) {
  const ScratchDir dir;
  const auto path = (dir.path() / "audit.jsonl").string();
  {
    AuditLog log(path);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) {
          log.record("admin", "key.create", "a");
          log.refused("unknown", "", "", Time::now());
        }
      });
    for (auto& t : threads) t.join();
  }
  EXPECT_EQ(check_audit(text_of(path)).first_fault, "");
  EXPECT_GE(check_audit(text_of(path)).lines, 81);
}

TEST(AuditLog, WhereItCannotBeWrittenNothingBegins) {
  EXPECT_THROW(AuditLog("/nonexistent/audit.jsonl"), Error);
  EXPECT_THROW(AuditLog("/dev"), Error);
  AuditLog none("");
  none.record("admin", "x", "y");
  EXPECT_FALSE(none.kept());
}

}  // namespace
}  // namespace wattline::serve
