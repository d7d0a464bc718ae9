// Runs a function of the IR, for tests that compare a function with what a pass made of it.
//
// Memory: region r (1..4) is kRegionSize bytes at region_at(r); region 0 may be any of them. An access outside traps
// with its code, or is a failure of the test if it has none. Calls are modelled: the results, what is written to memory
// and whether an invoke lands depend on the arguments, and the call is recorded. NaN results of arithmetic are the
// canonical NaN. A region ends with a page, so that a test can lay out real memory the same way and run compiled code
// in it.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "base/hash.hpp"
#include "compiler/ir/fold.hpp"
#include "compiler/ir/print.hpp"

namespace vitrine::opt::testing {

inline constexpr uint64_t kRegionSize = 256, kRegions = 4;
constexpr uint64_t region_at(uint64_t region) {
  return 0x10000 * region + 0x1000 - kRegionSize;
}
inline constexpr uint8_t kTrapDivideByZero = 101, kTrapOverflow = 102, kTrapBadConversion = 103, kTrapInCall = 104;

struct State {
  std::array<std::array<uint8_t, kRegionSize>, kRegions + 1> memory{};
  std::vector<uint64_t> calls;  // what was called with what
  friend bool operator==(const State&, const State&) = default;

  template <class Random>
  void randomise(Random&& rng) {
    for (uint32_t r = 1; r <= kRegions; ++r)
      for (uint8_t& b : memory[r]) b = rng() % 4 ? static_cast<uint8_t>(rng()) : 0;
  }
};

struct Outcome {
  enum Kind : uint8_t { Returned, Trapped, TailCalled, OutOfFuel, Broken } kind = Broken;
  uint8_t trap = 0;
  std::vector<uint64_t> results;
  std::vector<uint64_t> high;  // the upper halves of results that are vectors, 0 of others
  State state;
  std::string problem;  // Broken: why
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

class Interpreter {
 public:
  Interpreter(const ir::Func& func, uint64_t fuel) : f_(func), fuel_(fuel) {}

  /// Calls of `symbol` run this function; others are modelled.
  void set_callee(uint32_t symbol, const ir::Func* callee) {
    callee_symbol_ = symbol;
    callee_ = callee;
  }
  /// Whether arithmetic gave a NaN in the last run: which one, is for the machine to choose.
  bool made_nan() const { return made_nan_; }

  /// Of vectors, both halves are what is given.
  Outcome run(std::span<const uint64_t> args, const State& state) {
    std::vector<ir::Bits128> wide;
    for (uint64_t a : args) wide.push_back({a, a});
    return run(wide, state);
  }
  Outcome run(std::span<const ir::Bits128> args, const State& state) {
    out_ = {};
    out_.state = state;
    made_nan_ = false;
    values_.assign(f_.num_values(), {});
    ir::Block b = f_.layout[0];
    const size_t count = std::min<size_t>(args.size(), f_[b].params.size());
    for (size_t n = 0; n < count; ++n) set(f_[b].params[n], args[n]);
    while (b.valid()) b = run_block(b);
    return std::move(out_);
  }

 private:
  ir::Bits128 get128(ir::Value v) const { return values_[f_.resolved(v).raw()]; }
  uint64_t get(ir::Value v) const { return get128(v).lo; }
  void set(ir::Value v, ir::Bits128 bits) {
    if (f_.type_of(v) != ir::Type::V128) bits = {ir::canonical(f_.type_of(v), bits.lo), 0};
    values_[v.raw()] = bits;
  }
  void set(ir::Value v, uint64_t bits) { set(v, ir::Bits128{bits, bits}); }

  ir::Block stop(Outcome::Kind kind) {
    out_.kind = kind;
    return {};
  }
  ir::Block trap(uint8_t code) {
    out_.trap = code;
    return stop(Outcome::Trapped);
  }
  ir::Block broken(ir::Inst i, const char* what) {
    out_.problem = std::string(what) + ": " + ir::print(f_, i);
    return stop(Outcome::Broken);
  }

  ir::Block run_block(ir::Block b) {
    for (ir::Inst i = f_[b].first; i.valid(); i = f_.next(i)) {
      if (fuel_-- == 0) return stop(Outcome::OutOfFuel);
      const ir::InstData& d = f_[i];
      if (is_terminator(d.op)) return terminator(i, d);
      stopped_ = false;
      step(i, d);
      if (stopped_) return {};
    }
    return {};
  }
  void halt(ir::Block) { stopped_ = true; }

