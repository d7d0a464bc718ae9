#include "module_generator.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "wasm/opcode.hpp"
#include "wasm_writer.hpp"

namespace vitrine::fuzz {
namespace {

using wasm::Op;

// A type is a letter, as in the opcode table: i l f d v, and F (funcref), X (externref).
using Types = std::string;
struct FuncType {
  Types params, results;
  auto operator<=>(const FuncType&) const = default;
};

uint8_t encoding_of(char type) {
  switch (type) {
    case 'i':
      return 0x7f;
    case 'l':
      return 0x7e;
    case 'f':
      return 0x7d;
    case 'd':
      return 0x7c;
    case 'v':
      return 0x7b;
    case 'F':
      return 0x70;
    default:
      return 0x6f;
  }
}

class Entropy {
 public:
  explicit Entropy(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  bool done() const { return at_ >= bytes_.size(); }
  uint64_t bits(int bytes) {
    uint64_t v = 0;
    for (int i = 0; i < bytes; ++i) v = v << 8 | (done() ? 0 : bytes_[at_++]);
    return v;
  }
  /// 0 to n-1; zeros give 0.
  uint32_t below(uint32_t n) { return n <= 1 ? 0 : static_cast<uint32_t>(bits(n > 256 ? 2 : 1) % n); }
  /// Never when the bytes are used up.
  bool one_in(uint32_t n) { return below(n) == n - 1; }
  template <class T>
  const auto& pick(const T& from) {
    return from[below(static_cast<uint32_t>(std::size(from)))];
  }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

constexpr uint64_t kInterestingInts[] = {0,
                                         1,
                                         ~0ull,
                                         2,
                                         3,
                                         7,
                                         8,
                                         10,
                                         16,
                                         31,
                                         32,
                                         63,
                                         64,
                                         100,
                                         127,
                                         128,
                                         255,
                                         256,
                                         1000,
                                         0x7fff,
                                         0x8000,
                                         0xffff,
                                         0x10000,
                                         0x7fff'ffff,
                                         0x8000'0000,
                                         0xffff'ffff,
                                         0x1'0000'0000,
                                         0x5555'5555'5555'5555,
                                         0x0123'4567'89ab'cdef,
                                         0x7fff'ffff'ffff'ffff,
                                         0x8000'0000'0000'0000,
                                         ~0ull - 1,
                                         ~0ull - 7,
                                         ~0ull - 127,
                                         ~0ull - 0x8000};
constexpr uint32_t kInterestingF32[] = {0,           0x8000'0000, 0x3f80'0000, 0xbf80'0000, 0x3f00'0000, 0x4049'0fdb,
                                        0x4f00'0000, 0xcf00'0000, 0x4f80'0000, 0x5f00'0000, 0xdf00'0000, 0x5f80'0000,
                                        0x7f80'0000, 0xff80'0000, 0x7fc0'0000, 0xffc0'0000, 0x7fa0'0001, 1,
                                        0x007f'ffff, 0x0080'0000, 0x7f7f'ffff, 0x4b00'0001, 0x3eff'ffff, 0x4eff'ffff};
constexpr uint64_t kInterestingF64[] = {0,
                                        0x8000'0000'0000'0000,
                                        0x3ff0'0000'0000'0000,
                                        0xbff0'0000'0000'0000,
                                        0x3fe0'0000'0000'0000,
                                        0x4009'21fb'5444'2d18,
                                        0x41e0'0000'0000'0000,
                                        0xc1e0'0000'0000'0000,
                                        0x41df'ffff'ffc0'0000,
                                        0xc1e0'0000'001f'ffff,
                                        0x41ef'ffff'ffff'ffff,
                                        0x43e0'0000'0000'0000,
                                        0xc3e0'0000'0000'0000,
                                        0x43f0'0000'0000'0000,
                                        0x7ff0'0000'0000'0000,
                                        0xfff0'0000'0000'0000,
                                        0x7ff8'0000'0000'0000,
                                        0xfff8'0000'0000'0000,
                                        0x7ff4'0000'0000'0001,
                                        1,
                                        0x000f'ffff'ffff'ffff,
                                        0x0010'0000'0000'0000,
                                        0x7fef'ffff'ffff'ffff,
                                        0x4330'0000'0000'0001,
                                        0x3fdf'ffff'ffff'ffff,
                                        0x36a0'0000'0000'0000};

/// Operators with nothing but operands, by the type of their result; from the opcode table, so none is forgotten.
const std::vector<Op>& numeric_ops(char result) {
  static const auto kByResult = [] {
    std::map<char, std::vector<Op>> by;
    for (size_t i = 0; i < wasm::kOpCount; ++i) {
      const wasm::OpInfo& op = wasm::kOps[i];
      if (op.sig.custom || op.imm != wasm::Imm::None || op.sig.result_count != 1 || op.sig.operand_count == 0) continue;
      if (op.feature != wasm::Feature::Core && op.feature != wasm::Feature::SignExtension &&
          op.feature != wasm::Feature::SaturatingFloatToInt) {
        continue;
      }
      by[op.sig.results[0]].push_back(static_cast<Op>(i));
    }
    return by;
  }();
  return kByResult.at(result);
}

constexpr bool kHasSimd = wasm::info(wasm::Feature::Simd).implemented;

/// Operators that take or make a vector and touch no memory, by the type of their result.
const std::vector<Op>& vector_ops(char result, bool relaxed) {
  static const auto kByResult = [] {
    std::map<std::pair<char, bool>, std::vector<Op>> by;
    for (size_t i = 0; i < wasm::kOpCount; ++i) {
      const wasm::OpInfo& op = wasm::kOps[i];
      if (op.imm != wasm::Imm::None && op.imm != wasm::Imm::Lane && op.imm != wasm::Imm::Lanes16) continue;
      if (op.feature == wasm::Feature::Simd) by[{op.sig.results[0], false}].push_back(static_cast<Op>(i));
      if (op.feature == wasm::Feature::RelaxedSimd) by[{op.sig.results[0], true}].push_back(static_cast<Op>(i));
    }
    return by;
  }();
  return kByResult.at({result, relaxed});
}

/// Whether the payload of a NaN that it results in is for the engine to choose.
bool has_free_nan(const wasm::OpInfo& op) {
  char result = op.sig.results[0];
  std::string_view name = op.mnemonic.substr(op.mnemonic.find('.') + 1);
  if (result == 'v') {
    constexpr std::string_view kExact[] = {"abs", "neg", "pmin", "pmax", "splat", "replace_lane",
                                           "eq",  "ne",  "lt",   "gt",   "le",    "ge"};
    bool is_float = op.mnemonic.starts_with("f32x4.") || op.mnemonic.starts_with("f64x2.");
    return is_float && !name.starts_with("convert") && std::ranges::find(kExact, name) == std::end(kExact);
  }
  if (result != 'f' && result != 'd') return false;
  if (name == "extract_lane") return false;
  return name != "abs" && name != "neg" && name != "copysign" && !name.starts_with("convert") &&
         !name.starts_with("reinterpret");
}

const std::vector<Op>& memory_ops(char type, bool stores) {
  static const auto kAll = [] {
    std::map<std::pair<char, bool>, std::vector<Op>> by;
    for (size_t i = 0; i < wasm::kOpCount; ++i) {
      const wasm::OpInfo& op = wasm::kOps[i];
      if (op.imm != wasm::Imm::MemArg && op.imm != wasm::Imm::MemArgLane) continue;
      if (op.feature != wasm::Feature::Core && op.feature != wasm::Feature::Simd) continue;
      if (op.sig.result_count == 1) {
        by[{op.sig.results[0], false}].push_back(static_cast<Op>(i));
      } else {
        by[{op.sig.operands[1], true}].push_back(static_cast<Op>(i));
      }
    }
    return by;
  }();
  return kAll.at({type, stores});
}

class Generator {
 public:
  Generator(std::span<const uint8_t> entropy, const GeneratorOptions& options) : e_(entropy), options_(options) {}
  std::vector<uint8_t> run();

 private:
  static constexpr uint32_t kMix = 0;  // function index of the import
  static constexpr uint32_t kFuelGlobal = 0;
  static constexpr uint32_t kTableSlots = 12, kExternSlots = 4;
  static constexpr uint32_t kPassiveData = 1, kPassiveElem = 1;

  struct Memory {
    bool is_64;
    uint32_t min, max;
  };
  struct Label {
    Types types;
    bool targetable;
  };

  // Module.
  uint32_t type_index(const FuncType& type);
  uint32_t type_index(const Types& params, const Types& results) { return type_index(FuncType{params, results}); }
  Types some_types(uint32_t most);
  bool simd() const { return kHasSimd && options_.simd; }
  char some_type() { return "iiilldfFXvvv"[e_.below(simd() ? 12 : 9)]; }
  char some_stored_type() { return "ildfvv"[e_.below(simd() ? 6 : 4)]; }
  void plan();
  void body(uint32_t function);
  void run_wrapper(uint32_t function, uint32_t variant);
  void state_function();
  void add_code(uint32_t params);

  // One function being generated.
  void op(Op o) {
    const wasm::OpInfo& i = wasm::info(o);
    if (i.prefix) {
      code_.byte(i.prefix);
      code_.u(i.code);
    } else {
      code_.byte(static_cast<uint8_t>(i.code));
    }
  }
  void op(Op o, uint64_t index) {
    op(o);
    code_.u(index);
  }
  void i32(int64_t v) {
    op(Op::I32Const);
    code_.s(static_cast<int32_t>(v));
  }
  void i64(int64_t v) {
    op(Op::I64Const);
    code_.s(v);
  }
  void v128(uint64_t low, uint64_t high) {
    op(Op::V128Const);
    code_.word(low, 8);
    code_.word(high, 8);
  }
  /// Shows a value on the stack as i32s and i64s.
  void show(char type);
  uint32_t new_local(char type) {
    locals_.push_back(type);
    return static_cast<uint32_t>(locals_.size() - 1);
  }
  /// One local a type for moments in which nothing else is generated.
  uint32_t scratch(char type) {
    auto [at, fresh] = scratch_.try_emplace(type, 0);
    if (fresh) at->second = new_local(type);
    return at->second;
  }
  std::vector<uint32_t> locals_of(char type, const std::vector<uint32_t>& from) const {
    std::vector<uint32_t> found;
    for (uint32_t l : from) {
      if (locals_[l] == type) found.push_back(l);
    }
    return found;
  }
  std::vector<uint32_t> globals_of(char type, bool only_mutable) const {
    std::vector<uint32_t> found;
    for (uint32_t g = 1; g < globals_.size(); ++g) {
      if (globals_[g].type == type && (!only_mutable || globals_[g].is_mutable)) found.push_back(g);
    }
    return found;
  }
  bool exhausted() {
    if (budget_ == 0) return true;
    --budget_;
    return e_.done();
  }
  void constant(char type);
  void vector_constant();
  void default_value(char type);
  void leaf(char type);
  void expr(char type, uint32_t depth);
  void exprs(const Types& types, uint32_t depth) {
    for (char t : types) expr(t, depth);
  }
  void numeric(char type, uint32_t depth);
  void vector(char type, uint32_t depth);
  void load(char type, uint32_t depth);
  void store(uint32_t depth);
  uint64_t address(const Memory& memory, uint32_t depth);
  void memarg(Op o, uint32_t memory, uint64_t offset);
  void size_operand(const Memory& memory, uint32_t depth);
  void call(char wanted, uint32_t depth);
  void keep_one(const Types& results, char wanted);
  void statement(uint32_t depth);
  void statements(uint32_t depth);
  void block(const Types& results, uint32_t depth);
  void begin(Op o, const Types& params, const Types& results);
  void counted_loop(uint32_t depth);
  void branch(uint32_t depth);
  void bulk(uint32_t depth);
  void tables(uint32_t depth);
  void tail_call(uint32_t depth);
  void take_fuel();
  void canonicalize(char type);
  void canonicalize_lanes(bool wide);
  void shuffle_lanes();

  Entropy e_;
  GeneratorOptions options_;
  std::vector<FuncType> types_;
  std::map<FuncType, uint32_t> type_of_;
  std::vector<FuncType> functions_;  // with the import
  struct Global {
    char type;
    bool is_mutable;
  };
  std::vector<Global> globals_;
  std::vector<Memory> memories_;
  std::vector<uint32_t> slots_;  // of table 0: function
  std::vector<uint32_t> passive_elements_;
  std::vector<WasmWriter> bodies_;
  std::vector<uint32_t> body_types_;

  WasmWriter code_;
  Types locals_;
  std::map<char, uint32_t> scratch_;
  std::vector<uint32_t> readable_, writable_;
  std::vector<Label> labels_;
  Types results_;
  uint32_t budget_ = 0;
  uint32_t loop_depth_ = 0;
};

uint32_t Generator::type_index(const FuncType& type) {
  auto [at, fresh] = type_of_.try_emplace(type, static_cast<uint32_t>(types_.size()));
  if (fresh) types_.push_back(type);
  return at->second;
}

Types Generator::some_types(uint32_t most) {
  Types types;
  for (uint32_t n = e_.below(most + 1); n > 0; --n) types += some_type();
  return types;
}

// -- expressions

void Generator::constant(char type) {
  switch (type) {
    case 'i':
      return i32(static_cast<int64_t>(e_.one_in(4) ? e_.bits(4) : e_.pick(kInterestingInts)));
    case 'l':
      return i64(static_cast<int64_t>(e_.one_in(4) ? e_.bits(8) : e_.pick(kInterestingInts)));
    case 'f':
      op(Op::F32Const);
      return code_.word(e_.one_in(4) ? e_.bits(4) : e_.pick(kInterestingF32), 4);
    case 'd':
      op(Op::F64Const);
      return code_.word(e_.one_in(4) ? e_.bits(8) : e_.pick(kInterestingF64), 8);
    case 'v':
      return vector_constant();
    default:
      return default_value(type);
  }
}

void Generator::vector_constant() {
  switch (e_.below(6)) {
    case 0: {  // the same in every lane
      uint64_t v = e_.pick(kInterestingInts);
      switch (e_.below(4)) {
        case 0:
          v = (v & 0xff) * 0x0101'0101'0101'0101;
          break;
        case 1:
          v = (v & 0xffff) * 0x0001'0001'0001'0001;
          break;
        case 2:
          v = (v & 0xffff'ffff) * 0x0000'0001'0000'0001;
          break;
      }
      return v128(v, v);
    }
    case 1: {
      uint64_t low = e_.pick(kInterestingF32), high = e_.pick(kInterestingF32);
      return v128(low | high << 32, e_.pick(kInterestingF32) | uint64_t{e_.pick(kInterestingF32)} << 32);
    }
    case 2: {
      uint64_t low = e_.pick(kInterestingF64);
      return v128(low, e_.pick(kInterestingF64));
    }
    case 3: {
      uint64_t low = e_.pick(kInterestingInts);
      return v128(low, e_.pick(kInterestingInts));
    }
    case 4: {  // indices, for a swizzle
      uint64_t low = e_.bits(8) & 0x1f1f'1f1f'1f1f'1f1f;
      return v128(low, e_.bits(8) & 0x1f1f'1f1f'1f1f'1f1f);
    }
    default: {
      uint64_t low = e_.bits(8);
      return v128(low, e_.bits(8));
    }
  }
}

void Generator::default_value(char type) {
  switch (type) {
    case 'i':
      return i32(0);
    case 'l':
      return i64(0);
    case 'f':
      op(Op::F32Const);
      return code_.word(0, 4);
    case 'd':
      op(Op::F64Const);
      return code_.word(0, 8);
    case 'v':
      return v128(0, 0);
    default:
      op(Op::RefNull);
      return code_.byte(encoding_of(type));
  }
}

void Generator::leaf(char type) {
  auto locals = locals_of(type, readable_);
  if (!locals.empty() && !e_.one_in(3)) return op(Op::LocalGet, e_.pick(locals));
  auto globals = globals_of(type, false);
  if (!globals.empty() && e_.one_in(3)) return op(Op::GlobalGet, e_.pick(globals));
  if (type == 'F' && e_.one_in(2)) {
    return op(Op::RefFunc, e_.below(static_cast<uint32_t>(functions_.size())));
  }
  constant(type);
}

void Generator::canonicalize(char type) {
  uint32_t t = scratch(type);
  op(Op::LocalTee, t);
  if (type == 'f') {
    op(Op::F32Const);
    code_.word(0x7fc0'0000, 4);
  } else {
    op(Op::F64Const);
    code_.word(0x7ff8'0000'0000'0000, 8);
  }
  op(Op::LocalGet, t);
  op(Op::LocalGet, t);
  op(type == 'f' ? Op::F32Eq : Op::F64Eq);
  op(Op::Select);
}

void Generator::canonicalize_lanes(bool wide) {
  uint32_t t = scratch('v');
  op(Op::LocalTee, t);
  uint64_t nan = wide ? 0x7ff8'0000'0000'0000 : 0x7fc0'0000'7fc0'0000;
  v128(nan, nan);
  op(Op::LocalGet, t);
  op(Op::LocalGet, t);
  op(wide ? Op::F64x2Eq : Op::F32x4Eq);
  op(Op::V128Bitselect);
}

/// An operator on vectors with a result of any type.
void Generator::vector(char type, uint32_t depth) {
  bool relaxed =
      type == 'v' && options_.relaxed_simd && wasm::info(wasm::Feature::RelaxedSimd).implemented && e_.one_in(6);
  Op o = e_.pick(vector_ops(type, relaxed));
  const wasm::OpInfo& info = wasm::info(o);
  for (uint8_t i = 0; i < info.sig.operand_count; ++i) expr(info.sig.operands[i], depth);
  op(o);
  if (info.imm == wasm::Imm::Lane) code_.byte(static_cast<uint8_t>(e_.below(info.aux)));
  if (info.imm == wasm::Imm::Lanes16) shuffle_lanes();
  if (has_free_nan(info)) canonicalize_lanes(info.mnemonic.starts_with("f64x2"));
}

/// Half of them lanes that are wider than bytes, or in an order that is known for something.
void Generator::shuffle_lanes() {
  uint32_t width = 1u << e_.below(4), count = 16 / width;
  uint32_t kind = e_.below(6), amount = e_.below(2 * count);
  std::array<uint32_t, 16> lanes{};
  for (uint32_t i = 0; i < count; ++i) {
    switch (kind) {
      case 0:  // of both, beginning somewhere
        lanes[i] = i + amount;
        break;
      case 1:  // interleaved
        lanes[i] = amount / 2 + i / 2 + i % 2 * count;
        break;
      case 2:
        lanes[i] = amount;
        break;
      case 3:  // a blend
        lanes[i] = i + (e_.one_in(2) ? count : 0);
        break;
      default:
        lanes[i] = e_.below(2 * count);
    }
  }
  for (uint32_t i = 0; i < 16; ++i) code_.byte(static_cast<uint8_t>((lanes[i / width] * width + i % width) % 32));
}

void Generator::numeric(char type, uint32_t depth) {
  if (simd() && (type == 'v' || e_.one_in(6))) return vector(type, depth);
  Op o = e_.pick(numeric_ops(type));
  std::string_view name = wasm::info(o).mnemonic;
  bool may_overflow = name.find("trunc_f") != std::string_view::npos;
  if (may_overflow && !e_.one_in(4)) o = type == 'i' ? Op::I32Xor : Op::I64Sub;
  const wasm::OpInfo& info = wasm::info(o);
  for (uint8_t i = 0; i < info.sig.operand_count; ++i) expr(info.sig.operands[i], depth);
  bool divides = name.find(".div_") != std::string_view::npos || name.find(".rem_") != std::string_view::npos;
  if (divides && !e_.one_in(8)) {  // most divisors are not zero, so that most calls get further than that
    type == 'i' ? i32(1) : i64(1);
    op(type == 'i' ? Op::I32Or : Op::I64Or);
  }
  op(o);
  if (has_free_nan(info)) canonicalize(type);
}

/// Leaves an address on the stack and answers the offset to use with it.
uint64_t Generator::address(const Memory& memory, uint32_t depth) {
  char type = memory.is_64 ? 'l' : 'i';
  auto number = [&](int64_t v) { memory.is_64 ? i64(v) : i32(v); };
  auto apply = [&](Op narrow, Op wide) { op(memory.is_64 ? wide : narrow); };
  uint64_t offset = e_.below(16);
  switch (e_.below(12)) {
    default:  // inside, if there is a page
      expr(type, depth);
      number(e_.one_in(2) ? 0x7ff8 : 0xff);
      apply(Op::I32And, Op::I64And);
      if (e_.one_in(4)) offset = e_.below(0x8000);
      break;
    case 6:  // base + index * scale
      expr(type, depth);
      number(0xfff);
      apply(Op::I32And, Op::I64And);
      number(e_.below(5));
      apply(Op::I32Shl, Op::I64Shl);
      expr(type, depth);
      number(0xfff);
      apply(Op::I32And, Op::I64And);
      apply(Op::I32Add, Op::I64Add);
      break;
    case 7:  // a sum that may not wrap: below zero it is out of bounds
      expr(type, depth);
      number(0xff);
      apply(Op::I32And, Op::I64And);
      number(-static_cast<int64_t>(e_.below(24)));
      apply(Op::I32Add, Op::I64Add);
      offset = e_.below(64);
      break;
    case 8:  // a sum that wraps to a small address: adding it up in 64 bits would leave the memory
      expr(type, depth);
      number(-256);
      apply(Op::I32Or, Op::I64Or);
      number(256 + e_.below(64));
      apply(Op::I32Add, Op::I64Add);
      break;
    case 9:
      number(e_.below(0x100));
      break;
    case 10:  // about the end
      number(static_cast<int64_t>(memory.min) * 65536 - e_.below(16));
      break;
    case 11:
      expr(type, depth);
      if (!e_.one_in(4)) {
        number(0x1ffff);
        apply(Op::I32And, Op::I64And);
      }
      if (e_.one_in(8)) offset = e_.one_in(2) ? 0xffff'ffff : 0x7fff'fff0;
      break;
  }
  return offset;
}

void Generator::memarg(Op o, uint32_t memory, uint64_t offset) {
  op(o);
  uint32_t align = e_.below(wasm::info(o).aux + 1u);
  if (memory) {
    code_.u(align | 0x40);
    code_.u(memory);
  } else {
    code_.u(align);
  }
  code_.u(offset);
  if (wasm::info(o).imm == wasm::Imm::MemArgLane) code_.byte(static_cast<uint8_t>(e_.below(16u >> wasm::info(o).aux)));
}

void Generator::load(char type, uint32_t depth) {
  uint32_t memory = e_.below(static_cast<uint32_t>(memories_.size()));
  uint64_t offset = address(memories_[memory], depth);
  Op o = e_.pick(memory_ops(type, false));
  if (wasm::info(o).imm == wasm::Imm::MemArgLane) expr('v', depth);
  memarg(o, memory, offset);
}

void Generator::store(uint32_t depth) {
  char type = some_stored_type();
  uint32_t memory = e_.below(static_cast<uint32_t>(memories_.size()));
  uint64_t offset = address(memories_[memory], depth);
  expr(type, depth);
  memarg(e_.pick(memory_ops(type, true)), memory, offset);
}

/// Pops `results` and leaves one of them that has the wanted type, or makes a value of it. None is wanted by a space.
void Generator::keep_one(const Types& results, char wanted) {
  bool kept = false;
  for (size_t i = results.size(); i-- > 0;) {
    if (results[i] == wanted && !kept) {
      op(Op::LocalSet, scratch(wanted));
      kept = true;
    } else {
      op(Op::Drop);
    }
  }
  if (wanted == ' ') return;
  if (kept) {
    op(Op::LocalGet, scratch(wanted));
  } else {
    leaf(wanted);
  }
}

void Generator::call(char wanted, uint32_t depth) {
  uint32_t function = e_.below(static_cast<uint32_t>(functions_.size()));
  if (e_.one_in(4)) {
    // Through the table: mostly with the right type.
    uint32_t slot = e_.below(kTableSlots);
    const FuncType& type = e_.one_in(8) ? functions_[function] : functions_[slots_[slot]];
    exprs(type.params, depth);
    if (e_.one_in(8)) {
      expr('i', depth);
      i32(15);
      op(Op::I32And);
    } else {
      i32(slot);
    }
    op(Op::CallIndirect);
    code_.u(type_index(type));
    code_.u(0);
    return keep_one(type.results, wanted);
  }
  exprs(functions_[function].params, depth);
  op(Op::Call, function);
  keep_one(functions_[function].results, wanted);
}

void Generator::expr(char type, uint32_t depth) {
  if (depth == 0 || exhausted()) return leaf(type);
  --depth;
  bool is_ref = type == 'F' || type == 'X';
  switch (e_.below(16)) {
    case 0:
      return leaf(type);
    case 1:
      return block(Types(1, type), depth);
    case 2:
      expr(type, depth);
      expr(type, depth);
      expr('i', depth);
      if (is_ref || e_.one_in(4)) {
        op(Op::SelectT);
        code_.u(1);
        return code_.byte(encoding_of(type));
      }
      return op(Op::Select);
    case 3: {
      auto locals = locals_of(type, writable_);
      if (locals.empty()) return leaf(type);
      expr(type, depth);
      return op(Op::LocalTee, e_.pick(locals));
    }
    case 4:
      if (!is_ref) return load(type, depth);
      break;
    case 5:
      if (!is_ref) return load(type, depth);
      break;
    case 6:
      return call(type, depth);
    case 7:
      if (type == 'i') {
        switch (e_.below(5)) {
          case 0:
            if (memories_[0].is_64) break;
            return op(Op::MemorySize, 0);
          case 1:
            return op(Op::TableSize, e_.below(2));
          case 2:
            expr(e_.one_in(2) ? 'X' : 'F', depth);
            return op(Op::RefIsNull);
          case 3:
            if (memories_[0].is_64) break;
            expr('i', depth);
            i32(3);
            op(Op::I32And);
            return op(Op::MemoryGrow, 0);
          case 4:  // what the guest wants seen
            expr('i', depth);
            expr('l', depth);
            return op(Op::Call, kMix);
        }
      } else if (type == 'l' && memories_[0].is_64) {
        if (e_.one_in(2)) return op(Op::MemorySize, 0);
        expr('l', depth);
        i64(3);
        op(Op::I64And);
        return op(Op::MemoryGrow, 0);
      }
      break;
    case 8: {  // a value kept by a conditional branch that is not taken
      std::vector<uint32_t> fitting;
      for (uint32_t l = 0; l < labels_.size(); ++l) {
        if (labels_[l].targetable && labels_[l].types == Types(1, type)) fitting.push_back(l);
      }
      if (fitting.empty()) break;
      uint32_t label = e_.pick(fitting);
      expr(type, depth);
      expr('i', depth);
      return op(Op::BrIf, labels_.size() - 1 - label);
    }
    default:
      break;
  }
  if (!is_ref) return numeric(type, depth);
  // A reference out of a table.
  expr('i', depth);
  if (!e_.one_in(8)) {
    i32(3);
    op(Op::I32And);
  }
  op(Op::TableGet, type == 'F' ? 0 : 1);
}

// -- statements

void Generator::take_fuel() {
  op(Op::GlobalGet, kFuelGlobal);
  i32(1);
  op(Op::I32Sub);
  op(Op::GlobalSet, kFuelGlobal);
  op(Op::GlobalGet, kFuelGlobal);
  i32(0);
  op(Op::I32LtS);
  op(Op::If);
  code_.byte(0x40);
  op(Op::Unreachable);
  op(Op::End);
}

void Generator::begin(Op o, const Types& params, const Types& results) {
  op(o);
  if (params.empty() && results.empty()) {
    code_.byte(0x40);
  } else if (params.empty() && results.size() == 1) {
    code_.byte(encoding_of(results[0]));
  } else {
    code_.s(type_index(params, results));
  }
}

/// A block, loop or if that leaves `results`; sometimes with parameters, which its body takes into locals.
void Generator::block(const Types& results, uint32_t depth) {
  Types params = e_.one_in(4) ? some_types(3) : "";
  exprs(params, depth);
  auto take_params = [&](const std::vector<uint32_t>& into) {
    for (size_t i = params.size(); i-- > 0;) op(Op::LocalSet, into[i]);
  };
  std::vector<uint32_t> into;
  for (char t : params) {
    auto locals = locals_of(t, writable_);
    into.push_back(locals.empty() ? scratch(t) : e_.pick(locals));
  }
  switch (e_.below(3)) {
    case 0:
      begin(Op::Block, params, results);
      labels_.push_back({results, true});
      take_params(into);
      statements(depth);
      exprs(results, depth);
      break;
    case 1:
      expr('i', depth);
      begin(Op::If, params, results);
      labels_.push_back({results, true});
      take_params(into);
      statements(depth);
      exprs(results, depth);
      if (params != results || !results.empty() || e_.one_in(2)) {
        op(Op::Else);
        take_params(into);
        statements(depth);
        exprs(results, depth);
      }
      break;
    case 2:
      begin(Op::Loop, params, results);
      labels_.push_back({params, true});
      take_fuel();
      take_params(into);
      statements(depth);
      exprs(params, depth);
      expr('i', depth);
      op(Op::BrIf, 0);
      for (size_t i = 0; i < params.size(); ++i) op(Op::Drop);
      exprs(results, depth);
      break;
  }
  labels_.pop_back();
  op(Op::End);
}

/// A loop that counts down, without a look at the fuel: what an optimiser likes.
void Generator::counted_loop(uint32_t depth) {
  if (loop_depth_ >= 2) return;
  ++loop_depth_;
  take_fuel();
  uint32_t counter = new_local('i');
  i32(1 + e_.below(12));
  op(Op::LocalSet, counter);
  begin(Op::Loop, "", "");
  labels_.push_back({"", false});
  readable_.push_back(counter);
  statements(depth);
  if (e_.one_in(2)) store(depth);
  readable_.pop_back();
  op(Op::LocalGet, counter);
  i32(1);
  op(Op::I32Sub);
  op(Op::LocalTee, counter);
  op(Op::BrIf, 0);
  labels_.pop_back();
  op(Op::End);
  --loop_depth_;
}

void Generator::branch(uint32_t depth) {
  std::vector<uint32_t> targets;
  for (uint32_t l = 0; l < labels_.size(); ++l) {
    if (labels_[l].targetable) targets.push_back(l);
  }
  auto depth_of = [&](uint32_t label) { return labels_.size() - 1 - label; };
  // Some label is always there: that of the function.
  uint32_t target = targets[targets.size() - 1 - e_.below(static_cast<uint32_t>(targets.size()))];
  Types types = labels_[target].types;
  switch (e_.below(4)) {
    default:
      exprs(types, depth);
      expr('i', depth);
      op(Op::BrIf, depth_of(target));
      for (size_t i = 0; i < types.size(); ++i) op(Op::Drop);
      return;
    case 2:  // in an if, so that what follows is not dead
      expr('i', depth);
      begin(Op::If, "", "");
      labels_.push_back({"", true});
      if (e_.one_in(16)) {
        op(Op::Unreachable);
      } else {
        exprs(types, depth);
        if (types == results_ && e_.one_in(4)) {
          op(Op::Return);
        } else {
          op(Op::Br, depth_of(target));
        }
        if (e_.one_in(8)) statement(depth);  // dead code
      }
      labels_.pop_back();
      return op(Op::End);
    case 3: {
      std::vector<uint32_t> alike;
      for (uint32_t l : targets) {
        if (labels_[l].types == types) alike.push_back(l);
      }
      begin(Op::Block, "", "");
      labels_.push_back({"", types.empty()});
      exprs(types, depth);
      expr('i', depth);
      uint32_t count = e_.below(9);
      if (!e_.one_in(4)) {
        i32(static_cast<int64_t>(e_.below(2) ? 7 : 3));
        op(Op::I32And);
      }
      op(Op::BrTable);
      code_.u(count);
      for (uint32_t i = 0; i <= count; ++i) {
        if (types.empty() && e_.one_in(3)) {
          code_.u(0);
        } else {
          code_.u(depth_of(e_.pick(alike)));
        }
      }
      labels_.pop_back();
      op(Op::End);
      return;
    }
  }
}

void Generator::size_operand(const Memory& memory, uint32_t depth) {
  expr(memory.is_64 ? 'l' : 'i', depth);
  if (e_.one_in(16)) return;
  memory.is_64 ? i64(0x3f) : i32(0x3f);
  op(memory.is_64 ? Op::I64And : Op::I32And);
}

void Generator::bulk(uint32_t depth) {
  uint32_t m = e_.below(static_cast<uint32_t>(memories_.size()));
  uint32_t n = e_.below(static_cast<uint32_t>(memories_.size()));
  const Memory &to = memories_[m], &from = memories_[n];
  switch (e_.below(4)) {
    case 0:
      address(to, depth);
      expr('i', depth);
      size_operand(to, depth);
      return op(Op::MemoryFill, m);
    case 1:
      address(to, depth);
      address(from, depth);
      if (to.is_64 == from.is_64) {
        if (e_.one_in(3)) {
          to.is_64 ? i64(e_.below(48)) : i32(e_.below(48));
        } else {
          size_operand(to, depth);
        }
      } else {
        size_operand({false, 0, 0}, depth);  // the smaller of the two address types
      }
      op(Op::MemoryCopy, m);
      return code_.u(n);
    case 2:
      address(to, depth);
      i32(e_.below(20));
      i32(e_.below(20));
      op(Op::MemoryInit, kPassiveData);
      return code_.u(m);
    case 3:
      if (e_.one_in(4)) return op(Op::DataDrop, e_.below(2));
      return store(depth);
  }
}

void Generator::tables(uint32_t depth) {
  auto index = [&] {
    expr('i', depth);
    if (!e_.one_in(8)) {
      i32(3);
      op(Op::I32And);
    }
  };
  uint32_t table = e_.below(2);
  char element = table ? 'X' : 'F';
  switch (e_.below(6)) {
    case 0:
      index();
      expr(element, depth);
      return op(Op::TableSet, table);
    case 1:
      index();
      expr(element, depth);
      i32(e_.below(4));
      return op(Op::TableFill, table);
    case 2:
      index();
      index();
      i32(e_.below(4));
      op(Op::TableCopy, table);
      return code_.u(table);
    case 3:
      index();
      i32(e_.below(4));
      i32(e_.below(4));
      op(Op::TableInit, kPassiveElem);
      return code_.u(0);
    case 4:
      expr(element, depth);
      i32(e_.below(3));
      op(Op::TableGrow, table);
      return op(Op::Drop);
    case 5:
      if (e_.one_in(4)) return op(Op::ElemDrop, kPassiveElem);
      index();
      op(Op::TableGet, table);
      return op(Op::Drop);
  }
}

void Generator::tail_call(uint32_t depth) {
  std::vector<uint32_t> fitting;
  for (uint32_t f = 0; f < functions_.size(); ++f) {
    if (functions_[f].results == results_) fitting.push_back(f);
  }
  if (fitting.empty() || !options_.tail_calls) return;
  uint32_t f = e_.pick(fitting);
  expr('i', depth);
  begin(Op::If, "", "");
  labels_.push_back({"", true});
  exprs(functions_[f].params, depth);
  std::vector<uint32_t> slots;
  for (uint32_t s = 0; s < slots_.size(); ++s) {
    if (slots_[s] == f) slots.push_back(s);
  }
  if (!slots.empty() && e_.one_in(2)) {
    i32(e_.pick(slots));
    op(Op::ReturnCallIndirect);
    code_.u(type_index(functions_[f]));
    code_.u(0);
  } else {
    op(Op::ReturnCall, f);
  }
  labels_.pop_back();
  op(Op::End);
}

void Generator::statement(uint32_t depth) {
  if (exhausted()) return;
  switch (e_.below(16)) {
    case 0:
    case 1:
    case 2:
    default: {
      char type = some_type();
      auto locals = locals_of(type, writable_);
      if (locals.empty()) {
        expr(type, depth);
        return op(Op::Drop);
      }
      expr(type, depth);
      return op(Op::LocalSet, e_.pick(locals));
    }
    case 3:
    case 4:
    case 5:
      return store(depth);
    case 6: {
      char type = some_stored_type();
      auto globals = globals_of(type, true);
      if (globals.empty()) return;
      expr(type, depth);
      return op(Op::GlobalSet, e_.pick(globals));
    }
    case 7:
      return block("", depth);
    case 8:
      return counted_loop(depth);
    case 9:
      return branch(depth);
    case 10:
      return call(' ', depth);
    case 11:
      return bulk(depth);
    case 12:
      return tables(depth);
    case 13:
      return tail_call(depth);
    case 14: {  // a block of several results
      Types results = some_types(3);
      block(results, depth);
      for (size_t i = results.size(); i-- > 0;) {
        auto locals = locals_of(results[i], writable_);
        if (locals.empty()) {
          op(Op::Drop);
        } else {
          op(Op::LocalSet, e_.pick(locals));
        }
      }
      return;
    }
  }
}

void Generator::statements(uint32_t depth) {
  if (depth == 0) return;
  for (uint32_t n = e_.below(5); n > 0; --n) statement(depth - 1);
}

// -- functions and the module

/// Ends the function in `code_`, whose first `params` locals are parameters.
void Generator::add_code(uint32_t params) {
  op(Op::End);
  WasmWriter body;
  body.u(locals_.size() - params);
  for (size_t i = params; i < locals_.size(); ++i) {
    body.u(1);
    body.byte(encoding_of(locals_[i]));
  }
  auto code = code_.take();
  body.bytes(code);
  code_ = {};
  bodies_.push_back(std::move(body));
}

void Generator::body(uint32_t function) {
  const FuncType type = functions_[function];
  locals_ = type.params;
  scratch_.clear();
  readable_.clear();
  results_ = type.results;
  for (uint32_t n = 2 + e_.below(8); n > 0; --n) new_local(some_type());
  for (uint32_t i = 0; i < locals_.size(); ++i) readable_.push_back(i);
  writable_ = readable_;
  labels_ = {{results_, true}};
  budget_ = 250;
  loop_depth_ = 0;
  take_fuel();
  for (uint32_t n = 1 + e_.below(10); n > 0; --n) statement(4);
  exprs(results_, 4);
  add_code(static_cast<uint32_t>(type.params.size()));
  body_types_.push_back(type_index(type));
}

uint64_t mixed(uint64_t x) {
  x += 0x9e37'79b9'7f4a'7c15;
  x = (x ^ x >> 30) * 0xbf58'476d'1ce4'e5b9;
  x = (x ^ x >> 27) * 0x94d0'49bb'1331'11eb;
  return x ^ x >> 31;
}

/// The types in which values of `types` are shown to the host.
Types shown(const Types& types) {
  Types out;
  for (char t : types) out += t == 'v' ? "ll" : t == 'l' || t == 'd' ? "l" : "i";
  return out;
}

void Generator::show(char type) {
  switch (type) {
    case 'f':
      return op(Op::I32ReinterpretF32);
    case 'd':
      return op(Op::I64ReinterpretF64);
    case 'v':
      op(Op::LocalTee, scratch('v'));
      op(Op::I64x2ExtractLane);
      code_.byte(0);
      op(Op::LocalGet, scratch('v'));
      op(Op::I64x2ExtractLane);
      return code_.byte(1);
    case 'F':
    case 'X':
      return op(Op::RefIsNull);
  }
}

void Generator::run_wrapper(uint32_t function, uint32_t variant) {
  const FuncType type = functions_[function];
  locals_.clear();
  scratch_.clear();
  uint64_t x = mixed(function * 16 + variant);
  for (char t : type.params) {
    x = mixed(x);
    switch (t) {
      case 'i':
        i32(static_cast<int64_t>(kInterestingInts[x % std::size(kInterestingInts)]));
        break;
      case 'l':
        i64(static_cast<int64_t>(kInterestingInts[x % std::size(kInterestingInts)]));
        break;
      case 'f':
        op(Op::F32Const);
        code_.word(kInterestingF32[x % std::size(kInterestingF32)], 4);
        break;
      case 'd':
        op(Op::F64Const);
        code_.word(kInterestingF64[x % std::size(kInterestingF64)], 8);
        break;
      case 'v':
        v128(kInterestingInts[x % std::size(kInterestingInts)], mixed(x));
        break;
      default:
        default_value(t);
    }
  }
  op(Op::Call, function);
  // The results lie on the stack in order; each is taken to a local and shown from there.
  std::vector<uint32_t> at(type.results.size());
  for (size_t i = type.results.size(); i-- > 0;) {
    at[i] = new_local(type.results[i]);
    op(Op::LocalSet, at[i]);
  }
  for (size_t i = 0; i < type.results.size(); ++i) {
    op(Op::LocalGet, at[i]);
    show(type.results[i]);
  }
  add_code(0);
  body_types_.push_back(type_index("", shown(type.results)));
}

void Generator::state_function() {
  locals_.clear();
  scratch_.clear();
  Types types;
  for (uint32_t g = 0; g < globals_.size(); ++g) {
    op(Op::GlobalGet, g);
    types += globals_[g].type;
    show(globals_[g].type);
  }
  add_code(0);
  body_types_.push_back(type_index("", shown(types)));
}

void Generator::plan() {
  functions_.push_back({"il", "i"});
  for (uint32_t n = 1 + e_.below(6); n > 0; --n) {
    Types params = some_types(e_.one_in(8) ? 20 : 5);
    functions_.push_back({params, some_types(e_.one_in(8) ? 6 : 2)});
  }
  globals_.push_back({'i', true});
  for (uint32_t n = e_.below(7); n > 0; --n) globals_.push_back({some_stored_type(), !e_.one_in(4)});
  memories_.push_back({options_.memory64 && e_.one_in(6), 1, 3});
  if (options_.multi_memory && e_.one_in(3)) memories_.push_back({options_.memory64 && e_.one_in(3), e_.below(2), 2});
  for (uint32_t i = 0; i < kTableSlots; ++i) slots_.push_back(e_.below(static_cast<uint32_t>(functions_.size())));
  for (uint32_t i = 0; i < 6; ++i) passive_elements_.push_back(e_.below(static_cast<uint32_t>(functions_.size())));
}

std::vector<uint8_t> Generator::run() {
  plan();
  const auto generated = static_cast<uint32_t>(functions_.size()) - 1;
  WasmWriter globals;
  globals.u(globals_.size());
  for (size_t g = 0; g < globals_.size(); ++g) {
    globals.byte(encoding_of(globals_[g].type));
    globals.byte(globals_[g].is_mutable);
    if (g == 0) {
      i32(0);
    } else {
      constant(globals_[g].type);
    }
    op(Op::End);
    auto init = code_.take();
    globals.bytes(init);
    code_ = {};
  }
  std::array<uint8_t, 24> data{};
  for (uint8_t& b : data) b = static_cast<uint8_t>(e_.bits(1));
  for (uint32_t f = 1; f <= generated; ++f) body(f);
  for (uint32_t f = 1; f <= generated; ++f) {
    for (uint32_t variant = 0; variant < 2; ++variant) run_wrapper(f, variant);
  }
  state_function();

  WasmWriter module;
  module.word(0x6d736100, 4);
  module.word(1, 4);
  const uint32_t mix_type = type_index(functions_[kMix]);
  WasmWriter types;
  types.u(types_.size());
  for (const FuncType& t : types_) {
    types.byte(0x60);
    for (const Types* list : {&t.params, &t.results}) {
      types.u(list->size());
      for (char c : *list) types.byte(encoding_of(c));
    }
  }
  module.section(1, types);
  WasmWriter imports;
  imports.u(1);
  imports.name("env");
  imports.name("mix");
  imports.byte(0);
  imports.u(mix_type);
  module.section(2, imports);
  WasmWriter functions;
  functions.u(body_types_.size());
  for (uint32_t t : body_types_) functions.u(t);
  module.section(3, functions);
  WasmWriter tables;
  tables.u(2);
  for (auto [type, min, max] : {std::array<uint32_t, 3>{0x70, kTableSlots, 16}, {0x6f, kExternSlots, 6}}) {
    tables.byte(static_cast<uint8_t>(type));
    tables.byte(1);
    tables.u(min);
    tables.u(max);
  }
  module.section(4, tables);
  WasmWriter memories;
  memories.u(memories_.size());
  for (const Memory& m : memories_) {
    memories.byte(m.is_64 ? 5 : 1);
    memories.u(m.min);
    memories.u(m.max);
  }
  module.section(5, memories);
  module.section(6, globals);
  WasmWriter exports;
  exports.u(2 * generated + 1 + 1 + memories_.size());
  auto add_export = [&](const std::string& name, uint8_t kind, uint32_t index) {
    exports.name(name);
    exports.byte(kind);
    exports.u(index);
  };
  for (uint32_t i = 0; i < 2 * generated; ++i) add_export("run" + std::to_string(i), 0, 1 + generated + i);
  add_export("state", 0, 1 + 3 * generated);
  add_export("fuel", 3, kFuelGlobal);
  add_export("memory", 2, 0);
  if (memories_.size() > 1) add_export("memory1", 2, 1);
  module.section(7, exports);
  WasmWriter elements;
  elements.u(3);
  elements.u(0);  // active, table 0
  elements.byte(0x41);
  elements.s(0);
  elements.byte(0x0b);
  elements.u(slots_.size());
  for (uint32_t f : slots_) elements.u(f);
  elements.u(1);  // passive
  elements.byte(0);
  elements.u(passive_elements_.size());
  for (uint32_t f : passive_elements_) elements.u(f);
  elements.u(3);  // declarative: what ref.func may name
  elements.byte(0);
  elements.u(functions_.size());
  for (uint32_t f = 0; f < functions_.size(); ++f) elements.u(f);
  module.section(9, elements);
  WasmWriter count;
  count.u(2);
  module.section(12, count);
  WasmWriter code;
  code.u(bodies_.size());
  for (const WasmWriter& b : bodies_) code.sized(b);
  module.section(10, code);
  WasmWriter segments;
  segments.u(2);
  segments.u(0);
  segments.byte(memories_[0].is_64 ? 0x42 : 0x41);
  segments.s(16);
  segments.byte(0x0b);
  segments.u(data.size());
  segments.bytes(data);
  segments.u(1);
  segments.u(16);
  segments.bytes(std::span(data).first(16));
  module.section(11, segments);
  return module.take();
}

}  // namespace

std::vector<uint8_t> generate_module(std::span<const uint8_t> entropy, const GeneratorOptions& options) {
  return Generator(entropy, options).run();
}

std::vector<uint8_t> entropy_of_seed(uint64_t seed, size_t size) {
  std::vector<uint8_t> bytes(size);
  uint64_t x = mixed(seed);
  for (uint8_t& b : bytes) {
    x = mixed(x);
    b = static_cast<uint8_t>(x >> 32);
  }
  return bytes;
}

}  // namespace vitrine::fuzz
