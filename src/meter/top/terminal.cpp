#include "meter/top/terminal.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "kernel/error.h"

namespace wattline::meter {
namespace {

// A screen of its own, no cursor; and back.
constexpr std::string_view enter = "\x1b[?1049h\x1b[?25l\x1b[2J", leave = "\x1b[0m\x1b[?25h\x1b[?1049l";
constexpr int ending[] = {SIGHUP, SIGQUIT, SIGILL, SIGABRT, SIGFPE, SIGSEGV, SIGBUS, SIGPIPE};

// A signal handler can reach nothing else.
termios as_it_was;
volatile std::sig_atomic_t held = 0;
int held_in = -1, held_out = -1;
struct sigaction before[std::size(ending)];

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

// Only what a signal handler may do.
void give_back() {
  if (!held) return;
  held = 0;
  write_all(held_out, leave);
  ::tcsetattr(held_in, TCSANOW, &as_it_was);
}

void on_end(int signal) {
  give_back();
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void on_resize(int) {}

}  // namespace

Screen::Screen(int in, int out) : in_(in), out_(out) {
  if (!::isatty(in) || !::isatty(out) || ::tcgetattr(in, &as_it_was) != 0)
    throw world_error("this is no terminal", "top", "--once prints what is seen and ends");
  held_in = in;
  held_out = out;
  held = 1;
  for (std::size_t i = 0; i < std::size(ending); ++i) {
    struct sigaction action {};
    action.sa_handler = on_end;
    ::sigaction(ending[i], nullptr, &before[i]);
    if (before[i].sa_handler != SIG_IGN) ::sigaction(ending[i], &action, nullptr);
  }
  struct sigaction resize {};
  resize.sa_handler = on_resize;  // without SA_RESTART: it ends a wait
  ::sigaction(SIGWINCH, &resize, nullptr);
  termios raw = as_it_was;
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL | BRKINT | INPCK | ISTRIP);
  raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG | IEXTEN);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  ::tcsetattr(in, TCSAFLUSH, &raw);
  write_all(out, enter);
}

Screen::~Screen() {
  give_back();
  for (std::size_t i = 0; i < std::size(ending); ++i) ::sigaction(ending[i], &before[i], nullptr);
  ::signal(SIGWINCH, SIG_DFL);
}

TerminalSize Screen::size() const {
  winsize w{};
  TerminalSize out;
  if (::ioctl(out_, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0) out = {w.ws_col, w.ws_row};
  return out;
}

void Screen::show(const std::vector<std::string>& lines) {
  std::string text = "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += "\r\n";
    // Cleared before it is written: after a full line the cursor stands on its last character.
    text += "\x1b[2K" + lines[i];
  }
  if (lines.size() < size().height) text += "\r\n\x1b[J";
  write_all(out_, text);
}

std::string Screen::wait(int milliseconds, bool& gone) {
  pollfd p{in_, POLLIN, 0};
  const int n = ::poll(&p, 1, milliseconds);
  if (n <= 0) return {};
  char buffer[256];
  const auto got = ::read(in_, buffer, sizeof buffer);
  if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) gone = true;
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
}

bool terminal_colours() {
  const char* no = std::getenv("NO_COLOR");
  return !(no && *no) && terminal_has_screen();
}

bool terminal_has_screen() {
  const char* term = std::getenv("TERM");
  return term && *term && std::strcmp(term, "dumb") != 0;
}

}  // namespace wattline::meter
