// Whatever a guest calls with whatever arguments: no crash, no hang, and nothing outside of its grants changes.

#include <random>

#include "wasi/p1/guest_fixture.hpp"

namespace vitrine::wasi::p1 {
namespace {

class RandomCalls : public Guest {
 protected:
  void configure(host::Grants& grants) override { grants.max_open_files = 40; }

  // Names that lead everywhere, laid out in memory one after the other.
  void put_names() {
    for (std::string_view name : {"file",       "dir",         "link",
                                  "out",        "abs",         "new",
                                  "..",         ".",           "../outside/secret",
                                  "out/secret", "dir/../new",  "dir/x",
                                  "new/",       "/etc/passwd", "a/b/c",
                                  "dir/loop",   "\xff\xfe",    "x",
                                  "./.././rw",  "file/"}) {
      names.push_back({string(name), static_cast<uint32_t>(name.size())});
    }
  }
  uint64_t argument(WasmType type, bool after_name) {
    if (type == WasmType::I64) {
      static constexpr uint64_t kLong[] = {0, 1, 7, 64, 4096, uint64_t{1} << 24, ~uint64_t{0}, uint64_t{1} << 63};
      return random() % 3 == 0 ? rights::kFdRead | rights::kFdWrite : kLong[random() % std::size(kLong)];
    }
    if (after_name) return names[name].second;
    switch (random() % 8) {
      case 0:
        name = random() % names.size();
        return names[name].first;
      case 1:
        return kOut + 8 * (random() % 64);
      case 2:
        return kMemorySize - random() % 40;
      case 3:
        return static_cast<uint32_t>(random());
      case 4:
        return random() % 64;
      default:
        return random() % 12;
    }
  }

  std::mt19937 random{1};
  std::vector<std::pair<uint32_t, uint32_t>> names;
  size_t name = 0;
};

TEST_F(RandomCalls, StayInside) {
  put_names();
  auto ro_before = fs::last_write_time(base + "/ro");
  // Interrupted from the start: a call that would wait traps instead.
  context->interrupt();
  std::map<std::string, size_t> results;
  auto functions = p1_functions(Abi::Preview1);
  for (int i = 0; i < 60'000; ++i) {
    const auto& function = functions[random() % functions.size()];
    // Those end the descriptors, and with them what there is to try.
    if ((function.name == "fd_close" || function.name == "fd_renumber") && random() % 20) continue;
    if (i % 5000 == 0) {
      make();
      context->interrupt();
    }
    std::vector<uint64_t> args;
    for (size_t k = 0; k < function.params.size(); ++k) {
      bool after_name = k > 0 && args[k - 1] == names[name].first && function.params[k] == WasmType::I32;
      args.push_back(argument(function.params[k], after_name));
    }
    // Mostly a descriptor first, where one is expected.
    if (function.name.starts_with("fd_") || (function.name.starts_with("path_") && function.name != "path_symlink")) {
      if (random() % 4) args[0] = 3 + random() % 6;
    }
    auto result = call_function(*state, GuestMemory(memory), Abi::Preview1, function.name, args);
    ++results[result.substr(0, result.find(':'))];
  }
  EXPECT_GT(results["success"], 1000u);
  EXPECT_GT(results["perm"], 20u);
  EXPECT_GT(results["trap"], 1000u);
  EXPECT_EQ(read_host("outside/secret"), "secret");
  EXPECT_EQ(std::distance(fs::directory_iterator(base + "/outside"), {}), 1);
  EXPECT_EQ(read_host("ro/file"), "0123456789");
  EXPECT_EQ(std::distance(fs::directory_iterator(base + "/ro"), {}), 6);
  EXPECT_EQ(fs::last_write_time(base + "/ro"), ro_before);
}

}  // namespace
}  // namespace vitrine::wasi::p1
