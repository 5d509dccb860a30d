// YAML read into the kernel's Json and written from it, and the front matter of Markdown files.
//
// Plain scalars become null, true/false, numbers or texts as YAML 1.2 has them; quoted ones are texts. Only maps with
// text keys, lists and scalars are read, of one document. Errors (bad_input) name the line. An alias counts as often
// as it is used, so that a small file cannot unfold into a large one.
#pragma once

#include <string>
#include <string_view>

#include "kernel/json.h"
#include "kernel/source_lines.h"

namespace wattline {

// `lines`, when given, gets the line of each value; that of a map's member is its key's.
Json json_from_yaml(std::string_view yaml, std::string_view where = "YAML", SourceLines* lines = nullptr);
// Block style; texts that would read as another kind are quoted. Reads back as the same Json.
std::string yaml_from_json(const Json&);

// A Markdown file with a block between two lines "---" at its start.
struct FrontMatter {
  std::string yaml, body;
  bool found = false;
};
FrontMatter split_front_matter(std::string_view text, std::string_view where = "file");

// The one of JSON, YAML and Markdown with front matter that the text is; `body` gets the Markdown.
enum class DocumentKind { json, yaml, markdown };
Json read_document(std::string_view text, std::string_view where, DocumentKind* kind = nullptr,
                   std::string* body = nullptr);

}  // namespace wattline
