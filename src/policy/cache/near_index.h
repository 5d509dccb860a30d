// Unit vectors, and which of them are nearest to another by cosine: by a scan while they are few, by a graph of
// neighbours (HNSW: Malkov and Yashunin 2018, arXiv 1603.09320; hnswlib) once they are many. The scan is the
// reference; the graph misses a neighbour now and then (near_index_test.cpp measures how often), which a cache
// takes for a miss.
//
// A removed vector stays in the graph as a tombstone. When these have become many a new graph grows beside the old
// one, a few vectors with each that is added, so that nobody waits for all of it, and takes its place once it has
// caught up; until the first has, the scan answers. (hnswlib can also put another vector in a tombstone's place: that
// took ten times as long as adding one.) Tombstones hold up to 0.6 times as much as what lives. Not safe from several
// threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

namespace wattline::policy {

struct NearIndexOptions {
  std::size_t graph_from = 1024;  // vectors; below this a scan is as fast
  int links = 16;  // of a vector in the graph
  int breadth_of_adding = 100, breadth_of_search = 64;  // candidates held
};

class NearIndex {
 public:
  using Options = NearIndexOptions;
  struct Near {
    std::uint64_t id = 0;
    float cosine = 0;
  };

  explicit NearIndex(std::size_t width, Options = {});
  ~NearIndex();
  NearIndex(NearIndex&&) noexcept;
  NearIndex& operator=(NearIndex&&) noexcept;

  // `vector` has width() values and length 1; `id` is new.
  void add(std::uint64_t id, std::span<const float> vector);
  // False: there is none of that id.
  bool remove(std::uint64_t id);
  // The `k` nearest, nearest first; equal ones by id.
  std::vector<Near> search(std::span<const float> vector, std::size_t k) const;
  // By a scan, whatever there is.
  std::vector<Near> scan(std::span<const float> vector, std::size_t k) const;
  std::span<const float> vector_of(std::uint64_t id) const;  // empty: no such id

  std::size_t size() const { return slots_.size(); }
  std::size_t width() const { return width_; }
  std::size_t tombstones() const { return ids_.size() - slots_.size() - free_.size(); }
  // Whether search() asks the graph.
  bool has_graph() const { return graph_ != nullptr; }
  // What is held, roughly.
  std::size_t bytes() const;

 private:
  struct Graph;
  using Slot = std::uint32_t;
  float* row(Slot s) { return rows_[s].get(); }
  const float* row(Slot s) const { return rows_[s].get(); }
  Slot new_slot();
  void grow();
  void take_over();  // the graph that has caught up
  void compact();  // without a graph

  std::size_t width_;
  Options options_;
  std::vector<std::unique_ptr<float[]>> rows_;  // by slot
  std::vector<std::uint64_t> ids_;  // by slot; dead where it is a tombstone
  std::vector<Slot> free_;  // in no graph
  std::unordered_map<std::uint64_t, Slot> slots_;
  std::unique_ptr<Graph> graph_, next_;  // that has all; that is to follow it
};

}  // namespace wattline::policy
