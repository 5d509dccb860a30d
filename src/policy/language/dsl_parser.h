// The parser behind read_dsl: recursive descent, one function a rule of the grammar.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/document.h"
#include "policy/finding.h"
#include "policy/language/expression.h"

namespace wattline::policy {

// The words that begin a block, and those that begin an item of a route.
const std::vector<std::string>& block_words();
const std::vector<std::string>& item_words();
bool one_of(const Token&, const std::vector<std::string>& words);

class DslParser {
 public:
  DslParser(std::string_view text, std::string_view file, std::vector<Finding>& faults)
      : tokens_(text), file_(file), faults_(faults) {}
  Document program();

 private:
  // Blocks.
  void blocks(Policy&, bool in_recipe);
  void block(Policy&, bool in_recipe);
  void routing(Policy&, bool in_recipe);
  void signal(Policy&);
  void projection(Policy&);
  void plugin(Policy&);
  void test(Policy&);
  void recipe();
  void entry();
  void backend();
  void config(bool global);
  void route(Policy&);
  void route_item(Decision&);
  void models(Decision&);
  void action(Decision&);
  void emit(Decision&);

  // Values.
  std::string name(std::string_view of);
  std::int64_t integer(std::string_view of);
  Json fields(std::string_view of);  // { key: value ... }
  Json options(std::string_view of);  // ( key = value, ... ), or none
  std::pair<std::string, Json> field(std::string_view of, char sign);
  Json value();

  // Faults and how to go on behind them.
  void report(const SyntaxFault&);
  void skip();  // a token, whatever it is
  bool at_end() const { return tokens_.now().kind == Token::Kind::end; }
  bool at_block_word();
  bool at_item_word() const;
  void to_next_block(int level);
  bool to_next_field(int level, std::uint32_t column);
  std::string where(Place) const;
  Place here() const { return tokens_.now().place; }

  TokenStream tokens_;
  std::string file_;
  std::vector<Finding>& faults_;
  Document document_;
  std::size_t reported_ = 0;
  int depth_ = 0;  // of values
};

}  // namespace wattline::policy
