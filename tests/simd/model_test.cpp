// The model against V8: node runs the same module on the same operands. Without a node, or when it has no relaxed
// instructions, there is less to compare with, which is said.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>

#include "cases.hpp"
#include "text/wat_parser.hpp"

namespace vitrine::simd {
namespace {

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "vitrine-simd-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};

void write(const std::string& path, std::span<const std::byte> bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

/// Runs the functions of a kit on records in V8; empty when there is none that can.
std::vector<std::vector<Out>> in_v8(const Kit& kit, const std::vector<std::vector<Record>>& records,
                                    const std::string& flags) {
  Folder folder;
  auto wasm = text::parse_wat(kit.text(), wasm::Features::all());
  if (!wasm) {
    ADD_FAILURE() << wasm.error().message();
    return {};
  }
  write(folder.path + "/module.wasm", std::as_bytes(std::span(*wasm)));
  std::ofstream in(folder.path + "/records", std::ios::binary);
  for (const auto& list : records) {
    auto n = static_cast<uint32_t>(list.size());
    in.write(reinterpret_cast<const char*>(&n), 4);
    in.write(reinterpret_cast<const char*>(list.data()), static_cast<std::streamsize>(list.size() * sizeof(Record)));
  }
  in.close();
  std::string command = fmt::format("node {} {} {} {} {} 2>{}/errors", flags, VITRINE_SIMD_FOLDER "/v8.js", folder.path,
                                    Running::kIn, uint32_t{Running::kOut}, folder.path);
  if (std::system(command.c_str()) != 0) {
    std::ifstream errors(folder.path + "/errors");
    std::printf("%s: %.300s\n", command.c_str(), std::string(std::istreambuf_iterator<char>(errors), {}).c_str());
    return {};
  }
  std::vector<std::vector<Out>> all;
  std::ifstream out(folder.path + "/results", std::ios::binary);
  for (const auto& list : records) {
    all.emplace_back(list.size());
    out.read(reinterpret_cast<char*>(all.back().data()), static_cast<std::streamsize>(list.size() * sizeof(Out)));
  }
  EXPECT_TRUE(out.good());
  return all;
}

void compare(wasm::Feature feature, const std::string& flags) {
  std::vector<Operation> chosen;
  std::vector<std::vector<Record>> records;
  Kit kit;
  for (const Operation& o : operations()) {
    if (wasm::info(o.op).feature != feature) continue;
    // V8 11.3 selects bytes, whatever the lanes are.
    if (o.op == Op::I32x4RelaxedLaneselect || o.op == Op::I64x2RelaxedLaneselect) continue;
    kit.add_form(o, Form::Params);
    chosen.push_back(o);
    records.push_back(records_of(o.op));
  }
  auto results = in_v8(kit, records, flags);
  if (results.empty()) GTEST_SKIP() << "there is no node that runs it";
  size_t differences = 0;
  for (size_t f = 0; f < chosen.size(); ++f) {
    for (size_t n = 0; n < records[f].size(); ++n) {
      Expected e = expect(chosen[f].op, operands_of(chosen[f], records[f][n]));
      if (e.allows(results[f][n].v[0]) || ++differences > 30) continue;
      const Record& r = records[f][n];
      ADD_FAILURE() << fmt::format("{}\n  a {}\n  b {}\n  c {}\n  x {:#x}\n  model {}\n  V8 (bytes) {}",
                                   chosen[f].name(), hex(r.v[0]), hex(r.v[1]), hex(r.v[2]), r.x, e.text(),
                                   hex(std::span(results[f][n].v[0]).first(e.size())));
    }
  }
}

TEST(Model, AgreesWithV8) {
  compare(wasm::Feature::Simd, "");
}
TEST(Model, AgreesWithV8OnRelaxedInstructions) {
  compare(wasm::Feature::RelaxedSimd, "--experimental-wasm-relaxed-simd");
}

}  // namespace
}  // namespace vitrine::simd
