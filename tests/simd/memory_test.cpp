// Loads and stores of vectors and lanes: at every address about the end of memory, with offsets, at odd addresses. Of
// what lies beyond nothing is read, and a store that traps has written nothing.
#include <algorithm>
#include <bit>
#include <cstring>

#include "checks.hpp"

namespace vitrine::simd {
namespace {

using SimdMemory = EveryWay;
VITRINE_EVERY_WAY(SimdMemory);

struct Access {
  Operation operation;
  uint32_t offset, align;
  bool is_store;
  unsigned bytes() const { return 1u << wasm::info(operation.op).aux; }
};

std::vector<Access> accesses() {
  std::vector<Access> all;
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const wasm::OpInfo& info = wasm::kOps[i];
    if (info.prefix != 0xfd || (info.imm != wasm::Imm::MemArg && info.imm != wasm::Imm::MemArgLane)) continue;
    const unsigned lanes = info.imm == wasm::Imm::MemArgLane ? 16u >> info.aux : 1;
    for (uint8_t lane = 0; lane < lanes; ++lane) {
      for (uint32_t offset : {0u, 7u, 100'000u}) {
        if (offset && lane % 3) continue;
        all.push_back({{static_cast<Op>(i), {lane}}, offset, offset ? 1u : 1u << info.aux, info.sig.result_count == 0});
      }
    }
  }
  return all;
}

std::string text_of(const Access& a, const std::string& address) {
  const wasm::OpInfo& info = wasm::info(a.operation.op);
  std::string text = fmt::format("({} offset={} align={}", info.mnemonic, a.offset, a.align);
  if (info.imm == wasm::Imm::MemArgLane) text += fmt::format(" {}", a.operation.lanes[0]);
  text += " " + address;
  if (info.sig.operand_count == 2) text += " (local.get $a)";
  return text + ")";
}

Record record_of(uint64_t& state) {
  Record r;
  for (V128& v : r.v) v = random_vector(Shape::I8x16, state);
  return r;
}

constexpr uint32_t kSize = Running::kMemorySize;
constexpr uint32_t kTail = 64;  // bytes at the end of memory that are looked at

TEST_P(SimdMemory, AtTheEnd) {
  Kit kit;
  const auto all = accesses();
  for (const Access& a : all) {
    std::string name = fmt::format("{} offset={} align={}", a.operation.name(), a.offset, a.align);
    std::string text = text_of(a, "(local.get $in)");
    kit.add(name, a.is_store ? text : store_result('v', text));
  }
  Running running(kit, way().config);
  uint64_t state = 1;
  for (uint32_t f = 0; f < all.size(); ++f) {
    const Access& a = all[f];
    auto tail = running.tail();
    for (uint32_t at = kSize - 40; at <= kSize + 17; ++at) {
      const Record record = record_of(state);
      std::array<uint8_t, kTail> before;
      for (uint8_t& b : before) b = static_cast<uint8_t>(next_random(state));
      std::ranges::copy(before, tail.begin());
      const bool inside = at + a.bytes() <= kSize;
      auto result = running.once(f, record, at - a.offset);
      const std::string what =
          fmt::format("{}: {} at the last byte but {}", way().name, kit.name(f), static_cast<int64_t>(kSize) - at);
      ASSERT_EQ(result.kind, inside ? Ended::Well : Ended::OutOfBounds) << what << ": " << result.message;
      Operands operands = operands_of(a.operation, record);
      if (!inside) {
        ASSERT_TRUE(std::ranges::equal(before, running.tail())) << what << " wrote before it trapped";
        ASSERT_TRUE(running.out().v[0] == V128{}) << what;
        continue;
      }
      const uint32_t place = at - (kSize - kTail);
      auto expected_tail = before;
      if (a.is_store) {
        V128 bytes = expect(a.operation.op, operands).deterministic();
        std::memcpy(expected_tail.data() + place, bytes.data(), a.bytes());
      } else {
        std::memcpy(operands.memory.data(), before.data() + place, std::min<size_t>(16, kTail - place));
        Expected expected = expect(a.operation.op, operands);
        Out out = running.out();
        if (!expected.allows(out.v[0])) differs(what, record, expected.text(), out.v[0], expected);
      }
      ASSERT_TRUE(std::ranges::equal(expected_tail, running.tail())) << what << ": bytes written";
    }
    // Far outside, and round the address space.
    for (uint32_t at : {0x7fff'fff0u, 0x8000'0000u, 0xffff'ff00u, 0xffff'fff0u, 0xffff'ffffu}) {
      auto result = running.once(f, record_of(state), at);
      ASSERT_EQ(result.kind, Ended::OutOfBounds)
          << way().name << ": " << kit.name(f) << " at " << at << ": " << result.message;
    }
  }
}

// The address in other shapes: a constant, a sum, an index that is scaled; the greatest offset.
TEST_P(SimdMemory, Addresses) {
  Kit kit;
  std::vector<Access> all;
  std::vector<bool> fine;
  for (Access a : accesses()) {
    if (a.offset != 7 || a.operation.lanes[0] > 1) continue;
    auto add = [&](Access access, const std::string& address, bool ok) {
      std::string text = text_of(access, address);
      kit.add(text, access.is_store ? text : store_result('v', text));
      all.push_back(access);
      fine.push_back(ok);
    };
    const uint32_t last = kSize - a.bytes();
    add(a, fmt::format("(i32.const {})", last - 7), true);
    add(a, fmt::format("(i32.const {})", last - 6), false);
    add(a, "(i32.add (local.get $in) (i32.const -9))", true);
    add(a, "(i32.add (local.get $in) (i32.shl (i32.wrap_i64 (local.get $x)) (i32.const 3)))", false);
    add(a, "(i32.sub (local.get $in) (i32.shl (i32.wrap_i64 (local.get $x)) (i32.const 2)))", true);
    a.offset = 0xffff'ffff;
    add(a, "(local.get $in)", false);
    add(a, "(i32.const 1)", false);
    a.offset = kSize - a.bytes();
    add(a, "(i32.const 0)", true);
    add(a, "(i32.const 1)", false);
    a.offset = kSize;
    add(a, "(i32.const 0)", false);
  }
  Running running(kit, way().config);
  uint64_t state = 9;
  for (uint32_t f = 0; f < all.size(); ++f) {
    Record r = record_of(state);
    r.x = 3;
    auto result = running.once(f, r, kSize - 16 - 7);
    ASSERT_EQ(result.kind, fine[f] ? Ended::Well : Ended::OutOfBounds)
        << way().name << ": " << kit.name(f) << ": " << result.message;
  }
}

// A load of less than 16 bytes, or of a scalar, that an instruction takes as its operand at the end of memory: it reads no
// more than it says, also where it becomes a part of the instruction, and it still traps a byte further.
TEST_P(SimdMemory, NarrowOperandsAtTheEnd) {
  struct Load {
    std::string text;
    char type;
    unsigned bytes;
    Op op;  // of a vector
  };
  std::vector<Load> loads;
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const wasm::OpInfo& info = wasm::kOps[i];
    if (info.imm != wasm::Imm::MemArg || info.sig.result_count != 1 || info.sig.operand_count != 1) continue;
    if (info.feature != wasm::Feature::Simd && info.feature != wasm::Feature::Core) continue;
    loads.push_back(
        {fmt::format("({} (local.get $in))", info.mnemonic), info.sig.results[0], 1u << info.aux, static_cast<Op>(i)});
  }
  struct Function {
    const Operation& operation;
    const Load& load;
    unsigned place;
  };
  const auto all = supported_operations();
  std::vector<Function> functions;
  Kit kit;
  for (const Operation& o : all) {
    if (o.lanes[0] > 1) continue;
    const wasm::Sig& sig = wasm::info(o.op).sig;
    for (uint8_t i = 0; i < sig.operand_count; ++i) {
      for (const Load& load : loads) {
        if (load.type != sig.operands[i]) continue;
        auto operands = param_texts(o.op);
        operands[i] = load.text;
        kit.add_operation(fmt::format("{} with {}", o.name(), fmt::join(operands, " ")), o, operands);
        functions.push_back({o, load, static_cast<unsigned>(std::count(sig.operands, sig.operands + i, 'v'))});
      }
    }
  }
  Running running(kit, way().config);
  uint64_t state = 31;
  for (uint32_t f = 0; f < functions.size(); ++f) {
    const auto& [operation, load, place] = functions[f];
    Record r = record_of(state);
    r.x = next_random(state);
    std::array<uint8_t, 64> tail;
    for (uint8_t& b : tail) b = static_cast<uint8_t>(next_random(state));
    std::ranges::copy(tail, running.tail().begin());
    Record given = r;
    Operands from;
    std::memcpy(from.memory.data(), tail.data() + 64 - load.bytes, load.bytes);
    if (load.type == 'v') {
      given.v[place] = expect(load.op, from).deterministic();
    } else {
      std::string_view name = wasm::info(load.op).mnemonic;
      given.x = std::bit_cast<std::array<uint64_t, 2>>(from.memory)[0];
      const unsigned shift = 64 - 8 * load.bytes;
      if (name.ends_with("_s")) given.x = static_cast<uint64_t>(static_cast<int64_t>(given.x << shift) >> shift);
    }
    auto ended = running.once(f, r, kSize - load.bytes);
    ASSERT_EQ(ended.kind, Ended::Well) << way().name << ": " << kit.name(f) << ": " << ended.message;
    Out out = running.out();
    expect_results(kit, f, operation, std::span(&given, 1), std::span(&out, 1));
    ended = running.once(f, r, kSize - load.bytes + 1);
    ASSERT_EQ(ended.kind, Ended::OutOfBounds) << way().name << ": " << kit.name(f) << ": " << ended.message;
  }
}

// What is stored is loaded again; loads and stores that overlap are not exchanged or merged wrongly.
TEST_P(SimdMemory, OverlappingStores) {
  Kit kit;
  struct Step {
    const wasm::OpInfo* info;
    uint32_t at;
    uint8_t lane;
    unsigned operand;
  };
  std::vector<std::vector<Step>> programs;
  const Op kStores[] = {Op::V128Store, Op::V128Store8Lane, Op::V128Store16Lane, Op::V128Store32Lane,
                        Op::V128Store64Lane};
  uint64_t state = 21;
  for (int n = 0; n < 200; ++n) {
    std::vector<Step> steps;
    std::string body =
        "(v128.store (local.get $in) (local.get $c)) (v128.store offset=16 (local.get $in) (local.get $c))";
    for (int k = 0; k < 6; ++k) {
      const wasm::OpInfo& info = wasm::info(kStores[next_random(state) % 5]);
      Step s{&info, static_cast<uint32_t>(next_random(state) % (33 - (1u << info.aux))),
             static_cast<uint8_t>(next_random(state) % (16u >> info.aux)),
             static_cast<unsigned>(next_random(state) % 2)};
      body += fmt::format("({} offset={} {} (local.get $in) (local.get ${:c}))", info.mnemonic, s.at,
                          info.imm == wasm::Imm::MemArgLane ? std::to_string(s.lane) : "", 'a' + s.operand);
      steps.push_back(s);
    }
    for (unsigned k = 0; k < 4; ++k)
      body += store_result('v', fmt::format("(v128.load offset={} (local.get $in))", k * 5 + (k == 3)), 16 * k);
    kit.add(fmt::format("overlapping stores {}", n), body);
    programs.push_back(steps);
  }
  Running running(kit, way().config);
  for (uint32_t f = 0; f < programs.size(); ++f) {
    Record r = record_of(state);
    std::array<uint8_t, 64> bytes{};
    std::memcpy(bytes.data(), r.v[2].data(), 16);
    std::memcpy(bytes.data() + 16, r.v[2].data(), 16);
    for (const Step& s : programs[f]) {
      const size_t size = size_t{1} << s.info->aux;
      std::memcpy(bytes.data() + s.at, r.v[s.operand].data() + s.lane * size % 16, size);
    }
    ASSERT_EQ(running.once(f, r, 1001).kind, Ended::Well);
    Out out = running.out();
    for (unsigned k = 0; k < 4; ++k)
      ASSERT_EQ(std::memcmp(out.v[k].data(), bytes.data() + k * 5 + (k == 3), 16), 0)
          << way().name << ": " << kit.name(f) << " " << k;
  }
}

}  // namespace
}  // namespace vitrine::simd
