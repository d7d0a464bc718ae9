// Vectors as conditions: any_true, all_true and bitmask of comparisons and of logic, used by branches, selects and
// arithmetic, where instructions melt together.
#include <algorithm>

#include "checks.hpp"

namespace vitrine::simd {
namespace {

using Conditions = EveryWay;
VITRINE_EVERY_WAY(Conditions);

/// What a condition is made of: "(i8x16.eq (local.get $a) (local.get $b))".
struct Source {
  std::string text;
  std::vector<Op> ops;  // the first on $a and $b, each other one on what came out
};

std::vector<Source> sources() {
  std::vector<Source> all = {{"(local.get $a)", {}}, {"(v128.load (local.get $in))", {}}};
  for (const Operation& o : supported_operations()) {
    const wasm::OpInfo& info = wasm::info(o.op);
    std::string_view name = info.mnemonic;
    auto is = [&](std::initializer_list<std::string_view> list) {
      return std::ranges::find(list, name.substr(name.find('.') + 1)) != list.end();
    };
    const bool compares =
        is({"eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u", "lt", "gt", "le", "ge"});
    if (!compares && !is({"and", "or", "xor", "andnot", "not", "neg", "sub", "abs", "shr_s"})) continue;
    if (info.sig.operands[1] == 'i' || name == "f32x4.sub" || name == "f64x2.sub") continue;  // NaNs of many bits
    std::string text = written(o, param_texts(o.op));
    all.push_back({text, {o.op}});
    if (compares) all.push_back({"(v128.not " + text + ")", {o.op, Op::V128Not}});
  }
  return all;
}

struct Consumer {
  const char* text;  // {} is the condition
  uint64_t (*value)(uint32_t condition);
};
constexpr Consumer kConsumers[] = {
    {"{}", [](uint32_t c) -> uint64_t { return c; }},
    {"(if (result i32) {} (then (i32.const 5)) (else (i32.const 6)))",
     [](uint32_t c) -> uint64_t { return c ? 5 : 6; }},
    {"(if (result i32) (i32.eqz {}) (then (i32.const 5)) (else (i32.const 6)))",
     [](uint32_t c) -> uint64_t { return c ? 6 : 5; }},
    {"(select (i32.const 7) (i32.wrap_i64 (local.get $x)) {})", [](uint32_t c) -> uint64_t { return c ? 7 : 1234; }},
    {"(select (i32.const 7) (i32.wrap_i64 (local.get $x)) (i32.eqz {}))",
     [](uint32_t c) -> uint64_t { return c ? 1234 : 7; }},
    {"(block (result i32) (drop (br_if 0 (i32.const 8) {})) (i32.const 9))",
     [](uint32_t c) -> uint64_t { return c ? 8 : 9; }},
    {"(block (result i32) (drop (br_if 0 (i32.const 8) (i32.eqz {}))) (i32.const 9))",
     [](uint32_t c) -> uint64_t { return c ? 9 : 8; }},
    {"(i32.eqz {})", [](uint32_t c) -> uint64_t { return c == 0; }},
    {"(i32.eqz (i32.eqz {}))", [](uint32_t c) -> uint64_t { return c != 0; }},
    {"(i32.ne {} (i32.const 0))", [](uint32_t c) -> uint64_t { return c != 0; }},
    {"(i32.eq {} (i32.const 0xffff))", [](uint32_t c) -> uint64_t { return c == 0xffff; }},
    {"(i32.eq {} (i32.const 15))", [](uint32_t c) -> uint64_t { return c == 15; }},
    {"(i32.and {} (i32.const 5))", [](uint32_t c) -> uint64_t { return c & 5; }},
    {"(i32.ctz {})", [](uint32_t c) -> uint64_t { return c ? static_cast<uint64_t>(__builtin_ctz(c)) : 32; }},
};

TEST_P(Conditions, OfEverySource) {
  Kit kit;
  struct Function {
    size_t source;
    Op condition;
    const Consumer* consumer;
  };
  const Op kConditions[] = {Op::V128AnyTrue,  Op::I8x16AllTrue, Op::I16x8AllTrue, Op::I32x4AllTrue, Op::I64x2AllTrue,
                            Op::I8x16Bitmask, Op::I16x8Bitmask, Op::I32x4Bitmask, Op::I64x2Bitmask};
  const auto all = sources();
  std::vector<Function> functions;
  for (size_t s = 0; s < all.size(); ++s) {
    for (Op condition : kConditions) {
      std::string text = fmt::format("({} {})", wasm::info(condition).mnemonic, all[s].text);
      for (const Consumer& c : kConsumers) {
        std::string value = c.text;
        value.replace(value.find("{}"), 2, text);
        kit.add(value, store_result('i', value));
        functions.push_back({s, condition, &c});
      }
    }
  }
  Running running(kit, way().config);
  std::vector<std::vector<Record>> records(all.size());
  std::vector<std::vector<V128>> values(all.size());
  for (size_t s = 0; s < all.size(); ++s) {
    const Op first = all[s].ops.empty() ? Op::V128And : all[s].ops[0];
    records[s] = thinned(records_of(first), 24);
    auto mixed = records_of(first);
    records[s].insert(records[s].end(), mixed.end() - 160, mixed.end() - 120);
    for (Record& r : records[s]) {
      r.x = 1234;
      V128 v = r.v[0];
      for (size_t k = 0; k < all[s].ops.size(); ++k) {
        v = k == 0 ? expect(all[s].ops[0], {.v = r.v}).deterministic()
                   : expect(all[s].ops[k], {.v = {v}}).deterministic();
      }
      values[s].push_back(v);
    }
  }
  for (uint32_t f = 0; f < functions.size(); ++f) {
    const auto& [s, condition, consumer] = functions[f];
    auto got = running.drive(f, records[s]);
    for (size_t i = 0; i < got.size(); ++i) {
      auto c = static_cast<uint32_t>(expect(condition, {.v = {values[s][i]}}).lanes[0].deterministic().bits);
      Expected expected{.lane_bytes = 4, .count = 1, .lanes = {Lane({consumer->value(c), Choice::Exact})}};
      if (!expected.allows(got[i].v[0])) differs(kit.name(f), records[s][i], expected.text(), got[i].v[0], expected);
    }
  }
}

// Comparisons as masks: bitselect by one, and select between vectors by a scalar.
TEST_P(Conditions, Selections) {
  Kit kit;
  struct Function {
    Op compare;
    int form;
  };
  constexpr const char* kForms[] = {"(v128.bitselect (local.get $a) (local.get $c) {})",
                                    "(v128.bitselect (local.get $c) (local.get $b) {})",
                                    "(v128.or (v128.and {} (local.get $c)) (v128.andnot (local.get $a) {}))",
                                    "(select (local.get $a) (local.get $c) (v128.any_true {}))",
                                    "(select (local.get $a) (local.get $c) (i32.eqz (i8x16.all_true {})))",
                                    "(select (result v128) {} (local.get $c) (i64.eqz (local.get $x)))",
                                    "(v128.bitselect (local.get $a) (local.get $c) (v128.not {}))"};
  std::vector<Function> functions;
  for (const Source& s : sources()) {
    if (s.ops.size() != 1) continue;
    for (int form = 0; form < static_cast<int>(std::size(kForms)); ++form) {
      std::string value = kForms[form];
      for (size_t at; (at = value.find("{}")) != value.npos;) value.replace(at, 2, s.text);
      kit.add(value, store_result('v', value));
      functions.push_back({s.ops[0], form});
    }
  }
  Running running(kit, way().config);
  for (uint32_t f = 0; f < functions.size(); ++f) {
    auto records = thinned(records_of(functions[f].compare), 40);
    uint64_t state = f;
    for (Record& r : records) {
      r.v[2] = random_vector(Shape::I8x16, state);
      r.x = next_random(state) % 2;
    }
    auto got = running.drive(f, records);
    for (size_t i = 0; i < records.size(); ++i) {
      const auto& [a, b, c] = records[i].v;
      const V128 m = expect(functions[f].compare, {.v = records[i].v}).deterministic();
      auto holds = [&](Op op) { return expect(op, {.v = {m}}).lanes[0].deterministic().bits != 0; };
      V128 v;
      auto bits = [&](auto one) {
        for (size_t k = 0; k < 16; ++k) v[k] = static_cast<uint8_t>(one(k));
      };
      switch (functions[f].form) {
        case 0:
          bits([&](size_t k) { return (a[k] & m[k]) | (c[k] & ~m[k]); });
          break;
        case 1:
          bits([&](size_t k) { return (c[k] & m[k]) | (b[k] & ~m[k]); });
          break;
        case 2:
          bits([&](size_t k) { return (m[k] & c[k]) | (a[k] & ~m[k]); });
          break;
        case 3:
          v = holds(Op::V128AnyTrue) ? a : c;
          break;
        case 4:
          v = holds(Op::I8x16AllTrue) ? c : a;
          break;
        case 5:
          v = records[i].x == 0 ? m : c;
          break;
        default:
          bits([&](size_t k) { return (a[k] & ~m[k]) | (c[k] & m[k]); });
      }
      EXPECT_TRUE(got[i].v[0] == v) << way().name << ": " << kit.name(f) << "\n  a " << hex(a) << "\n  b " << hex(b)
                                    << "\n  c " << hex(c) << "\n  expected " << hex(v) << "\n  got      "
                                    << hex(got[i].v[0]);
    }
  }
}

}  // namespace
}  // namespace vitrine::simd
