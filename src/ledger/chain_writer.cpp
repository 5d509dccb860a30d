#include "ledger/chain_writer.h"

#include "ledger/staging.h"

namespace wattline::ledger {

ChainWriter::ChainWriter(const Database& database, std::string writer, Kind kind, std::size_t most_sums)
    : database_(database),
      writer_(std::move(writer)),
      kind_(kind),
      most_sums_(most_sums),
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
  if (kind_ == Kind::staged && begun_) return;
  begun_ = true;
  head_.bind(writer_);
  if (!head_.step()) throw world_error("the account has lost its list of writers", database_.file().string());
  seq_ = head_.integer(0);
  last_hash_ = kind_ == Kind::staged ? first_link : head_.text(1);
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
  texts_.read(f);
  const RowPlace place{writer_, seq_ + 1, last_hash_, uid, Time::now(), corrects, factor_set};
  text_.clear();
  append_canonical(text_, place, f, texts_);
  std::string hash = hash_of(text_);
  if (!insert(f, place, hash)) {
    if (!displace_staged(database_, uid, writer_)) return false;
    insert(f, place, hash);
  }
  last_hash_ = std::move(hash);
  seq_ = place.seq;
  sums_.add(f, texts_, factor_set);
  return any_ = true;
}

bool ChainWriter::insert(const Fact& f, const RowPlace& place, std::string_view hash) {
  const RawEstimate& e = f.energy.raw();
  using View = std::string_view;
  insert_.run(place.writer, place.seq, place.prev_hash, hash, place.uid, place.recorded.ns, place.corrects,
              place.factor_set, View(f.kind), f.begin.ns, f.end.ns, e.value(), e.independent_sd(), texts_.by(),
              to_string(e.method()), static_cast<std::int64_t>(e.can_be_negative()), texts_.sources(), f.tokens_in,
              f.tokens_out, View(f.model), View(f.device), View(f.place), texts_.labels());
  return database_.changes() != 0;
}

void ChainWriter::end() {
  if (kind_ == Kind::staged) return sums_.keep_few(most_sums_);
  if (any_) move_head_.run(seq_, std::string_view(last_hash_), std::string_view(writer_));
  sums_.end(seq_);
}

void ChainWriter::finish() {
  Statement move(database_,
                 "UPDATE writers SET last_seq = ?, last_hash = ? WHERE writer = ? AND last_seq = 0"
                 " AND last_hash = 'staged'");
  move.run(seq_, std::string_view(last_hash_), std::string_view(writer_));
  if (database_.changes() == 0)
    throw world_error("another process recorded a row of this import meanwhile; nothing was imported",
                      database_.file().string(), "import again: what is there already is known");
  sums_.end(seq_);
}

}  // namespace wattline::ledger
