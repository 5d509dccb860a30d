#include "policy/cache/near_index.h"

#include <algorithm>
#include <cassert>
#include <cstring>

// Without its prefetching, which in 0.6.2 reads one link past the end of a list. Distances are ours anyway.
#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>

#include "text/encoder.h"

namespace wattline::policy {
namespace {

constexpr std::uint64_t dead = UINT64_MAX;
constexpr std::uint32_t asked = UINT32_MAX;  // the place of the vector that is searched for
// Vectors that a new graph takes up with each that is added.
constexpr int takes_up = 4;

void keep_nearest(std::vector<NearIndex::Near>& out, std::size_t k) {
  const auto nearer = [](const NearIndex::Near& a, const NearIndex::Near& b) {
    return a.cosine != b.cosine ? a.cosine > b.cosine : a.id < b.id;
  };
  if (out.size() > k) {
    std::partial_sort(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(k), out.end(), nearer);
    out.resize(k);
  } else {
    std::sort(out.begin(), out.end(), nearer);
  }
}

}  // namespace

// The graph holds places, not vectors: those lie in the index, once.
struct NearIndex::Graph final : hnswlib::SpaceInterface<float> {
  const NearIndex* of;
  const float* query = nullptr;
  Slot reached = 0;  // while it grows: slots below are in it, where they live
  std::vector<bool> in;  // by slot
  std::size_t room = 0;
  std::unique_ptr<hnswlib::HierarchicalNSW<float>> net;

  explicit Graph(const NearIndex& index) : of(&index), room(2 * index.slots_.size()) {
    const auto& o = index.options_;
    net = std::make_unique<hnswlib::HierarchicalNSW<float>>(this, room, static_cast<std::size_t>(o.links),
                                                            static_cast<std::size_t>(o.breadth_of_adding));
    net->setEf(static_cast<std::size_t>(o.breadth_of_search));
  }

  std::size_t get_data_size() override { return sizeof(Slot); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return distance; }
  void* get_dist_func_param() override { return this; }
  const float* at(const void* place) const {
    Slot s;
    std::memcpy(&s, place, sizeof s);
    return s == asked ? query : of->row(s);
  }
  static float distance(const void* a, const void* b, const void* self) {
    const auto& graph = *static_cast<const Graph*>(self);
    return 1 - text::dot({graph.at(a), graph.of->width_}, {graph.at(b), graph.of->width_});
  }

