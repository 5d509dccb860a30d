#include "ledger/chain_writer.h"

namespace wattline::ledger {

ChainWriter::ChainWriter(const Database& database, std::string writer)
    : database_(database),
      writer_(std::move(writer)),
      head_(database, "SELECT last_seq, last_hash FROM writers WHERE writer = ?"),
      insert_(database,
              "INSERT INTO facts (writer, seq, prev_hash, hash, uid, recorded, corrects, factor_set, kind,"
              " begin_ns, end_ns, energy, energy_sd, by_factor, method, signed, sources, tokens_in,"
              " tokens_out, model, device, place, labels)"
              " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (uid) DO NOTHING"),
      move_head_(database, "UPDATE writers SET last_seq = ?, last_hash = ? WHERE writer = ?"),
      sealed_(database, "SELECT 1 FROM sealed_rows WHERE uid = ?"),
      sums_(database) {}

void ChainWriter::begin() {
  // A batch that failed may have left them half bound.
  for (Statement* s : {&head_, &insert_, &move_head_, &sealed_}) s->reset();
  any_sealed_ = database_.integer("SELECT EXISTS (SELECT 1 FROM sealed_rows)") != 0;
  head_.bind(writer_);
  if (!head_.step()) throw world_error("the account has lost its list of writers", database_.file().string());
  seq_ = head_.integer(0);
  last_hash_ = head_.text(1);
  head_.reset();
  sums_.begin(writer_, seq_);
  any_ = false;
}

bool ChainWriter::append(const Fact& f, std::string_view uid, std::string_view corrects, std::string_view factor_set) {
  if (any_sealed_) {
    sealed_.bind(uid);
    const bool known = sealed_.step();
    sealed_.reset();
    if (known) return false;
  }
  const RawEstimate& e = f.energy.raw();
  texts_.read(f);
  const RowPlace place{writer_, seq_ + 1, last_hash_, uid, Time::now(), corrects, factor_set};
  text_.clear();
  append_canonical(text_, place, f, texts_);
  std::string hash = hash_of(text_);
  using View = std::string_view;
  insert_.run(View(writer_), place.seq, View(last_hash_), View(hash), uid, place.recorded.ns, corrects, factor_set,
              View(f.kind), f.begin.ns, f.end.ns, e.value(), e.independent_sd(), texts_.by(), to_string(e.method()),
              static_cast<std::int64_t>(e.can_be_negative()), texts_.sources(), f.tokens_in, f.tokens_out,
              View(f.model), View(f.device), View(f.place), texts_.labels());
  if (database_.changes() == 0) return false;
  last_hash_ = std::move(hash);
  seq_ = place.seq;
  sums_.add(f, texts_, factor_set);
  return any_ = true;
}

void ChainWriter::end() {
  if (any_) move_head_.run(seq_, std::string_view(last_hash_), std::string_view(writer_));
  sums_.end(seq_);
}

}  // namespace wattline::ledger
