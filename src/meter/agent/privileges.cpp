#include "meter/agent/privileges.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "kernel/error.h"
#include "kernel/thread_rights.h"

namespace wattline::meter {
namespace {

bool find_account(const std::string& name, Account& out) {
  std::vector<char> buffer(16384);
  passwd entry{}, *found = nullptr;
  if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found) return false;
  out = {found->pw_uid, found->pw_gid, name};
  return true;
}

Error cannot(std::string_view what) {
  return Error(ErrorKind::denied, fmt::format("cannot {}: {}", what, std::strerror(errno)), "--user",
               "the agent does not run with more rights than it needs");
}

}  // namespace

PrivilegeCalls PrivilegeCalls::system() {
  PrivilegeCalls c;
  c.effective_user = [] { return ::geteuid(); };
  c.find = find_account;
  c.set_only_group = [](gid_t g) { return ::setgroups(1, &g); };
  c.set_group = [](gid_t g) { return ::setresgid(g, g, g); };
  c.set_user = [](uid_t u) { return ::setresuid(u, u, u); };
  c.drop_capabilities = drop_thread_capabilities;
  c.become_root = [] { return ::setresuid(0, 0, 0); };
  return c;
}

std::string drop_privileges(const std::string& user, const PrivilegeCalls& calls) {
  const bool root = calls.effective_user() == 0;
  const std::string name = user.empty() ? "nobody" : user;
  Account account;
  if (root || !user.empty()) {
    if (!calls.find(name, account))
      throw Error(ErrorKind::not_found, fmt::format("there is no user '{}' on this machine", name), "--user",
                  root ? "useradd --system --no-create-home " + name : "");
    if (root && account.user == 0)
      throw Error(ErrorKind::denied, fmt::format("'{}' is root, and the agent does not stay root", name), "--user",
                  "name another user: the counters stay open");
    if (!root && account.user != calls.effective_user())
      throw Error(ErrorKind::denied, fmt::format("only root can become '{}'", name), "--user",
                  "leave --user out, or start as root");
  }
  if (root) {
    if (calls.set_only_group(account.group) != 0) throw cannot("give up the groups");
    if (calls.set_group(account.group) != 0) throw cannot("change the group");
    if (calls.set_user(account.user) != 0) throw cannot("change the user");
  }
  if (calls.drop_capabilities() != 0) throw cannot("give up capabilities");
  if (root && calls.become_root() == 0)
    throw Error(ErrorKind::denied, "could become root again after giving it up", "--user");
  return root ? fmt::format("counters are open; goes on as {}, without capabilities", name)
              : "goes on without capabilities";
}

}  // namespace wattline::meter
