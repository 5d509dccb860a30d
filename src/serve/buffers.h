// Buffers to read into, lent while a connection is at work and kept for the next one. Of one thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace wattline::serve {

class BufferPool {
 public:
  static constexpr std::size_t size = 16 * 1024;

  class Lease {
   public:
    Lease(BufferPool& pool, std::unique_ptr<char[]> block) : pool_(&pool), block_(std::move(block)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (block_ && pool_->free_.size() < most_free) pool_->free_.push_back(std::move(block_));
    }
    char* data() const { return block_.get(); }

   private:
    BufferPool* pool_;
    std::unique_ptr<char[]> block_;
  };

  // To put a text together in, for as long as nobody waits.
  std::string& text() {
    if (text_.capacity() > most_text) text_ = std::string();
    return text_;
  }

  Lease lease() {
    if (free_.empty()) return Lease(*this, std::unique_ptr<char[]>(new char[size]));
    auto block = std::move(free_.back());
    free_.pop_back();
    return Lease(*this, std::move(block));
  }

 private:
  static constexpr std::size_t most_free = 256, most_text = std::size_t{1} << 20;
  std::vector<std::unique_ptr<char[]>> free_;
  std::string text_;
};

}  // namespace wattline::serve
