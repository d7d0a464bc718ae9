// i8x16.shuffle: every pattern that some instruction does, and thousands that none does.
#include <algorithm>
#include <set>

#include "checks.hpp"

namespace vitrine::simd {
namespace {

using Shuffle = EveryWay;
VITRINE_EVERY_WAY(Shuffle);

/// Lanes of `width` bytes instead of bytes.
V128 wide(unsigned width, auto lane_at) {
  V128 v;
  for (unsigned i = 0; i < 16; ++i) v[i] = static_cast<uint8_t>((lane_at(i / width) * width + i % width) % 32);
  return v;
}

std::vector<V128> structured() {
  std::set<V128> all;
  auto add = [&](unsigned width, auto lane_at) { all.insert(wide(width, lane_at)); };
  for (unsigned w : {1u, 2u, 4u, 8u}) {
    const unsigned n = 16 / w;
    add(w, [](unsigned i) { return i; });
    add(w, [&](unsigned i) { return n + i; });
    for (unsigned l = 0; l < 2 * n; ++l) add(w, [&](unsigned) { return l; });  // broadcasts
    for (unsigned half : {0u, n / 2}) {                                        // unpacks
      add(w, [&](unsigned i) { return half + i / 2 + i % 2 * n; });
      add(w, [&](unsigned i) { return half + i / 2 + (1 - i % 2) * n; });
      add(w, [&](unsigned i) { return half + i / 2; });
      add(w, [&](unsigned i) { return n + half + i / 2; });
      add(w, [&](unsigned i) { return half + i; });  // halves of one and of the other
      add(w, [&](unsigned i) { return (half + i) % n; });
      add(w, [&](unsigned i) { return i < n / 2 ? half + i : n + i % (n / 2); });
      add(w, [&](unsigned i) { return i < n / 2 ? half + i : n + n / 2 + i % (n / 2); });
      add(w, [&](unsigned i) { return i < n / 2 ? n + half + i : i % (n / 2); });
    }
    for (unsigned odd : {0u, 1u}) {  // packs, and duplicates of even or odd lanes
      add(w, [&](unsigned i) { return 2 * i + odd; });
      add(w, [&](unsigned i) { return (2 * i + odd + n) % (2 * n); });
      add(w, [&](unsigned i) { return (2 * i + odd) % n; });
      add(w, [&](unsigned i) { return i / 2 * 2 + odd; });
      add(w, [&](unsigned i) { return i % 2 ? n + i / 2 * 2 + odd : i / 2 * 2 + odd; });  // transpositions
    }
    for (unsigned k = 0; k < 2 * n; ++k) {
      add(w, [&](unsigned i) { return i + k; });                               // of two, by an amount
      add(w, [&](unsigned i) { return (i + k) % n; });                         // rotations
      add(w, [&](unsigned i) { return i + k < n ? i + k : 16 / w + 3 % n; });  // shifts, when the other is zero
      add(w, [&](unsigned i) { return i < k % n ? n + i : i - k % n; });
    }
    for (unsigned group = 2; group <= n; group *= 2) {
      add(w, [&](unsigned i) { return i / group * group + group - 1 - i % group; });  // reversals
      add(w, [&](unsigned i) { return n + i / group * group + group - 1 - i % group; });
      add(w, [&](unsigned i) { return i / group * group + (i + 1) % group; });  // rotations in groups
      add(w, [&](unsigned i) { return i % group == 0 ? i / group : n + i; });   // extensions, when the other is zero
      add(w, [&](unsigned i) { return i % group == 0 ? n + i / group : i; });
      add(w, [&](unsigned i) { return i % group == 0 ? n / 2 + i / group : n + i; });
      add(w, [&](unsigned i) { return i % group == group - 1 ? i / group : n + i; });
    }
    uint64_t state = w;
    const unsigned masks = n >= 16 ? 64 : 1u << n;
    for (unsigned m = 0; m < masks; ++m) {  // blends
      uint64_t mask = n >= 16 ? next_random(state) : m;
      add(w, [&](unsigned i) { return mask >> i & 1 ? n + i : i; });
    }
    for (unsigned to = 0; to < n; ++to) {  // inserts
      for (unsigned from = 0; from < n; from += n == 16 ? 5 : 1) {
        add(w, [&](unsigned i) { return i == to ? n + from : i; });
        add(w, [&](unsigned i) { return i == to ? from : n + i; });
        add(w, [&](unsigned i) { return i == to ? from : i; });
      }
    }
  }
  for (unsigned imm = 0; imm < 256; ++imm) {
    auto pick = [&](unsigned i) { return imm >> 2 * i & 3; };
    add(4, [&](unsigned i) { return pick(i); });
    add(4, [&](unsigned i) { return pick(i) + (i < 2 ? 0 : 4); });
    if (imm % 3 == 0) add(4, [&](unsigned i) { return pick(i) + 4; });
    if (imm % 3 == 1) add(4, [&](unsigned i) { return pick(i) + (i < 2 ? 4 : 0); });
    add(2, [&](unsigned i) { return i < 4 ? pick(i) : i; });
    add(2, [&](unsigned i) { return i < 4 ? i : 4 + pick(i - 4); });
    if (imm % 5 == 0) add(2, [&](unsigned i) { return i < 4 ? pick(i) : 4 + pick(i - 4); });
  }
  return {all.begin(), all.end()};
}

std::vector<Record> shuffle_records() {
  std::vector<Record> records(3);
  uint64_t state = 5;
  for (size_t i = 0; i < 16; ++i) {
    records[0].v[0][i] = static_cast<uint8_t>(0x40 + i);
    records[0].v[1][i] = static_cast<uint8_t>(0x80 + i);
  }
  records[1].v = {random_vector(Shape::I8x16, state), random_vector(Shape::I8x16, state), V128{}};
  records[2].v = {random_vector(Shape::I8x16, state), random_vector(Shape::I8x16, state), V128{}};
  return records;
}

enum Place : unsigned { Both, LeftMemory, RightMemory, Same, LeftZero, RightZero, LeftConst, RightConst, kPlaces };
constexpr const char* kPlaceNames[] = {"params",    "left from memory", "right from memory", "same",
                                       "left zero", "right zero",       "left constant",     "right constant"};

struct Function {
  Operation operation;
  Place place;
};

void add(Kit& kit, std::vector<Function>& functions, const V128& lanes, Place place) {
  const Operation o{Op::I8x16Shuffle, lanes};
  auto operands = param_texts(o.op);
  const Record constant = shuffle_records()[0];
  switch (place) {
    case LeftMemory:
      operands[0] = "(v128.load (local.get $in))";
      break;
    case RightMemory:
      operands[1] = "(v128.load offset=16 (local.get $in))";
      break;
    case Same:
      operands[1] = operands[0];
      break;
    case LeftZero:
      operands[0] = const_text({});
      break;
    case RightZero:
      operands[1] = const_text({});
      break;
    case LeftConst:
      operands[0] = const_text(constant.v[0]);
      break;
    case RightConst:
      operands[1] = const_text(constant.v[1]);
      break;
    default:
      break;
  }
  kit.add_operation(fmt::format("{}, {}", o.name(), kPlaceNames[place]), o, operands);
  functions.push_back({o, place});
}

std::vector<Record> records_for(Place place) {
  auto records = shuffle_records();
  const Record constant = records[0];
  for (Record& r : records) {
    if (place == Same) r.v[1] = r.v[0];
    if (place == LeftZero) r.v[0] = {};
    if (place == RightZero) r.v[1] = {};
    if (place == LeftConst) r.v[0] = constant.v[0];
    if (place == RightConst) r.v[1] = constant.v[1];
  }
  return records;
}

TEST_P(Shuffle, Structured) {
  Kit kit;
  std::vector<Function> functions;
  size_t n = 0;
  for (const V128& lanes : structured()) {
    for (Place p : {Both, LeftMemory, RightMemory, Same, LeftZero, RightZero}) add(kit, functions, lanes, p);
    if (n++ % 8 == 0) {
      for (Place p : {LeftConst, RightConst}) add(kit, functions, lanes, p);
    }
  }
  Running running(kit, way().config);
  for (uint32_t f = 0; f < functions.size(); ++f) {
    auto records = records_for(functions[f].place);
    expect_results(kit, f, functions[f].operation, records, running.drive(f, records));
  }
}

TEST_P(Shuffle, Random) {
  Kit kit;
  std::vector<Function> functions;
  uint64_t state = 11 + GetParam();
  for (int i = 0; i < 3000; ++i) {
    V128 lanes;
    for (uint8_t& l : lanes) l = static_cast<uint8_t>(next_random(state) % 32);
    const unsigned kind = static_cast<unsigned>(next_random(state) % 8);
    for (uint8_t& l : lanes) {
      if (kind == 0) l %= 16;
      if (kind == 1) l = static_cast<uint8_t>(16 + l % 16);
    }
    if (kind >= 5) lanes = wide(kind == 5 ? 2 : kind == 6 ? 4 : 8, [&](unsigned k) { return lanes[k]; });
    add(kit, functions, lanes, static_cast<Place>(next_random(state) % 3 ? 0 : next_random(state) % kPlaces));
  }
  Running running(kit, way().config);
  for (uint32_t f = 0; f < functions.size(); ++f) {
    auto records = records_for(functions[f].place);
    expect_results(kit, f, functions[f].operation, records, running.drive(f, records));
  }
}

// Shuffles of shuffles, with a value used twice.
TEST_P(Shuffle, Chains) {
  Kit kit;
  std::vector<std::vector<V128>> chains;
  uint64_t state = 77 + GetParam();
  const auto patterns = structured();
  for (int i = 0; i < 300; ++i) {
    std::vector<V128> chain;
    std::string value = "(local.get $a)";
    std::string body;
    for (int k = 0; k < 4; ++k) {
      chain.push_back(patterns[next_random(state) % patterns.size()]);
      body += fmt::format("(local.set $a {})",
                          written({Op::I8x16Shuffle, chain.back()}, {"(local.get $a)", "(local.get $b)"}));
    }
    kit.add(fmt::format("chain {}", i), body + store_result('v', "(local.get $a)"));
    chains.push_back(chain);
  }
  Running running(kit, way().config);
  for (uint32_t f = 0; f < chains.size(); ++f) {
    for (Record r : shuffle_records()) {
      auto got = running.drive(f, std::span(&r, 1));
      for (size_t k = 0; k + 1 < chains[f].size(); ++k)
        r.v[0] = expect(Op::I8x16Shuffle, {.v = r.v, .lanes = chains[f][k]}).deterministic();
      expect_results(kit, f, {Op::I8x16Shuffle, chains[f].back()}, std::span(&r, 1), got);
    }
  }
}

}  // namespace
}  // namespace vitrine::simd
