#include "ledger/lca/server.h"

#include "kernel/units.h"

namespace wattline::ledger::lca {
namespace {

class Builder {
 public:
  Builder(const ServerOptions& o, const Data& data) : o_(o), data_(data) {
    out_.total = not_assessed();
    add("assembly", 1, "pieces");
    add("case", 1, "pieces");
    add("board", 1, "pieces");
    processors();
    memory_modules();
    drives();
    const auto& mass = take("power_supply_mass");
    add("power supply", static_cast<double>(o.power_supplies) * mass.value, "kg");
    add("disk", static_cast<double>(o.disks), "pieces");
  }
  Server result() && { return std::move(out_); }

 private:
  const Value& take(const char* name) {
    const Value& v = data_.value("server", name);
    out_.factors.push_back(data_.use(v));
    return v;
  }
  void add(const char* part, double count, const char* unit) {
    if (count <= 0) return;
    const ServerPart& p = data_.server_part(part);
    ServerLine line{p.part, count, unit, not_assessed()};
    for (std::size_t c = 0; c < line.scores.size(); ++c) {
      line.scores[c] = count * p.scores[c];
      if (!std::isnan(line.scores[c])) out_.total[c] = (std::isnan(out_.total[c]) ? 0 : out_.total[c]) + line.scores[c];
    }
    out_.factors.push_back(data_.use(p));
    out_.lines.push_back(std::move(line));
  }
  void processors() {
    const auto n = static_cast<double>(o_.processors);
    add("processor", n, "pieces");
    if (n > 0 && !o_.processor_area)
      out_.warnings.emplace_back(
          "the processors' dies are not counted: give --server-processor-area, the area of the dies of one");
    if (o_.processor_area) add("processor die", n * o_.processor_area->base() * 1e6, "mm2");
  }
  void memory_modules() {
    const double gb = o_.memory.in(units::GB);
    if (gb <= 0) {
      out_.warnings.emplace_back("the server's memory is not counted: give --server-memory");
      return;
    }
    add("memory module", std::ceil(gb / take("module_size").value), "pieces");
    add("memory die", gb / take("memory_density").value, "cm2");
  }
  void drives() {
    const double gb = o_.flash.in(units::GB);
    if (gb <= 0) return;
    add("ssd", std::ceil(gb / take("ssd_size").value), "pieces");
    add("ssd die", gb / take("ssd_density").value, "cm2");
  }

  const ServerOptions& o_;
  const Data& data_;
  Server out_;
};

}  // namespace

Server server_of(const ServerOptions& o, const Data& data) { return Builder(o, data).result(); }

}  // namespace wattline::ledger::lca
