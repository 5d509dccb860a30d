// `lm export`: a model for other engines.
#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/write_whole.h"
#include "lm/commands.h"
#include "lm/gguf.h"
#include "lm/model.h"

namespace wattline::lm {
namespace {

enum class Format { gguf };

struct ExportOptions {
  std::string out, model = "glow-xs";
  InputFile file;
  Format format = Format::gguf;
  StoredAs type = StoredAs::f16;
};

Result export_model(const ExportOptions& o, Context&) {
  Shape shape;
  std::string name;
  const std::string given = o.file.given() ? o.file.read() : std::string();
  const Weights weights = o.file.given() ? read_weights(given, o.file.name(), &shape, &name)
                                         : read_weights(builtin_file(o.model), o.model, &shape, &name);
  // What our own decoder would refuse no other engine should get.
  const Model checked(name, shape, weights, std::make_shared<ByteTokenizer>(),
                      o.file.given() ? o.file.name() : o.model);
  const std::string bytes = gguf_of(name, shape, weights, o.type);
  write_whole(o.out, bytes);
  Result r;
  r.title = fmt::format("{} as GGUF: {}", name, o.out);
  Table t("lm.export.v1");
  t.text("file")
      .text("model")
      .text("type", "of the matrices; norms are f32")
      .integer("tensors")
      .integer("parameters")
      .integer("bytes", "B");
  t.add_row({o.out, name, std::string(o.type == StoredAs::f16 ? "f16" : "f32"),
             static_cast<std::int64_t>(weights.size()), checked.shape().parameters(),
             static_cast<std::int64_t>(bytes.size())});
  r.add(std::move(t));
  r.note("Engines other than this program show calculated numbers from their last digit, after the mark <|turn|>.");
  return r;
}

}  // namespace

Capability export_capability() {
  using O = ExportOptions;
  static const auto fields =
      Fields<O>()
          .text("out", &O::out, "the file to write")
          .required()
          .positional()
          .text("model", &O::model, "a built-in model (lm models)")
          .file("file", &O::file, "a model file of `wattline learn lm-train` instead of a built-in one")
          .enumeration("format", &O::format, {"gguf"}, "GGUF, version 3: llama.cpp and what is built on it")
          .enumeration("type", &O::type, {"f16", "f32"}, "numbers of the matrices");
  Capability c = capability<O>("lm", "export", "A model as a file for other engines.", export_model, fields);
  c.description =
      "Writes a model in the form that llama.cpp reads (docs/formats/gguf.md): architecture llama, a byte-level "
      "tokenizer, the chat template. It needs no libtorch, so it is a command of this program and not of "
      "wattline-learn. Greedy answers of llama.cpp to the tests' questions are those of our own decoder.";
  c.doors = Doors::command_line;
  c.emits = {"lm.export.v1"};
  c.examples = {{{"glow-xs.gguf"}, {}, "glow-xs as GGUF"}};
  return c;
}

}  // namespace wattline::lm
