// A JSON document taken apart just far enough to be written in another order. Of this room.
//
// Nodes lie in one list; texts are canonical already when they are put there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::serve {

class CanonicalJson {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;
  enum class Kind : std::uint8_t { object, array, scalar };
  struct Node {
    Kind kind = Kind::scalar;
    std::uint32_t key_begin = 0, key_size = 0;  // with quotes; 0 outside objects
    std::uint32_t text_begin = 0, text_size = 0;  // of a scalar
    std::uint32_t first = none, next = none;  // first child, next sibling
  };

  // Empty, or why it cannot be taken.
  std::string_view parse(std::string_view json);
  bool empty() const { return nodes_.empty(); }
  const Node& root() const { return nodes_.front(); }
  const Node& at(std::uint32_t i) const { return nodes_[i]; }
  std::string_view key(const Node& n) const { return texts().substr(n.key_begin, n.key_size); }
  std::string_view text(const Node& n) const { return texts().substr(n.text_begin, n.text_size); }
  // The child of that name (in quotes), or null.
  const Node* find(const Node& object, std::string_view quoted_key) const;
  // Members sorted by name, but for those that `leave_out` names (of this object, not of inner ones).
  // False: a name is given twice.
  template <class F>
  bool append_object(std::string& out, const Node& object, F&& leave_out) const {
    return append_members(out, members(object, leave_out));
  }
  bool append(std::string& out, const Node&) const;

 private:
  template <class F>
  std::vector<std::uint32_t> members(const Node& object, F&& leave_out) const {
    std::vector<std::uint32_t> out;
    for (auto i = object.first; i != none; i = nodes_[i].next)
      if (!leave_out(nodes_[i])) out.push_back(i);
    return out;
  }
  bool append_members(std::string& out, std::vector<std::uint32_t>) const;
  std::string_view texts() const { return texts_; }
  std::string_view take_value(std::uint32_t& made, std::size_t depth);
  std::string_view take_children(std::uint32_t of, bool named, std::size_t depth);
  std::string_view take_string(std::uint32_t& begin, std::uint32_t& size);
  std::string_view take_number(std::uint32_t& begin, std::uint32_t& size);
  bool take_escape();
  void skip_space();
  bool take(char c);

  std::string_view in_;
  std::size_t at_ = 0;
  std::vector<Node> nodes_;
  std::string texts_;
};

}  // namespace wattline::serve
