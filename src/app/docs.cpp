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
  bool check = false;
};

std::string cell(std::string s) {
  for (std::size_t at = 0; (at = s.find('|', at)) != std::string::npos; at += 2) s.insert(at, "\\");
  return s;
}

std::string index_page(const Rooms& rooms, bool whole) {
  std::string out = "# Commands\n\nWritten by `./dev docs` from the declarations in the source; do not edit.\n";
  for (const auto& room : rooms) {
    out += fmt::format("\n## {}: {}\n\n| command | what it does | verb |\n|---|---|---|\n", room.name, room.summary);
    for (const auto& c : room.capabilities) {
      const std::string shown = c.aliases.empty() ? c.room + " " + c.name : c.aliases.front();
      out += fmt::format("| [`wattline {}`]({}-{}.md) | {} | {} |\n", shown, c.room, c.name, cell(c.summary),
                         to_string(c.verb));
    }
  }
  if (whole)
    out +=
        "\n## learn: everything that trains\n\nA program of its own, reached as `wattline learn`: [its "
        "commands](learn.md).\n";
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
      out += fmt::format("| {} | {} | `{}` | {} | {} | {} |\n", p.number, cell(p.title), p.command, cell(claim.claimed),
                         cell(check.ours + (check.ours.empty() || check.note.empty() ? "" : "; ") + check.note),
                         to_string(check.verdict));
    }
    if (!any)
      out += fmt::format("| {} | {} | `{}` | {} | | open |\n", p.number, cell(p.title), p.command, cell(p.claimed));
  }
  return out;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

Result write_docs(const DocsOptions& o, Context& context, const Rooms& rooms, const std::string& index) {
  namespace fs = std::filesystem;
  Result r;
  Table t;
  t.text("file").text("state");
  for (const auto& [name, content] : reference_pages(context, rooms, index)) {
    const fs::path path = fs::path(o.out) / name;
    const std::string before = content_of(path);
    if (before == content) continue;
    t.add_row({name, std::string(before.empty() ? "new" : "changed")});
    if (o.check) continue;
    std::error_code failed;
    fs::create_directories(path.parent_path(), failed);
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << content;
    file.close();
    if (!file) throw errno_error("write", path.string(), errno);
  }
  const auto pages = t.rows();
  if (o.check)
    r.verdict =
        Verdict{pages == 0, pages == 0 ? "the pages say what the declarations say" : "stale pages: run ./dev docs"};
  r.title = o.check ? "Reference pages" : fmt::format("{} pages written", pages);
  if (pages > 0) r.add(std::move(t));
  return r;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> reference_pages(Context& context, const Rooms& all,
                                                                 const std::string& index) {
  const bool whole = &all == &rooms();
  std::vector<std::pair<std::string, std::string>> pages;
  pages.emplace_back(index, index_page(all, whole));
  for (const auto& room : all)
    for (const auto& c : room.capabilities)
      pages.emplace_back(fmt::format("reference/{}-{}.md", c.room, c.name), docs_markdown(c));
  if (whole) pages.emplace_back("papers.md", papers_page(context));
  return pages;
}

Capability docs_capability(std::string room, const Rooms& (*rooms_of)(), std::string index) {
  static const Fields<DocsOptions> fields =
      Fields<DocsOptions>()
          .text("out", &DocsOptions::out, "the docs folder to write into")
          .flag("check", &DocsOptions::check, "write nothing; the verdict is no when a page is stale");
  Capability c;
  c.room = std::move(room);
  c.name = "docs";
  c.summary = "Write the reference pages from the declarations.";
  c.fields = fields.table();
  c.make_options = [] { return std::shared_ptr<void>(std::make_shared<DocsOptions>()); };
  c.run = [rooms_of, index = std::move(index)](const void* o, Context& context) {
    return write_docs(*static_cast<const DocsOptions*>(o), context, rooms_of(), index);
  };
  c.verb = Verb::observe;
  c.doors = Doors::command_line;
  c.examples = {{{"--out", "generated"}, {}, "pages written"}};
  return c;
}

}  // namespace wattline::app
