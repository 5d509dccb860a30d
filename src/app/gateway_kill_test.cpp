// The whole gateway killed at any moment under load: every answer that a client has seen the end of is in the ledger,
// and once. WATTLINE_CHAOS_KILLS=200 makes the long form.
#include <csignal>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/testing.h"
#include "ledger/account.h"
#include "lm/model.h"

namespace wattline::app {
namespace {

// The program itself; its log goes down the pipe.
[[noreturn]] void become_gateway(const std::filesystem::path& ledger, int pipe) {
  ::dup2(pipe, STDERR_FILENO);
  ::execl(WATTLINE_BINARY, "wattline", "serve", "--listen", "127.0.0.1:0", "--place", "FR", "--threads", "2",
          "--ledger", ledger.c_str(), nullptr);
  ::_exit(127);
}

// The port from "... at http://127.0.0.1:PORT"; 0 when the gateway ended before.
int port_of(int pipe) {
  std::string text;
  char buffer[4096];
  while (true) {
    const auto at = text.find("http://127.0.0.1:");
    if (at != std::string::npos && text.find('\n', at) != std::string::npos) return std::atoi(text.c_str() + at + 17);
    const ssize_t n = ::read(pipe, buffer, sizeof buffer);
    if (n <= 0) return 0;
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

// Asks until the connection ends; the id of each answer that came whole.
void ask_until_gone(int port, bool stream, std::set<std::string>& seen) {
  const std::string body =
      std::string(R"({"model":"glow-xs","messages":[{"role":"user","content":"What is 12 + 7?"}],"max_tokens":8)") +
      (stream ? R"(,"stream":true,"stream_options":{"include_usage":true}})" : "}");
  const std::string request =
      "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bool alive = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  std::string in;
  char buffer[16384];
  while (alive && ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    in.clear();
    bool whole = false;
    while (!whole) {
      const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
      if (n <= 0) {
        alive = false;
        break;
      }
      in.append(buffer, static_cast<std::size_t>(n));
      const auto head = in.find("\r\n\r\n");
      if (head == std::string::npos) continue;
      const auto length = in.find("content-length: ");
      whole = stream ? in.ends_with("0\r\n\r\n")
                     : length < head &&
                           in.size() >= head + 4 + static_cast<std::size_t>(std::atoll(in.c_str() + length + 16));
    }
    const auto id = in.find("\"answer_id\":\"");
    if (whole && id != std::string::npos) seen.insert(in.substr(id + 13, 19));
  }
  ::close(fd);
}

TEST(GatewayKill, EveryAnswerThatWasSeenIsInTheLedgerOnce) {
  if (lm::builtin_names().empty()) GTEST_SKIP() << "this build holds no model";
  const char* wanted = std::getenv("WATTLINE_CHAOS_KILLS");
  const int kills = wanted ? std::atoi(wanted) : 8;
  tests::ScratchDir dir;
  std::mt19937_64 random(20261125);
  std::set<std::string> seen;
  for (int round = 0; round < kills; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      become_gateway(dir.path(), pipe[1]);
    }
    ::close(pipe[1]);
    const int port = port_of(pipe[0]);
    ASSERT_GT(port, 0) << "the gateway did not start";
    std::vector<std::set<std::string>> found(4);
    std::vector<std::jthread> clients;
    for (std::size_t i = 0; i < found.size(); ++i)
      clients.emplace_back([&, i] { ask_until_gone(port, i % 2 == 1, found[i]); });
    std::this_thread::sleep_for(std::chrono::microseconds(5'000 + random() % 120'000));
    ::kill(child, SIGKILL);
    clients.clear();
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the gateway ended by itself";
    for (auto& f : found) seen.merge(f);
  }
  const auto account = ledger::open_with_leftovers(dir.path(), "");
  EXPECT_TRUE(account->verify().holds);
  std::set<std::string> kept;
  std::int64_t rows = 0;
  account->for_each({}, [&](const ledger::Row& row) {
    kept.insert(row.fact.uid);
    ++rows;
  });
  EXPECT_EQ(static_cast<std::int64_t>(kept.size()), rows);
  for (const auto& id : seen) ASSERT_TRUE(kept.contains(id)) << id;
  EXPECT_GT(seen.size(), static_cast<std::size_t>(kills)) << "the kills came before any answer";
  RecordProperty("answers", static_cast<int>(seen.size()));
}

}  // namespace
}  // namespace wattline::app