  ir::Block go(const ir::BlockCall& c) {
    std::vector<ir::Bits128> args;
    for (ir::Value v : f_.args(c)) args.push_back(get128(v));
    for (size_t n = 0; n < args.size(); ++n) set(f_[c.target].params[n], args[n]);
    return c.target;
  }

  ir::Block terminator(ir::Inst i, const ir::InstData& d) {
    auto s = f_.succs(i);
    switch (d.op) {
      case ir::Op::Jump:
        return go(s[0]);
      case ir::Op::BrIf:
        return go(get(f_.args(i)[0]) ? s[0] : s[1]);
      case ir::Op::BrTable:
        return go(s[std::min<uint64_t>(get(f_.args(i)[0]), s.size() - 1)]);
      case ir::Op::Trap:
        return trap(d.trap);
      case ir::Op::Invoke:
      case ir::Op::InvokeIndirect:
        return invoke(i, d);
      default:
        if (d.op != ir::Op::Return) out_.results.push_back(d.imm);
        for (ir::Value v : f_.args(i)) {
          out_.results.push_back(get(v));
          out_.high.push_back(get128(v).hi);
        }
        return stop(d.op == ir::Op::Return ? Outcome::Returned : Outcome::TailCalled);
    }
  }

  uint8_t* memory_at(ir::Inst i, const ir::InstData& d, uint64_t bytes) {
    uint64_t address = get(f_.args(i)[0]) + static_cast<uint64_t>(int64_t{d.disp()});
    for (uint64_t r = 1; r <= kRegions; ++r) {
      uint64_t offset = address - region_at(r);
      if (offset > kRegionSize - bytes) continue;
      if (d.region != 0 && d.region != r) break;
      return out_.state.memory[r].data() + offset;
    }
    halt(d.trap ? trap(d.trap) : broken(i, "wild access"));
    return nullptr;
  }

