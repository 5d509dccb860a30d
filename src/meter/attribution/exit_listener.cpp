#include "meter/attribution/exit_listener.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace {

constexpr int receive_buffer = 4 << 20;  // a second of some thousand processes that end

class Listener : public ExitListener {
 public:
  ~Listener() override {
    if (fd_ >= 0) ::close(fd_);
  }
  // "" when it listens.
  std::string open(const std::string& processors) {
    fd_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_GENERIC);
    if (fd_ < 0) return fmt::format("no netlink socket: {}", std::strerror(errno));
    sockaddr_nl self{};
    self.nl_family = AF_NETLINK;
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&self), sizeof self) != 0)
      return fmt::format("no netlink address: {}", std::strerror(errno));
    if (::setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer) != 0)
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);

    int error = 0;
    if (!send(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, TASKSTATS_GENL_NAME))
      return fmt::format("the kernel cannot be asked: {}", std::strerror(errno));
    if (const auto answer = await(error)) family_ = *answer;
    if (family_ == 0)
      return error == ENOENT ? "the kernel is built without taskstats"
                             : fmt::format("the kernel does not name its taskstats: {}", std::strerror(error));
    error = 0;
    if (!send(family_, TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK, processors))
      return fmt::format("the kernel cannot be asked: {}", std::strerror(errno));
    await(error);
    if (error == EPERM) return "not allowed: it needs the right CAP_NET_ADMIN";
    if (error != 0) return fmt::format("refused by the kernel: {}", std::strerror(error));
    return {};
  }

  bool drain(std::vector<ExitRecord>& out) override {
    bool lost = false, too_old = false;
    while (true) {
      const ssize_t n = ::recv(fd_, buffer_.data(), buffer_.size(), MSG_TRUNC);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == ENOBUFS) {
        lost = true;
        continue;
      }
      if (n <= 0) break;
      if (static_cast<std::size_t>(n) > buffer_.size()) continue;
      for (auto& r : parse_exit_message({buffer_.data(), static_cast<std::size_t>(n)}, family_, too_old))
        out.push_back(std::move(r));
    }
    return lost || too_old;
  }

 private:
  bool send(std::uint16_t type, std::uint8_t command, std::uint16_t attribute, const std::string& text) {
    std::array<char, 512> message{};
    const std::size_t length = NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN + NLA_ALIGN(text.size() + 1);
    if (length > message.size()) {
      errno = E2BIG;
      return false;
    }
    nlmsghdr head{};
    head.nlmsg_len = static_cast<std::uint32_t>(length);
    head.nlmsg_type = type;
    head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    genlmsghdr command_head{};
    command_head.cmd = command;
    command_head.version = 1;
    nlattr a{};
    a.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + text.size() + 1);
    a.nla_type = attribute;
    std::memcpy(message.data(), &head, sizeof head);
    std::memcpy(message.data() + NLMSG_HDRLEN, &command_head, sizeof command_head);
    std::memcpy(message.data() + NLMSG_HDRLEN + GENL_HDRLEN, &a, sizeof a);
    std::memcpy(message.data() + NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN, text.c_str(), text.size() + 1);
    return ::send(fd_, message.data(), length, 0) == static_cast<ssize_t>(length);
  }

  // Reads until the acknowledgement. The kernel answers while it is asked: what is not there at once never comes.
  std::optional<std::uint16_t> await(int& error) {
    std::optional<std::uint16_t> family;
    for (int i = 0; i < 1000; ++i) {
      pollfd wait{fd_, POLLIN, 0};
      if (::poll(&wait, 1, 1000) <= 0) break;
      const ssize_t n = ::recv(fd_, buffer_.data(), buffer_.size(), 0);
      if (n < static_cast<ssize_t>(sizeof(nlmsghdr))) break;
      const std::span<const std::byte> message(buffer_.data(), static_cast<std::size_t>(n));
      if (const auto answer = parse_family(message, error)) family = answer;
      nlmsghdr head;
      std::memcpy(&head, buffer_.data(), sizeof head);
      if (head.nlmsg_type == NLMSG_ERROR) break;
    }
    return family;
  }

  int fd_ = -1;
  std::uint16_t family_ = 0;
  std::array<std::byte, 8192> buffer_{};
};

}  // namespace

std::unique_ptr<ExitListener> listen_to_exits(const Roots& roots, std::string& why) {
  if (!roots.real() || roots.proc != "/proc") {
    why = "the tree is not this machine's";
    return nullptr;
  }
  const auto possible = read_small_file(roots.sys / "devices/system/cpu/possible", 256);
  const std::string processors = possible ? parse_name(*possible) : "0";
  auto out = std::make_unique<Listener>();
  why = out->open(processors);
  if (!why.empty()) return nullptr;
  return out;
}

}  // namespace wattline::meter
