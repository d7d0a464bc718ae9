// Every instruction on vectors, in every way to compile, against the model: all operands that matter from registers,
// then fewer of them in all the other places an operand can be in.
#include <algorithm>
#include <cstring>

#include "checks.hpp"

namespace vitrine::simd {
namespace {

using Simd = EveryWay;
VITRINE_EVERY_WAY(Simd);

TEST(Model, KnowsEveryInstruction) {
  size_t simd = 0, relaxed = 0;
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    if (wasm::kOps[i].prefix != 0xfd) continue;
    EXPECT_TRUE(has_model(static_cast<Op>(i))) << wasm::kOps[i].mnemonic;
    ++(wasm::kOps[i].feature == wasm::Feature::RelaxedSimd ? relaxed : simd);
  }
  EXPECT_EQ(simd, 236u);
  EXPECT_EQ(relaxed, 20u);
}

TEST_P(Simd, AllOperands) {
  Kit kit;
  const auto all = supported_operations();
  for (const Operation& o : all) kit.add_form(o, Form::Params);
  Running running(kit, way().config);
  for (uint32_t f = 0; f < all.size(); ++f) {
    auto records = records_of(all[f].op);
    expect_results(kit, f, all[f], records, running.drive(f, records));
  }
}

/// Equal lanes, but for those that may be any NaN.
bool consistent(const Expected& expected, const V128& a, const V128& b) {
  for (size_t i = 0; i < expected.count; ++i) {
    if (expected.lanes[i].deterministic().kind != Choice::Exact) continue;
    if (std::memcmp(a.data() + i * expected.lane_bytes, b.data() + i * expected.lane_bytes, expected.lane_bytes) != 0)
      return false;
  }
  return true;
}

Record same_operands(Record r) {
  r.v[1] = r.v[2] = r.v[0];
  return r;
}

TEST_P(Simd, OperandsInEveryPlace) {
  Kit kit;
  const auto all = supported_operations();
  struct Function {
    const Operation& operation;
    Form form;
  };
  std::vector<Function> functions;
  for (const Operation& o : all) {
    for (size_t form = 0; form < static_cast<size_t>(Form::kCount); ++form) {
      if (!applies(static_cast<Form>(form), o.op)) continue;
      kit.add_form(o, static_cast<Form>(form));
      functions.push_back({o, static_cast<Form>(form)});
    }
  }
  Running running(kit, way().config);
  std::vector<Record> records;
  std::vector<Out> plain;
  for (uint32_t f = 0; f < functions.size(); ++f) {
    const auto& [operation, form] = functions[f];
    if (form == Form::Params) {
      records = thinned(records_of(operation.op), 64);
      plain = running.drive(f, records);
      expect_results(kit, f, operation, records, plain);
      continue;
    }
    auto given = records;
    if (form == Form::Same) std::ranges::transform(given, given.begin(), same_operands);
    auto got = running.drive(f, given);
    expect_results(kit, f, operation, given, got);
    for (size_t i = 0; i < given.size(); ++i) {
      const auto& v = got[i].v;
      const auto& r = given[i].v;
      if (form == Form::Live || form == Form::AcrossCall) {
        EXPECT_TRUE(v[1] == r[0] && v[2] == r[1] && v[3] == r[2])
            << way().name << ": " << kit.name(f) << ": an operand is lost";
      }
      if (form == Form::Pressure) {
        EXPECT_TRUE(v[1] == running.pressure_sum() && v[2] == r[0] && v[3] == r[1])
            << way().name << ": " << kit.name(f) << ": another value is lost";
      }
      // What a relaxed instruction chooses, it chooses everywhere.
      if (form != Form::Same && is_relaxed(operation.op)) {
        Expected expected = expect(operation.op, operands_of(operation, given[i]));
        if (!consistent(expected, plain[i].v[0], v[0]))
          differs(kit.name(f) + " is not as with params", given[i], hex(plain[i].v[0]), v[0], expected);
      }
    }
  }
}

// An operand that ends where memory ends is read; one that ends a byte later is a trap, and nothing else.
TEST_P(Simd, OperandsAtTheEndOfMemory) {
  Kit kit;
  const auto all = supported_operations();
  struct Function {
    const Operation& operation;
    unsigned operand;
  };
  std::vector<Function> functions;
  for (const Operation& o : all) {
    if (o.lanes[0] > 1) continue;
    for (unsigned k = 0; k < 3; ++k) {
      auto form = static_cast<Form>(static_cast<unsigned>(Form::Memory0) + k);
      if (!applies(form, o.op)) continue;
      kit.add_form(o, form);
      functions.push_back({o, k});
    }
  }
  Running running(kit, way().config);
  for (uint32_t f = 0; f < functions.size(); ++f) {
    const auto& [operation, k] = functions[f];
    for (const Record& r : thinned(records_of(operation.op), 3)) {
      const uint32_t last = Running::kMemorySize - 16;
      std::ranges::copy(r.v[k], running.tail().last<16>().begin());
      auto ok = running.once(f, r, last - 16 * k);
      ASSERT_EQ(ok.kind, Ended::Well) << way().name << ": " << kit.name(f) << ": " << ok.message;
      Out out = running.out();
      expect_results(kit, f, operation, std::span(&r, 1), std::span(&out, 1));
      for (uint32_t beyond : {1u, 8u, 15u, 16u, 17u}) {
        auto trapped = running.once(f, r, last - 16 * k + beyond);
        ASSERT_EQ(trapped.kind, Ended::OutOfBounds)
            << way().name << ": " << kit.name(f) << " at " << beyond << " bytes beyond: " << trapped.message;
        ASSERT_TRUE(running.out().v[0] == V128{}) << way().name << ": " << kit.name(f);
      }
    }
  }
}

// -- constants

V128 splat_of(Shape shape, uint64_t bits) {
  V128 v;
  for (size_t i = 0; i < 16; ++i) v[i] = static_cast<uint8_t>(bits >> 8 * (i % lane_bytes(shape)));
  return v;
}

std::vector<Record> constants_for(Op op) {
  const Shape shape = operand_shape(op);
  const auto& values = boundary_values(shape);
  std::vector<Record> records = thinned(records_of(op), 8);
  if (wasm::info(op).sig.operand_count == 2 && wasm::info(op).sig.operands[1] == 'i') {
    records = records_of(op);  // shifts: every count
    auto rest = std::ranges::unique(records, {}, &Record::x);
    records.erase(rest.begin(), rest.end());
  }
  uint64_t state = 7;
  auto add = [&](const V128& c) {
    Record r;
    for (V128& v : r.v) v = random_vector(shape, state);
    // The constant in one place, in all of them by turns.
    r.v[records.size() % 3] = c;
    r.v[(records.size() + 1) % 3] = c;
    records.push_back(r);
  };
  V128 identity;
  for (size_t i = 0; i < 16; ++i) identity[i] = static_cast<uint8_t>(i);
  for (int i = 0; i < 3; ++i) {
    add({});
    add(splat_of(Shape::I8x16, 0xff));
    add(splat_of(shape, 1ull << (8 * lane_bytes(shape) - 1)));
    add(splat_of(shape, (1ull << (8 * lane_bytes(shape) - 1)) - 1));
    add(splat_of(shape, values[next_random(state) % values.size()]));
  }
  add(splat_of(shape, 1));
  add(splat_of(shape, 2));
  add(identity);
  for (Record& r : records) {
    if (!r.x) r.x = next_random(state);
  }
  return records;
}

TEST_P(Simd, Constants) {
  struct Function {
    Operation operation;
    Record record;
    unsigned constant;  // bits: which operands, of the operator's, are constant
  };
  std::vector<Function> functions;
  Kit kit;
  for (const Operation& o : supported_operations()) {
    const wasm::Sig& sig = wasm::info(o.op).sig;
    for (const Record& r : constants_for(o.op)) {
      const unsigned all = (1u << sig.operand_count) - 1;
      for (unsigned mask = 1; mask <= all; ++mask) {
        auto operands = param_texts(o.op);
        unsigned v = 0;
        for (uint8_t i = 0; i < sig.operand_count; ++i) {
          const bool is_vector = sig.operands[i] == 'v';
          if (mask >> i & 1) operands[i] = is_vector ? const_text(r.v[v]) : scalar_const(sig.operands[i], r.x);
          v += is_vector;
        }
        kit.add_operation(fmt::format("{}, constant operands {:#b}", o.name(), mask), o, operands);
        functions.push_back({o, r, mask});
      }
    }
  }
  std::vector<uint32_t> plain_of(wasm::kOpCount);
  for (const Operation& o : supported_operations()) plain_of[static_cast<size_t>(o.op)] = kit.add_form(o, Form::Params);
  Running running(kit, way().config);
  uint64_t state = 3;
  for (uint32_t f = 0; f < functions.size(); ++f) {
    const auto& [operation, record, mask] = functions[f];
    const wasm::Sig& sig = wasm::info(operation.op).sig;
    std::vector<Record> records = {record};
    for (int n = 0; n < 3; ++n) {
      Record r = record;
      unsigned v = 0;
      for (uint8_t i = 0; i < sig.operand_count; ++i) {
        const bool is_vector = sig.operands[i] == 'v';
        if (!(mask >> i & 1) && is_vector) r.v[v] = random_vector(operand_shape(operation.op), state);
        if (!(mask >> i & 1) && !is_vector) r.x = next_random(state);
        v += is_vector;
      }
      records.push_back(r);
    }
    auto got = running.drive(f, records);
    expect_results(kit, f, operation, records, got);
    if (!is_relaxed(operation.op)) continue;
    auto as_params = running.drive(plain_of[static_cast<size_t>(operation.op)], records);
    for (size_t i = 0; i < records.size(); ++i) {
      Expected expected = expect(operation.op, operands_of(operation, records[i]));
      if (!consistent(expected, as_params[i].v[0], got[i].v[0]))
        differs(kit.name(f) + " is not as with params", records[i], hex(as_params[i].v[0]), got[i].v[0], expected);
    }
  }
}

// -- one instruction on the result of another, where patterns are looked for

TEST_P(Simd, Pairs) {
  struct Function {
    Operation first, second;
    unsigned place;
  };
  std::vector<Operation> makers, all = supported_operations();
  std::ranges::copy_if(all, std::back_inserter(makers),
                       [](const Operation& o) { return wasm::info(o.op).sig.results[0] == 'v'; });
  std::vector<Operation> takers;
  std::ranges::copy_if(all, std::back_inserter(takers), [](const Operation& o) {
    const wasm::Sig& sig = wasm::info(o.op).sig;
    return std::count(sig.operands, sig.operands + sig.operand_count, 'v') > 0;
  });
  // All pairs are 60000 functions: VITRINE_SIMD_PAIRS=100000 tries most.
  const char* wanted = std::getenv("VITRINE_SIMD_PAIRS");
  const size_t count = wanted ? std::strtoull(wanted, nullptr, 0) : 2500;
  uint64_t state = GetParam() + 100;
  for (size_t done = 0; done < count;) {
    std::vector<Function> functions;
    Kit kit;
    for (; functions.size() < 10'000 && done < count; ++done) {
      const Operation& first = makers[next_random(state) % makers.size()];
      const Operation& second = takers[next_random(state) % takers.size()];
      auto operands = param_texts(second.op);
      const wasm::Sig& sig = wasm::info(second.op).sig;
      unsigned vectors = static_cast<unsigned>(std::count(sig.operands, sig.operands + sig.operand_count, 'v'));
      unsigned place = static_cast<unsigned>(next_random(state) % vectors), v = 0;
      for (uint8_t i = 0; i < sig.operand_count; ++i) {
        if (sig.operands[i] == 'v' && v++ == place) operands[i] = written(first, param_texts(first.op));
      }
      kit.add_operation(fmt::format("{} of {} as operand {}", second.name(), first.name(), place), second, operands);
      functions.push_back({first, second, place});
    }
    Running running(kit, way().config);
    for (uint32_t f = 0; f < functions.size(); ++f) {
      const auto& [first, second, place] = functions[f];
      std::vector<Record> records, changed;
      for (const Record& r : thinned(records_of(first.op), 8)) {
        Expected inner = expect(first.op, operands_of(first, r));
        if (!inner.is_exact()) continue;
        Record outer = r;
        outer.v[place] = inner.deterministic();
        records.push_back(r);
        changed.push_back(outer);
      }
      if (!records.empty()) expect_results(kit, f, second, changed, running.drive(f, records));
    }
  }
}

// -- canonical NaNs

bool is_nan_lane(const Expected& e, const V128& got, size_t lane) {
  uint64_t bits = 0;
  std::memcpy(&bits, got.data() + lane * e.lane_bytes, e.lane_bytes);
  return e.lane_bytes == 4 ? (bits & 0x7fff'ffff) > 0x7f80'0000 : (bits << 1) > 0xffe0'0000'0000'0000;
}

TEST_P(Simd, CanonicalNans) {
  if (in_v8()) GTEST_SKIP() << "V8 has no such option";
  std::vector<Operation> chosen;
  for (const Operation& o : supported_operations()) {
    std::string_view name = wasm::info(o.op).mnemonic;
    bool arithmetic = false;
    for (const Record& r : thinned(records_of(o.op), 200)) {
      Expected e = expect(o.op, operands_of(o, r));
      for (size_t i = 0; i < e.count; ++i) arithmetic |= e.lanes[i].deterministic().kind != Choice::Exact;
    }
    if (arithmetic) chosen.push_back(o);
    EXPECT_TRUE(arithmetic || (name != "f32x4.add" && name != "f64x2.sqrt"));
  }
  Kit kit;
  for (const Operation& o : chosen) {
    for (Form form : {Form::Params, Form::Memory0}) kit.add_form(o, form);
  }
  Config config = way().config;
  Running running(kit, config.nan_canonicalization(true));
  for (uint32_t f = 0; f < kit.size(); ++f) {
    const Operation& o = chosen[f / 2];
    auto records = thinned(records_of(o.op), 1000);
    auto got = running.drive(f, records);
    expect_results(kit, f, o, records, got);
    for (size_t n = 0; n < records.size(); ++n) {
      Expected e = expect(o.op, operands_of(o, records[n]));
      for (size_t i = 0; i < e.count; ++i) {
        if (e.lanes[i].deterministic().kind == Choice::Exact || !is_nan_lane(e, got[n].v[0], i)) continue;
        uint64_t bits = 0;
        std::memcpy(&bits, got[n].v[0].data() + i * e.lane_bytes, e.lane_bytes);
        if (bits != e.lanes[i].deterministic().bits)
          differs(kit.name(f) + ", canonical", records[n], e.text(), got[n].v[0], e);
      }
    }
  }
}

// -- CPUs that are not here: that there is code for them; what it does is not tried

TEST(SimdLevels, CompilesForEachLevel) {
  if (in_v8()) GTEST_SKIP() << "V8 has no such option";
  Kit kit;
  for (const Operation& o : supported_operations()) {
    for (size_t form = 0; form < static_cast<size_t>(Form::kCount); ++form) {
      if (applies(static_cast<Form>(form), o.op)) kit.add_form(o, static_cast<Form>(form));
    }
  }
  const std::string text = kit.text();
  for (CpuLevel level : {CpuLevel::Baseline, CpuLevel::Avx, CpuLevel::Avx2, CpuLevel::Avx512}) {
    for (uint8_t opt : {0, 2}) {
      for (bool canonical : {false, true}) {
        auto engine = Engine::make(
            Config().cpu_level(level).opt_level(opt).nan_canonicalization(canonical).relaxed_simd_deterministic(
                canonical));
        ASSERT_TRUE(engine.has_value()) << engine.error().message();
        auto module = Module::compile(*engine, std::string_view(text));
        ASSERT_TRUE(module.has_value()) << vitrine::name_of(level) << ": " << module.error().message();
      }
    }
  }
}

// -- the deterministic profile

TEST_P(Simd, DeterministicProfile) {
  Config config = way().config;
  if (in_v8()) GTEST_SKIP() << "V8 has no such option";
  config.relaxed_simd_deterministic(true);
  std::vector<Operation> chosen;
  for (const Operation& o : operations()) {
    if (is_relaxed(o.op)) chosen.push_back(o);
  }
  Kit kit;
  for (const Operation& o : chosen) kit.add_form(o, Form::Params);
  Running running(kit, config);
  for (uint32_t f = 0; f < chosen.size(); ++f) {
    auto records = records_of(chosen[f].op);
    auto got = running.drive(f, records);
    // Where the text of 3.0 saturates and its interpreter wraps, either will do.
    const bool dot = wasm::info(chosen[f].op).mnemonic.find("_dot_") != std::string_view::npos;
    for (size_t n = 0; n < records.size(); ++n) {
      Expected e = expect(chosen[f].op, operands_of(chosen[f], records[n]));
      for (size_t i = 0; i < e.count; ++i) {
        uint64_t bits = 0;
        std::memcpy(&bits, got[n].v[0].data() + i * e.lane_bytes, e.lane_bytes);
        auto choices = e.lanes[i].choices();
        bool fine = bits == choices[0].bits;
        if (dot) fine |= bits == choices[1].bits || (choices.size() == 6 && bits == choices[2].bits);
        if (choices[0].kind != Choice::Exact && is_nan_lane(e, got[n].v[0], i))
          fine = true;  // nan_canonicalization is off
        if (!fine) differs(kit.name(f) + ", deterministic", records[n], e.text(), got[n].v[0], e);
      }
    }
  }
}

}  // namespace
}  // namespace vitrine::simd
