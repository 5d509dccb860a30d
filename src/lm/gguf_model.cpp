// Our models as GGUF: names of tensors and keys as llama.cpp reads them for "llama".
#include <array>
#include <map>

#include <fmt/format.h>

#include "lm/gguf.h"

namespace wattline::lm {
namespace {

enum TokenType : std::int32_t { normal = 1, control = 3, user_defined = 4 };

// Byte-level BPE writes bytes as printable characters (Radford et al. 2019, GPT-2's bytes_to_unicode): those of
// Latin-1 that are seen stand for themselves, the others for the characters from U+0100 on, in order.
std::vector<std::string> byte_texts() {
  std::vector<std::string> texts;
  int next = 0x100;
  for (int b = 0; b < 256; ++b) {
    const bool seen = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
    const int c = seen ? b : next++;
    if (c < 0x80) texts.emplace_back(1, static_cast<char>(c));
    else texts.push_back({static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))});
  }
  return texts;
}

// The last question counts, as where these models are served by this program.
constexpr std::string_view chat_template =
    "{%- set ns = namespace(last='') -%}"
    "{%- for m in messages -%}{%- if m['role'] == 'user' -%}{%- set ns.last = m['content'] -%}{%- endif -%}{%- endfor "
    "-%}"
    "{{- ns.last -}}{%- if add_generation_prompt -%}{{- '<|answer|>' -}}{%- endif -%}";

void add_tokenizer(GgufWriter& w) {
  std::vector<std::string> texts = byte_texts();
  std::vector<std::int32_t> types(texts.size(), normal);
  for (const char* mark : {"<|begin|>", "<|answer|>", "<|end|>", "<|turn|>"}) {
    texts.emplace_back(mark);
    types.push_back(control);
  }
  types[ByteTokenizer::turn] = user_defined;
  w.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "gpt-2");
  w.texts("tokenizer.ggml.tokens", texts)
      .integers("tokenizer.ggml.token_type", types)
      .texts("tokenizer.ggml.merges", {});
  w.natural("tokenizer.ggml.bos_token_id", ByteTokenizer::begin)
      .natural("tokenizer.ggml.eos_token_id", ByteTokenizer::end);
  w.flag("tokenizer.ggml.add_bos_token", true).flag("tokenizer.ggml.add_eos_token", false);
  w.text("tokenizer.chat_template", chat_template);
}

std::string tensor_name(const std::string& ours) {
  static const std::map<std::string, const char*, std::less<>> names = {{"embedding", "token_embd"},
                                                                        {"norm", "output_norm"},
                                                                        {"attention_norm", "attn_norm"},
                                                                        {"q", "attn_q"},
                                                                        {"k", "attn_k"},
                                                                        {"v", "attn_v"},
                                                                        {"o", "attn_output"},
                                                                        {"ffn_norm", "ffn_norm"},
                                                                        {"gate", "ffn_gate"},
                                                                        {"up", "ffn_up"},
                                                                        {"down", "ffn_down"}};
  const auto last = ours.rfind('.');
  if (last == std::string::npos) return fmt::format("{}.weight", names.at(ours));
  const auto first = ours.find('.');
  return fmt::format("blk.{}.{}.weight", ours.substr(first + 1, last - first - 1), names.at(ours.substr(last + 1)));
}

}  // namespace

std::string gguf_of(std::string_view name, const Shape& s, const Weights& weights, StoredAs as) {
  const auto n = [](int i) { return static_cast<std::uint32_t>(i); };
  GgufWriter w;
  w.text("general.architecture", "llama").text("general.type", "model").text("general.name", name);
  w.natural("general.alignment", GgufWriter::alignment).natural("general.file_type", as == StoredAs::f16 ? 1 : 0);
  w.natural("llama.vocab_size", n(s.vocabulary)).natural("llama.context_length", n(s.context));
  w.natural("llama.embedding_length", n(s.dim)).natural("llama.feed_forward_length", n(s.hidden));
  w.natural("llama.block_count", n(s.layers)).natural("llama.attention.head_count", n(s.heads));
  w.natural("llama.attention.head_count_kv", n(s.kv_heads))
      .number("llama.attention.layer_norm_rms_epsilon", s.norm_epsilon);
  w.natural("llama.rope.dimension_count", n(s.head_size())).number("llama.rope.freq_base", s.rope_base);
  add_tokenizer(w);
  for (const auto& spec : tensor_specs(s))
    w.tensor(tensor_name(spec.name), spec.shape, weights.at(spec.name), spec.shape.size() == 1 ? StoredAs::f32 : as);
  return w.take();
}

}  // namespace wattline::lm