  void step(ir::Inst i, const ir::InstData& d) {
    using ir::Op;
    auto a = f_.args(i);
    switch (d.op) {
      case Op::IConst:
      case Op::FConst:
        return set(d.result, d.imm64());
      case Op::VConst:
        return set(d.result, d.imm128());
      case Op::UMulWide:
      case Op::SMulWide:
      case Op::IAdd128:
      case Op::ISub128: {
        uint64_t bits[4] = {};
        for (size_t n = 0; ir::Value v : a) bits[n++] = get(v);
        ir::Bits128 value = ir::fold_wide(d.op, bits);
        set(f_.result(i, 0), value.lo);
        return set(f_.result(i, 1), value.hi);
      }
      case Op::Select:
        return set(d.result, get(a[0]) ? get128(a[1]) : get128(a[2]));
      case Op::VMContext:
        return set(d.result, region_at(1));
      case Op::FuncAddr:
        return set(d.result, 0x1000 + d.imm);
      case Op::StackAddr:
        return set(d.result, 0x2000 + d.imm);
      case Op::TrapIf:
      case Op::TrapIfNot:
        if ((get(a[0]) != 0) == (d.op == Op::TrapIf)) halt(trap(d.trap));
        return;
      case Op::Load: {
        uint64_t bytes = access_bytes(d), x = 0;
        uint8_t* p = memory_at(i, d, bytes);
        if (!p) return;
        if (d.type == ir::Type::V128) {
          ir::Bits128 bits;
          std::memcpy(&bits, p, sizeof bits);
          return set(d.result, bits);
        }
        std::memcpy(&x, p, bytes);
        if (d.mem() == ir::MemKind::S8) x = static_cast<uint64_t>(int64_t{static_cast<int8_t>(x)});
        if (d.mem() == ir::MemKind::S16) x = static_cast<uint64_t>(int64_t{static_cast<int16_t>(x)});
        if (d.mem() == ir::MemKind::S32) x = static_cast<uint64_t>(int64_t{static_cast<int32_t>(x)});
        return set(d.result, x);
      }
      case Op::Store: {
        uint64_t bytes = access_bytes(d);
        ir::Bits128 x = get128(a[1]);
        if (uint8_t* p = memory_at(i, d, bytes)) std::memcpy(p, &x, bytes);
        return;
      }
      case Op::Call:
      case Op::CallIndirect: {
        if (callee_ && symbol_of(d) == callee_symbol_) return call(i, d);
        uint64_t h = model_call(i, d);
        if (h % 31 == 0) return halt(trap(kTrapInCall));
        return set_results(i, h, 0, d.result_count);
      }
      default:
        break;
    }
    if (d.type == ir::Type::V128) return set(d.result, bits_of(d.op, get128(a[0]), get128(a[1])));
    uint64_t x = get(a[0]), y = a.size() > 1 ? get(a[1]) : 0;
    auto bits =
        a.size() > 1 ? ir::fold_binary(d.op, d.type, d.aux, x, y) : ir::fold_unary(d.op, d.type, f_.type_of(a[0]), x);
    if (bits) return set(d.result, *bits);
    switch (d.op) {
      case Op::SDiv:
      case Op::UDiv:
      case Op::SRem:
      case Op::URem:
        return halt(trap(y == 0 ? kTrapDivideByZero : kTrapOverflow));
      case Op::FToSInt:
      case Op::FToUInt: {
        bool nan = f_.type_of(a[0]) == ir::Type::F32 ? (x & 0x7fff'ffff) > 0x7f80'0000
                                                     : (x & ~(1ull << 63)) > 0x7ff0'0000'0000'0000;
        return halt(trap(nan ? kTrapBadConversion : kTrapOverflow));
      }
      default:
        if (!is_float(d.type)) return halt(broken(i, "not evaluated"));
        made_nan_ = true;
        return set(d.result, d.type == ir::Type::F32 ? 0x7fc0'0000 : 0x7ff8'0000'0000'0000);
    }
  }

  static ir::Bits128 bits_of(ir::Op op, ir::Bits128 x, ir::Bits128 y) {
    auto half = [&](uint64_t a, uint64_t b) { return *ir::fold_binary(op, ir::Type::I64, 0, a, b); };
    return {half(x.lo, y.lo), half(x.hi, y.hi)};
  }
  uint32_t symbol_of(const ir::InstData& d) const {
    return is_direct(d.op) ? f_.funcs[ir::FuncRef(d.imm)].symbol : ~0u;
  }
  /// What a call of some function does to memory; the answer says the rest.
  uint64_t model_call(ir::Inst i, const ir::InstData& d) {
    uint64_t h = symbol_of(d);
    for (ir::Value v : f_.args(i)) h = hash_mix(h, get(v));
    h = hash_mix(h, out_.state.memory[1][h % kRegionSize]);
    out_.state.calls.push_back(h);
    if (h % 31 == 0) return h;
    for (uint32_t r = 1; r <= 3; ++r)
      for (uint32_t k = 0; k < 8; ++k) out_.state.memory[r][(h >> 3 * k) % 32] ^= static_cast<uint8_t>(h >> 20);
    return h;
  }
  void set_results(ir::Inst i, uint64_t h, uint32_t first, uint32_t end) {
    for (uint32_t n = first; n < end; ++n) {
      ir::Value v = f_.result(i, n);
      h = hash_mix(h, n);
      set(v, is_float(f_.type_of(v)) ? *ir::fold_unary(ir::Op::FFromSInt, f_.type_of(v), ir::Type::I32, h) : h);
    }
  }
  /// Lands sometimes. What belongs to the edge that is not taken is poisoned.
  ir::Block invoke(ir::Inst i, const ir::InstData& d) {
    uint64_t h = model_call(i, d);
    if (h % 31 == 0) return trap(kTrapInCall);
    for (uint32_t n = 0; n < d.result_count; ++n) set(f_.result(i, n), 0xdead'beef'dead'beef);
    uint32_t results = uint32_t{d.result_count} - d.aux;
    bool lands = h % 3 == 0;
    set_results(i, h, lands ? results : 0, lands ? d.result_count : results);
    return go(f_.succs(i)[lands]);
  }

  void call(ir::Inst i, const ir::InstData& d) {
    std::vector<ir::Bits128> args;
    for (ir::Value v : f_.args(i)) args.push_back(get128(v));
    Interpreter interpreter(*callee_, fuel_);
    Outcome inner = interpreter.run(args, out_.state);
    made_nan_ |= interpreter.made_nan_;
    out_.state = inner.state;
    if (inner.kind != Outcome::Returned) {
      out_.problem = inner.problem;
      out_.trap = inner.trap;
      return halt(stop(inner.kind));
    }
    for (uint32_t n = 0; n < d.result_count; ++n) set(f_.result(i, n), ir::Bits128{inner.results[n], inner.high[n]});
  }

  const ir::Func& f_;
  uint64_t fuel_;
  const ir::Func* callee_ = nullptr;
  uint32_t callee_symbol_ = 0;
  std::vector<ir::Bits128> values_;
  Outcome out_;
  bool stopped_ = false, made_nan_ = false;
};

}  // namespace vitrine::opt::testing
