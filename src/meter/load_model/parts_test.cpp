#include "meter/load_model/parts.h"

#include <gtest/gtest.h>

#include "meter/fake_tree.h"

namespace wattline::meter {
namespace {

const catalog::Catalog& known() {
  static const auto catalog = catalog::Catalog::load();
  return *catalog;
}

std::string module(std::uint32_t size, std::uint32_t extended = 0) {
  std::string out(0x28, '\0');
  out[0] = 17;
  out[1] = 0x28;
  out[0x0C] = static_cast<char>(size & 0xff);
  out[0x0D] = static_cast<char>(size >> 8);
  for (int i = 0; i < 4; ++i) out[static_cast<std::size_t>(0x1C + i)] = static_cast<char>(extended >> (8 * i) & 0xff);
  return out;
}

const ModelledPart* find(const std::vector<ModelledPart>& all, const std::string& name) {
  for (const auto& p : all)
    if (p.component == name) return &p;
  return nullptr;
}

TEST(Parts, ModulesAsTheFirmwareTells) {
  EXPECT_EQ(module_size(module(8192)), Bytes(8192.0 * 1048576));
  EXPECT_EQ(module_size(module(0x8000 | 512)), Bytes(512.0 * 1024));
  EXPECT_EQ(module_size(module(0x7FFF, 65536)), Bytes(65536.0 * 1048576));
  EXPECT_EQ(module_size(module(0)), Bytes(0));
  EXPECT_FALSE(module_size(module(0xFFFF)));
  EXPECT_FALSE(module_size(module(0x7FFF).substr(0, 0x1D)));
  EXPECT_FALSE(module_size(""));
  EXPECT_FALSE(module_size(std::string(64, '\x04')));
  tests::FakeTree tree;
  tree.put("sys/firmware/dmi/entries/17-0/raw", module(16384));
  tree.put("sys/firmware/dmi/entries/17-1/raw", module(0));
  tree.put("sys/firmware/dmi/entries/17-2/raw", module(16384));
  tree.put("sys/firmware/dmi/entries/4-0/raw", "x");
  const auto m = memory_modules(tree.roots(), Bytes(32e9));
  EXPECT_TRUE(m.read);
  EXPECT_EQ(m.count, 2);
}

TEST(Parts, ModulesByTheControllerAndBySize) {
  tests::FakeTree tree;
  for (const auto& [gb, count] :
       {std::pair{1.9, 1}, {8.0, 2}, {16.7, 2}, {67.0, 4}, {135.0, 8}, {540.0, 16}, {9000.0, 32}})
    EXPECT_EQ(memory_modules(tree.roots(), Bytes(gb * 1e9)).count, count) << gb;
  EXPECT_EQ(memory_modules(tree.roots(), {}).count, 0);
  for (int i = 0; i < 6; ++i)
    tree.put("sys/devices/system/edac/mc/mc0/dimm" + std::to_string(i) + "/size", i < 3 ? "32768\n" : "0\n");
  const auto m = memory_modules(tree.roots(), Bytes(100e9));
  EXPECT_TRUE(m.read);
  EXPECT_EQ(m.count, 3);
}

TEST(Parts, OfAMachineOfMetal) {
  tests::FakeTree tree;
  tree.put("sys/block/sda/size", "1000\n");
  tree.put("sys/block/sda/queue/rotational", "1\n");
  tree.put("sys/block/nvme0n1/size", "1000\n");
  tree.put("sys/block/nvme0n1/queue/rotational", "0\n");
  tree.put("sys/block/loop0/size", "1000\n");
  tree.put("sys/block/sdb/size", "0\n");
  tree.put("sys/class/net/eth0/device/vendor", "x\n");
  tree.put("sys/class/net/eth0/operstate", "up\n");
  tree.put("sys/class/net/eth0/speed", "10000\n");
  tree.put("sys/class/net/eth1/device/vendor", "x\n");
  tree.put("sys/class/net/eth1/operstate", "down\n");
  tree.put("sys/class/net/lo/operstate", "up\n");
  Host host;
  host.memory = Bytes(540e9);
  const auto parts = modelled_parts(host, tree.roots(), known());
  ASSERT_EQ(parts.size(), 4u);
  // 16 modules: 4 in full, 4 at 90 %, 8 at 80 %.
  EXPECT_NEAR(find(parts, "memory")->power->value().base(), 5 * (4 + 3.6 + 6.4), 1e-9);
  EXPECT_EQ(find(parts, "memory")->power->method(), Method::modelled);
  EXPECT_GT(find(parts, "disk sda")->power->value(), find(parts, "disk nvme0n1")->power->value());
  EXPECT_TRUE(find(parts, "port eth0"));
  for (const auto& p : parts) EXPECT_LT(p.power->low() * 2, p.power->high()) << p.component;
}

TEST(Parts, AVirtualMachineDoesNotKnow) {
  tests::FakeTree tree;
  tree.put("sys/block/vda/size", "1000\n");
  Host host;
  host.virtual_machine = true;
  host.memory = Bytes(8e9);
  const auto parts = modelled_parts(host, tree.roots(), known());
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_NEAR(find(parts, "memory")->power->value().base(), 2, 1e-6);
  EXPECT_FALSE(find(parts, "disk vda")->power);
  EXPECT_NE(find(parts, "disk vda")->how.find("not known"), std::string::npos);
}

}  // namespace
}  // namespace wattline::meter
