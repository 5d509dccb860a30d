#include "app/cli.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "app/environment.h"
#include "app/http_api.h"
#include "app/invocation.h"
#include "app/past_usage.h"
#include "app/settings.h"
#include "app/terminal.h"
#include "catalog/intensity/provider_config.h"
#include "kernel/error.h"
#include "kernel/result_text.h"
#include "kernel/thread_rights.h"
#include "kernel/write_whole.h"
#include "meter/fleet/machine_reader.h"

namespace wattline::app {
namespace {

namespace fs = std::filesystem;

int fail(const Error& e) {
  std::string text = fmt::format("wattline: {}\n", e.where().empty() ? e.message() : e.where() + ": " + e.message());
  if (!e.hint().empty()) text += fmt::format("  {}\n", e.hint());
  std::fputs(terminal_text(text).c_str(), stderr);
  return exit_code(e.kind());
}

std::string overview(const Rooms& rooms) {
  std::string out =
      "wattline: AI on the least energy that does the job well, and proof of what it cost\n\n"
      "usage: wattline <room> <command> [options]\n\nstart here:\n";
  const auto line = [](const std::string& left, const std::string& right) {
    return fmt::format("  {:<28} {}\n", left, right);
  };
  for (const auto& r : rooms)
    for (const auto& c : r.capabilities)
      for (const auto& alias : c.aliases) out += line(alias, c.summary);
  for (const auto& r : rooms) {
    out += fmt::format("\n{}: {}\n", r.name, r.summary);
    for (const auto& c : r.capabilities) out += line(c.room + " " + c.name, c.summary);
  }
  if (!is_room(rooms, "learn"))
    out += "\nlearn: everything that trains\n" + line("learn --help", "a program of its own, wattline-learn");
  out +=
      "\noutput, for every command:\n"
      "  --json                       the result as JSON, numbers unrounded\n"
      "  --csv                        its first table, or its estimates, as CSV\n"
      "  --html FILE                  a page of its own\n"
      "  --output FILE                the result into a file instead of printing it\n"
      "  --quiet                      no line about the command's own energy\n"
      "  --details                    each factor that was used, with its value\n"
      "  --ascii                      no Unicode in drawings\n"
      "  --seed N                     random numbers from this seed (default 1)\n"
      "  --catalog DIR                your own rows over the built-in factors\n"
      "  --ledger DIR                 where the account lies\n"
      "  --intensity-data DIR         where the hourly carbon intensities lie\n"
      "\nexit codes: 0 done, 1 the verdict is no, 2 bad input, 3 the world failed\n";
  return out;
}

std::string room_overview(const Rooms& rooms, const std::string& name) {
  std::string out;
  for (const auto& r : rooms) {
    if (r.name != name) continue;
    out = fmt::format("{}: {}\n\n", r.name, r.summary);
    for (const auto& c : r.capabilities) out += fmt::format("  {:<28} {}\n", c.room + " " + c.name, c.summary);
    out += fmt::format("\n`wattline {} COMMAND --help` explains one\n", name);
  }
  return out;
}

void print(const std::string& text, std::FILE* to = stdout) {
  // A reader that left (| head) is no fault; a full disk is.
  if (std::fwrite(text.data(), 1, text.size(), to) != text.size() || std::fflush(to) != 0)
    if (errno != EPIPE) throw errno_error("write", to == stdout ? "standard output" : "standard error", errno);
}

// SIGINT and SIGTERM become a stop request; a second one ends the program at once.
class StopOnSignal {
 public:
  explicit StopOnSignal(std::stop_source stop) : stop_(std::move(stop)) {
    if (::pipe(pipe_) != 0) return;
    write_end_ = pipe_[1];
    watcher_ = std::thread([this] {
      drop_capabilities_of_others_than_root();
      char byte;
      while (::read(pipe_[0], &byte, 1) == 1 && byte == 's') {
        if (stop_.stop_requested()) std::_Exit(130);
        stop_.request_stop();
      }
    });
    for (int s : {SIGINT, SIGTERM}) std::signal(s, on_signal);
  }
  ~StopOnSignal() {
    for (int s : {SIGINT, SIGTERM}) std::signal(s, SIG_DFL);
    write_end_ = -1;
    if (!watcher_.joinable()) return;
    [[maybe_unused]] const auto n = ::write(pipe_[1], "q", 1);
    watcher_.join();
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

 private:
  static void on_signal(int) {
    const int fd = write_end_;
    if (fd >= 0) [[maybe_unused]]
      const auto n = ::write(fd, "s", 1);
  }
  // A signal handler can reach nothing else.
  static std::atomic<int> write_end_;
  std::stop_source stop_;
  int pipe_[2] = {-1, -1};
  std::thread watcher_;
};
std::atomic<int> StopOnSignal::write_end_ = -1;

// Where one was closed, the next file that is opened would take its number, and what is said would be written into it.
void keep_standard_streams() {
  int fd = -1;
  do {
    fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) ::close(fd);
}

int forward_to_learn(const std::string& program, const std::vector<std::string>& arguments) {
  std::error_code ignored;
  fs::path self = fs::read_symlink("/proc/self/exe", ignored);
  if (self.empty()) self = program;
  const std::string learn = (self.parent_path() / "wattline-learn").string();
  std::vector<char*> argv{const_cast<char*>(learn.c_str())};
  for (std::size_t i = 1; i < arguments.size(); ++i) argv.push_back(const_cast<char*>(arguments[i].c_str()));
  argv.push_back(nullptr);
  ::execv(learn.c_str(), argv.data());
  if (errno == ENOENT)
    throw Error(ErrorKind::unsupported, "wattline-learn is not installed beside wattline", learn,
                "it needs libtorch and is built with -DWATTLINE_LEARN=ON");
  throw errno_error("start", learn, errno);
}

// "u", as units are written where only ASCII is read.
std::string without_micro_sign(std::string text) {
  constexpr std::string_view sign = "µ";
  for (auto at = text.find(sign); at != text.npos; at = text.find(sign, at)) text.replace(at, sign.size(), "u");
  return text;
}

void deliver(const Invocation& in, const Result& result, Context& context) {
  const bool to_file = !in.output_file.empty(), to_stderr = in.capability->results_to_stderr;
  std::FILE* const stream = to_stderr ? stderr : stdout;
  std::string answer;
  const bool unicode = !in.ascii && unicode_locale();
  switch (in.form) {
    case OutputForm::json: answer = to_json(result) + "\n"; break;
    case OutputForm::csv: answer = to_csv(result); break;
    case OutputForm::text:
      answer =
          to_text(result, TextForm{to_file ? 100 : terminal_width(::fileno(stream)), unicode, in.details || to_file});
      if (!unicode) answer = without_micro_sign(std::move(answer));
      break;
  }
  if (to_file) write_whole(in.output_file, answer);
  else print(answer, stream);
  // Text and JSON hold their warnings; CSV has no place for them.
  const bool shares_stream = !to_file && to_stderr && in.form != OutputForm::text;
  if (in.form == OutputForm::csv)
    for (const auto& w : result.warnings) std::fputs(fmt::format("warning: {}\n", w).c_str(), stderr);
  if (!in.html_file.empty()) {
    write_whole(in.html_file, to_html(result));
    if (!in.quiet && !shares_stream) std::fputs(fmt::format("wrote {}\n", in.html_file).c_str(), stderr);
  }
  // What is read by a program has nothing behind it in the same stream.
  if (!in.quiet && !shares_stream) {
    const std::string own = self_account(context) + "\n";
    std::fputs((unicode ? own : without_micro_sign(own)).c_str(), stderr);
  }
}

int run_capability(const Invocation& in) {
  const Capability& c = *in.capability;
  // A mistyped folder must not cost the hours of what runs before it is written.
  for (const std::string& file : {in.output_file, in.html_file})
    if (!file.empty()) check_writable(file);
  Context context;
  context.seed = in.seed;
  std::stop_source stop;
  context.stop = stop.get_token();
  const Settings settings = Settings::load();
  auto options = options_from_arguments(c, in.words, [&](const Field& f) { return settings.find(c, f); });
  provide_shared_parts(context, in.catalog_dir, in.ledger_dir, in.intensity_dir);
  // Whoever reaches a server must not make it ask others with its owner's key.
  if (c.cost != Cost::service) {
    context.provide(std::make_shared<catalog::ProvidersLocation>());
    context.provide(meter::machine_reader());
  } else {
    context.provide(http_routes(context));
    context.provide(past_usage(context));
  }

  ProgressBar bar;
  if (c.cost == Cost::job) context.on_progress = [&](double f, std::string_view what) { bar.show(f, what); };
  context.on_log = [&](std::string_view line) { bar.log(line); };

  Result result;
  {
    // What passes signals on to a child, and what ends in a blink, keeps the ordinary handling.
    std::unique_ptr<StopOnSignal> watch;
    if (c.cost != Cost::instant) watch = std::make_unique<StopOnSignal>(stop);
    result = c.run(options.get(), context);
    bar.clear();
  }

  try {
    deliver(in, result, context);
  } catch (const Error& e) {
    // Another program has run and its exit code is for who started it, whether there is room for our words or not.
    if (!result.exit_code) throw;
    fail(e);
  }
  if (result.exit_code) return *result.exit_code;
  return result.verdict && !result.verdict->holds ? 1 : 0;
}

}  // namespace

int run_command_line(const std::string& program, const std::vector<std::string>& arguments, const Rooms& rooms) {
  std::signal(SIGPIPE, SIG_IGN);
  keep_standard_streams();
  try {
    if (!arguments.empty() && arguments[0] == "learn" && !is_room(rooms, "learn"))
      return forward_to_learn(program, arguments);
    const Invocation in = read_invocation(arguments, rooms);
    if (in.version) {
      print("wattline " WATTLINE_VERSION "\n");
      return 0;
    }
    if (in.help) {
      const int width = terminal_width(STDOUT_FILENO);
      print(in.capability          ? help_text(*in.capability, width)
            : in.help_room.empty() ? overview(rooms)
                                   : room_overview(rooms, in.help_room));
      return 0;
    }
    return run_capability(in);
  } catch (const Error& e) {
    return fail(e);
  } catch (const std::bad_alloc&) {
    return fail(world_error("not enough memory"));
  }
}

}  // namespace wattline::app