  bool has(Slot s) const { return s < in.size() && in[s]; }
  void put(Slot s) {
    if (net->cur_element_count == room) {
      room *= 2;
      net->resizeIndex(room);
    }
    if (in.size() <= s) in.resize(s + 1);
    in[s] = true;
    net->addPoint(&s, s);
  }
};

NearIndex::NearIndex(std::size_t width, Options options) : width_(width), options_(options) {}
NearIndex::~NearIndex() = default;
NearIndex::NearIndex(NearIndex&& other) noexcept
    : width_(other.width_),
      options_(other.options_),
      rows_(std::move(other.rows_)),
      ids_(std::move(other.ids_)),
      free_(std::move(other.free_)),
      slots_(std::move(other.slots_)),
      graph_(std::move(other.graph_)),
      next_(std::move(other.next_)) {
  for (Graph* g : {graph_.get(), next_.get()})
    if (g) g->of = this;
}
NearIndex& NearIndex::operator=(NearIndex&& other) noexcept {
  width_ = other.width_;
  options_ = other.options_;
  rows_ = std::move(other.rows_);
  ids_ = std::move(other.ids_);
  free_ = std::move(other.free_);
  slots_ = std::move(other.slots_);
  graph_ = std::move(other.graph_);
  next_ = std::move(other.next_);
  for (Graph* g : {graph_.get(), next_.get()})
    if (g) g->of = this;
  return *this;
}

NearIndex::Slot NearIndex::new_slot() {
  if (!free_.empty()) {
    const Slot s = free_.back();
    free_.pop_back();
    return s;
  }
  const auto s = static_cast<Slot>(ids_.size());
  ids_.push_back(dead);
  rows_.emplace_back();
  return s;
}

void NearIndex::add(std::uint64_t id, std::span<const float> vector) {
  assert(vector.size() == width_ && id != dead && !slots_.contains(id));
  const Slot s = new_slot();
  if (!rows_[s]) rows_[s] = std::make_unique<float[]>(width_);
  std::copy(vector.begin(), vector.end(), row(s));
  ids_[s] = id;
  slots_.emplace(id, s);
  if (graph_) graph_->put(s);
  // Later ones it reaches by itself.
  if (next_ && s < next_->reached) next_->put(s);
  grow();
}

void NearIndex::grow() {
  if (!next_) {
    const bool wanted =
        graph_ ? tombstones() > slots_.size() / 4 + options_.graph_from / 4 : slots_.size() >= options_.graph_from;
    if (!wanted) return;
    next_ = std::make_unique<Graph>(*this);
  }
  for (int n = 0; n < takes_up; ++n) {
    while (next_->reached < ids_.size() && ids_[next_->reached] == dead) ++next_->reached;
    if (next_->reached == ids_.size()) return take_over();
    next_->put(next_->reached++);
  }
}

void NearIndex::take_over() {
  graph_ = std::move(next_);
  free_.clear();
  for (Slot s = 0; s < ids_.size(); ++s)
    if (ids_[s] == dead && !graph_->has(s)) {
      free_.push_back(s);
      rows_[s].reset();
    }
}

bool NearIndex::remove(std::uint64_t id) {
  const auto it = slots_.find(id);
  if (it == slots_.end()) return false;
  const Slot s = it->second;
  slots_.erase(it);
  ids_[s] = dead;
  bool held = false;
  for (Graph* g : {graph_.get(), next_.get()})
    if (g && g->has(s)) {
      g->net->markDelete(s);
      held = true;
    }
  if (!held) free_.push_back(s);
  if (ids_.size() > 3 * slots_.size() + options_.graph_from / 4) compact();
  return true;
}

void NearIndex::compact() {
  graph_.reset();
  next_.reset();
  Slot to = 0;
  for (Slot from = 0; from < ids_.size(); ++from) {
    if (ids_[from] == dead) continue;
    if (to != from) {
      rows_[to] = std::move(rows_[from]);
      ids_[to] = ids_[from];
      slots_[ids_[to]] = to;
    }
    ++to;
  }
  ids_.resize(to);
  ids_.shrink_to_fit();
  free_ = {};
  rows_.resize(to);
  rows_.shrink_to_fit();
}

std::vector<NearIndex::Near> NearIndex::scan(std::span<const float> vector, std::size_t k) const {
  std::vector<Near> out;
  out.reserve(slots_.size());
  for (Slot s = 0; s < ids_.size(); ++s)
    if (ids_[s] != dead) out.push_back({ids_[s], text::dot(vector, {row(s), width_})});
  keep_nearest(out, k);
  return out;
}

std::vector<NearIndex::Near> NearIndex::search(std::span<const float> vector, std::size_t k) const {
  if (!has_graph()) return scan(vector, k);
  graph_->query = vector.data();
  auto found = graph_->net->searchKnn(&asked, k);
  std::vector<Near> out;
  for (; !found.empty(); found.pop()) out.push_back({ids_[found.top().second], 1 - found.top().first});
  keep_nearest(out, k);
  return out;
}

std::span<const float> NearIndex::vector_of(std::uint64_t id) const {
  const auto it = slots_.find(id);
  return it == slots_.end() ? std::span<const float>() : std::span<const float>(row(it->second), width_);
}

std::size_t NearIndex::bytes() const {
  constexpr std::size_t of_slot = 3 * sizeof(std::uint64_t) + 3 * sizeof(void*);
  std::size_t all = ids_.size() * of_slot + (slots_.size() + tombstones()) * width_ * sizeof(float);
  for (const Graph* g : {graph_.get(), next_.get()})
    if (g) all += g->room * (g->net->size_data_per_element_ + sizeof(void*) + sizeof(std::mutex));
  return all;
}

}  // namespace wattline::policy
