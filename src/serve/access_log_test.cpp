#include "serve/access_log.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"
#include "kernel/testing.h"

namespace wattline::serve {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string content(const fs::path& p) {
  std::ifstream in(p);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}
std::size_t lines(const fs::path& p) {
  const std::string text = content(p);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

AnswerPtr answer() {
  auto a = std::make_shared<Answer>();
  auto b = std::make_shared<Basis>();
  b->model = "m\"1";
  b->upstream = "gpu";
  b->energy = figure_basis("J", Method::modelled, {});
  a->basis = b;
  a->id = "wl-1";
  a->tokens_in = 7;
  a->tokens_out = 3;
  a->joules = {0.5, 0.4, 0.6};
  a->carbon = {2, 1, 3};
  a->water = {0.1, 0, 0.2};
  a->first_token = Duration(0.05);
  a->finish_reason = "stop";
  a->cache = CacheUse::miss;
  return a;
}
RequestInfo request() {
  RequestInfo r;
  r.id = "req-1";
  r.context.trace[0] = 0xab;
  r.method = "POST";
  r.path = "/v1/chat/completions";
  r.client = "10.0.0.1";
  r.operation = "chat";
  r.tenant = "blue";
  r.key = "k1";
  r.begin = parse_time("2026-11-25T10:00:00Z");
  r.end = r.begin + Duration(0.25);
  r.status = 200;
  r.bytes_in = 100;
  r.bytes_out = 900;
  return r;
}

TEST(AccessLine, TellsARequestAndItsAnswer) {
  RequestInfo r = request();
  r.answers = {answer(), answer()};
  std::string line;
  append_access_line(line, r, "v7");
  ASSERT_TRUE(line.ends_with("}\n"));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  const Json j = parse_json(line);
  EXPECT_EQ(j.at("time").as_string(), "2026-11-25T10:00:00.000Z");
  EXPECT_EQ(j.at("request_id").as_string(), "req-1");
  EXPECT_EQ(j.at("trace_id").as_string(), "ab000000000000000000000000000000");
  EXPECT_EQ(j.at("status").as_integer(), 200);
  EXPECT_EQ(j.at("duration_ms").as_number(), 250);
  EXPECT_EQ(j.at("model").as_string(), "m\"1");
  EXPECT_EQ(j.at("outcome").as_string(), "ok");
  EXPECT_EQ(j.at("tokens_out").as_integer(), 3);
  EXPECT_EQ(j.at("ttft_ms").as_number(), 50);
  EXPECT_EQ(j.at("energy_j").as_number(), 0.5);
  EXPECT_EQ(j.at("energy_method").as_string(), "modelled");
  EXPECT_EQ(j.at("cache").as_string(), "miss");
  EXPECT_EQ(j.at("tenant").as_string(), "blue");
  EXPECT_EQ(j.at("key").as_string(), "k1");
  EXPECT_EQ(j.at("tries").as_integer(), 2);
  EXPECT_EQ(j.at("config").as_string(), "v7");
  EXPECT_FALSE(j.find("prompt"));
}

TEST(AccessLine, SurvivesWhatClientsSend) {
  RequestInfo r = request();
  r.path = "/v1/\"\n\x01\xff";
  r.prompt = "{\"messages\":[\"line\nbreak\"]}" + std::string(100'000, 'x');
  std::string line;
  append_access_line(line, r, "");
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_LT(line.size(), 20'000u);
  const Json j = parse_json(line);
  EXPECT_THAT(j.at("prompt").as_string(), HasSubstr("line\nbreak"));
  EXPECT_EQ(j.at("prompt_bytes").as_integer(), static_cast<std::int64_t>(r.prompt.size()));
  EXPECT_FALSE(j.find("config"));
}

AccessLogConfig config(const fs::path& file) {
  AccessLogConfig c;
  c.file = file.string();
  return c;
}

TEST(AccessLog, WritesALineForEachRequestFromManyThreads) {
  wattline::tests::ScratchDir dir;
  const auto file = dir.path() / "access.log";
  AccessLog log(config(file), {});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) log.write(request(), "v1");
    });
  for (auto& t : threads) t.join();
  log.close();
  EXPECT_EQ(lines(file), 2000u);
  EXPECT_EQ(log.lines(), 2000u);
  EXPECT_EQ(log.lost(), 0u);
  std::istringstream all(content(file));
  for (std::string line; std::getline(all, line);) EXPECT_EQ(parse_json(line).at("request_id").as_string(), "req-1");
  EXPECT_EQ(fs::status(file).permissions() & fs::perms::others_all, fs::perms::none);
}

bool wait_for(const std::function<bool()>& ready) {
  for (int i = 0; i < 1000 && !ready(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return ready();
}

TEST(AccessLog, FollowsAFileThatIsMovedAway) {
  wattline::tests::ScratchDir dir;
  const auto file = dir.path() / "access.log", old = dir.path() / "access.log.old";
  AccessLog log(config(file), {});
  log.write(request(), "");
  ASSERT_TRUE(wait_for([&] { return lines(file) == 1; }));
  fs::rename(file, old);
  log.write(request(), "");
  ASSERT_TRUE(wait_for([&] { return fs::exists(file) && lines(file) == 1; }));
  EXPECT_EQ(lines(old), 1u);
  log.reopen();
  log.write(request(), "");
  log.close();
  EXPECT_EQ(lines(file), 2u);
}

TEST(AccessLog, StartsAnewWhenTheFileIsLarge) {
  wattline::tests::ScratchDir dir;
  const auto file = dir.path() / "access.log";
  auto c = config(file);
  c.rotate_size = Bytes(1);
  c.keep = 2;
  AccessLog log(c, {});
  for (int i = 1; i <= 5; ++i) {
    log.write(request(), "v" + std::to_string(i));
    ASSERT_TRUE(wait_for(
        [&] { return content(file.string() + ".1").find("\"v" + std::to_string(i) + "\"") != std::string::npos; }));
  }
  log.close();
  EXPECT_THAT(content(file.string() + ".2"), HasSubstr("\"v4\""));
  EXPECT_FALSE(fs::exists(file.string() + ".3"));
}

TEST(AccessLog, AFileThatCannotBeIsAClearError) {
  wattline::tests::ScratchDir dir;
  try {
    AccessLog log(config(dir.path() / "no" / "such" / "access.log"), {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::not_found);
    EXPECT_THAT(e.what(), HasSubstr("access.log"));
  }
}

TEST(AccessLog, CountsWhatADiskDoesNotTake) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "skipped: no /dev/full";
  std::mutex mutex;
  std::string said;
  AccessLog log(config("/dev/full"), [&](std::string_view words) {
    std::lock_guard lock(mutex);
    said += words;
  });
  log.write(request(), "");
  log.close();
  EXPECT_EQ(log.lost(), 1u);
  EXPECT_THAT(said, HasSubstr("cannot be written"));
}

}  // namespace
}  // namespace wattline::serve
