// Opens as root, runs as nobody in particular: counters are opened with the rights that reading them takes, and the
// rights are given up for good before anything from outside is read.
#pragma once

#include <functional>
#include <string>

#include <sys/types.h>

namespace wattline::meter {

struct Account {
  uid_t user = 0;
  gid_t group = 0;
  std::string name;
};

// The system's calls, so that tests can stand in for it. Each returns 0, or -1 with errno set, as the originals do.
struct PrivilegeCalls {
  std::function<uid_t()> effective_user;
  std::function<bool(const std::string& name, Account&)> find;  // false: no such user
  std::function<int(gid_t)> set_only_group;  // no supplementary groups
  std::function<int(gid_t)> set_group;  // real, effective, saved
  std::function<int(uid_t)> set_user;  // likewise
  std::function<int()> drop_capabilities;  // effective, permitted, inheritable, ambient; no new ones by exec
  std::function<int()> become_root;  // must fail afterwards
  static PrivilegeCalls system();
};

// As root: becomes `user` (nobody when ""). As anybody: gives up all capabilities. Returns one sentence about what
// it is now. Error denied: root would have to stay root, or somebody else cannot become `user`. To be called before the
// threads that talk to others are started; where the rights were not root's, threads that were there before have given
// up their own at their start (kernel/thread_rights.h).
std::string drop_privileges(const std::string& user, const PrivilegeCalls& = PrivilegeCalls::system());

}  // namespace wattline::meter
