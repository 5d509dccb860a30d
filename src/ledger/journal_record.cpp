#include "ledger/journal_record.h"

#include <bit>
#include <cmath>
#include <cstring>

#include <zlib.h>

#include "kernel/error.h"
#include "ledger/row.h"

namespace wattline::ledger {
namespace {

static_assert(std::endian::native == std::endian::little, "entries are written as they lie in memory");

constexpr std::size_t head_size = 8;
constexpr std::size_t fact_size = 1 + 4 + 6 * 8;  // without the uid

template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

template <class T>
T take(std::string_view& from) {
  T value;
  std::memcpy(&value, from.data(), sizeof value);
  from.remove_prefix(sizeof value);
  return value;
}

std::uint32_t checksum(std::string_view payload) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(payload.data()), static_cast<uInt>(payload.size())));
}

// Writes the head over the eight bytes that were left for it at `at`.
void finish_entry(std::string& out, std::size_t at) {
  const std::string_view payload = std::string_view(out).substr(at + head_size);
  const std::uint32_t head[2] = {static_cast<std::uint32_t>(payload.size()), checksum(payload)};
  std::memcpy(out.data() + at, head, sizeof head);
}

JournalReader::ShapePtr read_shape(std::string_view text) {
  Row row = parse_row(parse_json(text));
  auto shape = std::make_shared<JournalReader::Shape>();
  shape->factor_set = std::move(row.factor_set);
  shape->common = std::move(row.fact);
  return shape;
}

}  // namespace

void append_shape(std::string& out, AccountJournal::Shape number, const Fact& common, std::string_view factor_set) {
  Row row;
  row.factor_set = factor_set;
  row.fact = common;
  const std::size_t at = out.size();
  out.append(head_size, '\0');
  out += 'S';
  put(out, number);
  out += canonical(row);
  finish_entry(out, at);
}

void append_fact(std::string& out, AccountJournal::Shape shape, const FactNumbers& n) {
  const std::size_t at = out.size();
  out.append(head_size, '\0');
  out += 'F';
  put(out, shape);
  put(out, n.begin.ns);
  put(out, n.end.ns);
  put(out, n.energy.base());
  put(out, n.sd.base());
  put(out, n.tokens_in);
  put(out, n.tokens_out);
  out += n.uid;
  finish_entry(out, at);
}

JournalReader::Found JournalReader::next(std::string_view bytes, Fact& f, ShapePtr& shape, std::size_t& used) {
  used = 0;
  if (bytes.size() < head_size) return Found::nothing;
  std::string_view rest = bytes;
  const auto size = take<std::uint32_t>(rest);
  const auto sum = take<std::uint32_t>(rest);
  if (size < 5 || size > largest_entry) return Found::damage;
  if (rest.size() < size) return Found::nothing;
  std::string_view payload = rest.substr(0, size);
  if (checksum(payload) != sum) return Found::damage;
  const char kind = payload.front();
  payload.remove_prefix(1);
  const auto number = take<AccountJournal::Shape>(payload);
  if (kind == 'S') {
    try {
      shapes_[number] = read_shape(payload);
    } catch (const Error&) {
      return Found::damage;
    }
    used = head_size + size;
    return Found::shape;
  }
  const auto known = shapes_.find(number);
  if (kind != 'F' || size < fact_size || known == shapes_.end()) return Found::damage;
  if (shape != known->second) {
    f = known->second->common;
    shape = known->second;
  }
  f.begin.ns = take<std::int64_t>(payload);
  f.end.ns = take<std::int64_t>(payload);
  const auto energy = take<double>(payload);
  const auto sd = take<double>(payload);
  f.energy.raw().renumber(energy, sd);
  f.tokens_in = take<std::int64_t>(payload);
  f.tokens_out = take<std::int64_t>(payload);
  f.uid = payload;
  used = head_size + size;
  return Found::fact;
}

}  // namespace wattline::ledger
