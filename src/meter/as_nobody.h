// For tests: what a user without rights finds, also where the tests run as root.
#pragma once

#include <functional>
#include <string>

#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wattline::meter::tests {

// The text that `ask` returns; where we are root it is asked in a child of another user's.
inline std::string as_nobody(const std::function<std::string()>& ask) {
  if (::geteuid() != 0) return ask();
  constexpr uid_t nobody = 65534;
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    std::string said = "root's rights cannot be given up";
    if (::setgroups(0, nullptr) == 0 && ::setresgid(nobody, nobody, nobody) == 0 &&
        ::setresuid(nobody, nobody, nobody) == 0)
      try {
        said = ask();
      } catch (const std::exception& e) {
        said = e.what();
      }
    const auto written = ::write(ends[1], said.data(), said.size());
    ::_exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string out;
  char buffer[4096];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) out.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? out : "the child failed: " + out;
}

}  // namespace wattline::meter::tests
