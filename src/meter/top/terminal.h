// The terminal as a screen that is given back as it was, whichever way the program ends: by a return, an exception, or a
// signal that ends it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::meter {

struct TerminalSize {
  std::size_t width = 80, height = 24;
};

class Screen {
 public:
  // Takes the terminal of `in` and `out` over: keys one by one, no echo, a screen of its own. Error world when they are
  // no terminal.
  Screen(int in, int out);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  TerminalSize size() const;
  void show(const std::vector<std::string>& lines);
  // What was typed within so long; "" when nothing was, or the window changed. `gone` when the terminal has.
  std::string wait(int milliseconds, bool& gone);

 private:
  int in_, out_;
};

// Whether the terminal shows colours: NO_COLOR and TERM=dumb say no.
bool terminal_colours();
// Whether the cursor can be moved: not where TERM is dumb or nothing.
bool terminal_has_screen();

}  // namespace wattline::meter
