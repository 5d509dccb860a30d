// Objects that come and go with every request, made where an earlier one of their kind lay: what is larger than
// a small block costs an allocator more than the object itself. Of one thread, and outlived by it.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace wattline::serve {

template <class T>
class Spares {
  struct Free {
    void operator()(void* block) const { ::operator delete(block); }
  };
  using Block = std::unique_ptr<void, Free>;

 public:
  struct Return {
    Spares* home;
    void operator()(T* object) const {
      std::destroy_at(object);
      home->keep(Block(object));
    }
  };
  using Handle = std::unique_ptr<T, Return>;

  template <class... Args>
  Handle make(Args&&... args) {
    static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    Block block;
    if (blocks_.empty()) {
      block.reset(::operator new(sizeof(T)));
    } else {
      block = std::move(blocks_.back());
      blocks_.pop_back();
    }
    T* object = ::new (block.get()) T(std::forward<Args>(args)...);
    block.release();
    return Handle(object, Return{this});
  }

 private:
  static constexpr std::size_t most = 256;
  void keep(Block block) {
    if (blocks_.size() < most) blocks_.push_back(std::move(block));
  }
  std::vector<Block> blocks_;
};

}  // namespace wattline::serve
