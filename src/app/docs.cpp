#include "app/docs.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "app/papers.h"
#include "app/rooms.h"
#include "kernel/error.h"

namespace wattline::app {
namespace {

struct DocsOptions {
  std::string out = "docs";
};

std::string cell(std::string s) {
  for (std::size_t at = 0; (at = s.find('|', at)) != std::string::npos; at += 2) s.insert(at, "\\");
  return s;
}

std::string index_page() {
  std::string out = "# Commands\n\nWritten by `./dev docs` from the declarations in the source; do not edit.\n";
  for (const auto& room : rooms()) {
    out += fmt::format("\n## {}: {}\n\n| command | what it does | verb |\n|---|---|---|\n", room.name, room.summary);
    for (const auto& c : room.capabilities) {
      const std::string shown = c.aliases.empty() ? c.room + " " + c.name : c.aliases.front();
      out += fmt::format("| [`wattline {}`]({}-{}.md) | {} | {} |\n", shown, c.room, c.name, cell(c.summary), to_string(c.verb));
    }
  }
  return out;
}

std::string papers_page(Context& context) {
  std::string out =
      "# The papers, their claims and ours\n\n"
      "Written by `./dev docs` from the program's own check (`wattline papers check`); do not edit. A row "
      "says open until its command runs.\n\n"
      "| # | paper | command | their figure | ours | verdict |\n|---|---|---|---|---|---|\n";
  const auto all = claims();
  for (const auto& p : papers()) {
    bool any = false;
    for (const auto& claim : all) {
      if (claim.paper != p.number) continue;
      any = true;
      const auto check = claim.check(context);
      out += fmt::format("| {} | {} | `{}` | {} | {} | {} |\n", p.number, cell(p.title), p.command,
                         cell(claim.claimed), cell(check.ours + (check.note.empty() ? "" : "; " + check.note)),
                         to_string(check.verdict));
    }
    if (!any)
      out += fmt::format("| {} | {} | `{}` | {} | | open |\n", p.number, cell(p.title), p.command, cell(p.claimed));
  }
  return out;
}

Result write_docs(const DocsOptions& o, Context& context) {
  namespace fs = std::filesystem;
  Result r;
  Table t;
  t.text("file").text("state");
  for (const auto& [name, content] : reference_pages(context)) {
    const fs::path path = fs::path(o.out) / name;
    std::error_code failed;
    fs::create_directories(path.parent_path(), failed);
    std::ifstream old(path, std::ios::binary);
    const std::string before((std::istreambuf_iterator<char>(old)), {});
    if (before == content) continue;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << content;
    file.close();
    if (!file) throw errno_error("write", path.string(), errno);
    t.add_row({name, std::string(before.empty() ? "new" : "changed")});
  }
  r.title = fmt::format("{} pages written", t.rows());
  if (t.rows() > 0) r.add(std::move(t));
  return r;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> reference_pages(Context& context) {
  std::vector<std::pair<std::string, std::string>> pages;
  pages.emplace_back("reference/README.md", index_page());
  for (const auto& room : rooms())
    for (const auto& c : room.capabilities)
      pages.emplace_back(fmt::format("reference/{}-{}.md", c.room, c.name), docs_markdown(c));
  pages.emplace_back("papers.md", papers_page(context));
  return pages;
}

Capability docs_capability() {
  static const Fields<DocsOptions> fields =
      Fields<DocsOptions>().text("out", &DocsOptions::out, "the docs folder to write into");
  Capability c = capability<DocsOptions>("program", "docs", "Write the reference pages from the declarations.", write_docs, fields);
  c.verb = Verb::observe;
  c.doors = Doors::command_line;
  c.examples = {{{"--out", "generated"}, {}, "pages written"}};
  return c;
}

}  // namespace wattline::app
