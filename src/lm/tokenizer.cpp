#include "lm/tokenizer.h"

#include <algorithm>
#include <cctype>

namespace wattline::lm {
namespace {

bool is_digit(int token) { return token >= '0' && token <= '9'; }

}  // namespace

std::vector<int> ByteTokenizer::encode_prompt(std::string_view prompt) const {
  std::vector<int> ids{begin};
  for (unsigned char c : prompt) ids.push_back(c);
  ids.push_back(answer);
  return ids;
}

std::vector<int> ByteTokenizer::encode_reply(std::string_view reply, bool turned) const {
  std::vector<int> ids;
  for (std::size_t i = 0; i < reply.size();) {
    std::size_t j = i;
    while (j < reply.size() && is_digit(static_cast<unsigned char>(reply[j]))) ++j;
    if (turned && j > i) {
      ids.push_back(turn);
      for (std::size_t k = j; k > i; --k) ids.push_back(static_cast<unsigned char>(reply[k - 1]));
    } else {
      if (j == i) ++j;
      for (std::size_t k = i; k < j; ++k) ids.push_back(static_cast<unsigned char>(reply[k]));
    }
    i = j;
  }
  ids.push_back(end);
  return ids;
}

std::string ByteTokenizer::decode(const std::vector<int>& tokens) const {
  std::string text;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] == end) break;
    if (tokens[i] == turn) {
      const std::size_t first = text.size();
      while (i + 1 < tokens.size() && is_digit(tokens[i + 1])) text += static_cast<char>(tokens[++i]);
      std::reverse(text.begin() + static_cast<std::ptrdiff_t>(first), text.end());
    } else if (tokens[i] < 256) {
      text += static_cast<char>(tokens[i]);
    }
  }
  return text;
}

std::size_t ByteTokenizer::settled_bytes(const std::vector<int>& tokens) const {
  // Only a turned number at the very end can still change: the next digit goes before it.
  std::size_t digits = 0;
  while (digits < tokens.size() && is_digit(tokens[tokens.size() - 1 - digits])) ++digits;
  const std::size_t all = decode(tokens).size();
  const bool open = digits < tokens.size() && tokens[tokens.size() - 1 - digits] == turn;
  return open ? all - digits : all;
}

}  // namespace wattline::lm
