// Random functions for tests: any mix of arithmetic, memory, traps, calls, branches and loops that ends, whose accesses
// keep to their regions as interpreter.hpp lays them out. Nothing is folded on the way.
#pragma once

#include <random>

#include "compiler/ir/func.hpp"
#include "compiler/opt/testing/interpreter.hpp"

namespace vitrine::opt::testing {

class RandomFunction {
 public:
  using Type = ir::Type;
  using Op = ir::Op;
  using Value = ir::Value;
  using Block = ir::Block;

  RandomFunction(ir::Func& func, uint64_t seed) : f_(func), rng_(seed) {}

  static constexpr uint32_t kOtherSymbol = 7;

  /// There are vectors, also among parameters and results, and arithmetic of 128 bits. (Not by default, nor what
  /// follows, for tests of what cannot do that.)
  void with_128_bits() { has_128_bits_ = true; }
  /// And some calls are invokes, with landing blocks.
  void with_everything() { has_128_bits_ = has_invokes_ = true; }
  /// With `calls_other`, it calls kOtherSymbol, a function of the same signature.
  void build(bool calls_other = false) {
    f_.name = "random";
    f_.sig.params = {Type::I32, Type::I32, Type::I64, Type::F32, Type::F64, Type::I64};
    f_.sig.results = {Type::I32, Type::I64, Type::F64};
    callee_.params = {Type::I64, Type::I32};
    callee_.results = {Type::I32, Type::F64};
    if (has_128_bits_) {
      for (auto* list : {&f_.sig.params, &f_.sig.results, &callee_.params, &callee_.results})
        list->push_back(Type::V128);
    }
    if (calls_other) callee_ = f_.sig;
    f_.funcs.push({f_.sigs.push(callee_), calls_other ? kOtherSymbol : 1});
    block_ = f_.make_block();
    f_.place(block_);
    for (Type t : f_.sig.params) scope_.push_back(f_.add_param(block_, t));
    budget_ = 20 + pick(60);
    statements(4);
    finish();
  }

 private:
  uint32_t pick(uint32_t n) { return static_cast<uint32_t>(rng_() % n); }
  bool chance(uint32_t percent) { return pick(100) < percent; }

  // -- raw instructions

  ir::Inst add(const ir::InstData& d, Type result) {
    ir::Inst i = result == Type::None ? f_.make_inst(d, {}) : f_.make_inst1(d, result);
    f_.append(block_, i);
    f_[i].srcloc = 1 + f_.num_insts();
    if (result != Type::None) scope_.push_back(f_.result(i));
    return i;
  }
  Value op(Op o, Type type, Type result, std::initializer_list<Value> args, uint8_t aux = 0) {
    ir::InstData d{};
    d.op = o;
    d.type = type;
    d.aux = aux;
    uint32_t n = 0;
    for (Value v : args) d.a[n++] = v.raw();
    return f_.result(add(d, result));
  }
  Value constant(Type t) {
    static constexpr uint64_t kInts[] = {
        0,     1,          2,     3,          4,   5,          7,   8,          10,        15,         16,
        24,    31,         32,    63,         255, 65535,      641, 0x7fffffff, 100,       0x80000000, 0xffffffff,
        ~0ull, 1ull << 63, ~6ull, 1000000007, 6,   0xffffff00, 48,  56,         0xfffffffe};
    static constexpr double kFloats[] = {0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 4.0, 3.25, 1e10, -1e300, 1e-310};
    ir::InstData d{};
    d.type = t;
    if (t == Type::V128) {
      static constexpr uint64_t kHalves[] = {0, ~0ull, 1, 0x8000'0000'ffff'ff00};
      d.op = Op::VConst;
      d.set_imm128({kHalves[pick(4)], kHalves[pick(4)]});
      if (chance(40)) d.set_imm128(chance(50) ? ir::Bits128{0, 0} : ir::Bits128{~0ull, ~0ull});
    } else if (is_int(t)) {
      d.op = Op::IConst;
      d.set_imm64(ir::canonical(t, chance(80) ? kInts[pick(std::size(kInts))] : rng_()));
    } else {
      d.op = Op::FConst;
      double x = kFloats[pick(std::size(kFloats))];
      uint64_t bits = t == Type::F32 ? std::bit_cast<uint32_t>(static_cast<float>(x)) : std::bit_cast<uint64_t>(x);
      if (chance(5)) bits = t == Type::F32 ? 0x7fc00000 : 0x7ff8'0000'0000'0000;
      d.set_imm64(bits);
    }
    return f_.result(add(d, t));
  }
  Value int_constant(Type t, uint64_t x) {
    ir::InstData d{};
    d.op = Op::IConst;
    d.type = t;
    d.set_imm64(ir::canonical(t, x));
    return f_.result(add(d, t));
  }
  /// A value of the type that is in scope, with a liking for recent ones.
  Value any(Type t) {
    if (chance(22)) return constant(t);
    for (int k = 0; k < 30; ++k) {
      size_t n = scope_.size();
      Value v = scope_[chance(60) ? n - 1 - pick(static_cast<uint32_t>(std::min<size_t>(n, 8)))
                                  : pick(static_cast<uint32_t>(n))];
      if (f_.type_of(v) == t) return v;
    }
    return constant(t);
  }
  Type any_type() {
    if (has_128_bits_ && chance(12)) return Type::V128;
    static constexpr Type kTypes[] = {Type::I32, Type::I32, Type::I32, Type::I64, Type::I64, Type::F32, Type::F64};
    return kTypes[pick(7)];
  }
  Value condition() {
    if (chance(50)) {
      Type t = chance(60) ? Type::I32 : Type::I64;
      return op(Op::ICmp, t, Type::I32, {any(t), any(t)}, static_cast<uint8_t>(pick(10)));
    }
    return any(Type::I32);
  }

  // -- statements

  void arithmetic() {
    static constexpr Op kInt2[] = {Op::IAdd, Op::IAdd, Op::IAdd, Op::ISub, Op::ISub, Op::IMul, Op::And, Op::And,
                                   Op::Or,   Op::Xor,  Op::Shl,  Op::UShr, Op::SShr, Op::Rotl, Op::Rotr};
    static constexpr Op kInt1[] = {Op::Clz, Op::Ctz, Op::Popcnt, Op::SExt8, Op::SExt16};
    static constexpr Op kFloat2[] = {Op::FAdd, Op::FSub, Op::FMul, Op::FDiv, Op::FMin, Op::FMax, Op::FCopysign};
    static constexpr Op kFloat1[] = {Op::FNeg, Op::FAbs, Op::FSqrt, Op::FCeil, Op::FFloor, Op::FTrunc, Op::FNearest};
    static constexpr Op kDiv[] = {Op::SDiv, Op::UDiv, Op::SRem, Op::URem};
    if (has_128_bits_ && chance(10)) return chance(50) ? wide() : vector_bits();
    Type i = chance(60) ? Type::I32 : Type::I64, t = chance(50) ? Type::F32 : Type::F64;
    switch (pick(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        op(kInt2[pick(std::size(kInt2))], i, i, {any(i), any(i)});
        break;
      case 5:
        op(kInt1[pick(std::size(kInt1))], i, i, {any(i)});
        break;
      case 6:
        op(kDiv[pick(4)], i, i, {any(i), chance(75) ? constant(i) : any(i)});
        break;
      case 7:
        op(kFloat2[pick(std::size(kFloat2))], t, t, {any(t), any(t)});
        break;
      case 8:
        op(kFloat1[pick(std::size(kFloat1))], t, t, {any(t)});
        break;
      case 9:
        op(Op::ICmp, i, Type::I32, {any(i), any(i)}, static_cast<uint8_t>(pick(10)));
        break;
      case 10:
        op(Op::FCmp, t, Type::I32, {any(t), any(t)}, static_cast<uint8_t>(pick(6)));
        break;
      case 11: {
        Type s = any_type();
        op(Op::Select, s, s, {condition(), any(s), any(s)});
        break;
      }
      case 12:
        op(chance(50) ? Op::UExtend : Op::SExtend, Type::I64, Type::I64, {any(Type::I32)});
        break;
      case 13:
        op(Op::Wrap, Type::I32, Type::I32, {any(Type::I64)});
        break;
      case 14:
        op(Op::SExt32, Type::I64, Type::I64, {any(Type::I64)});
        break;
      default:
        conversion(i, t);
        break;
    }
  }
  void vector_bits() {
    static constexpr Op kOps[] = {Op::And, Op::Or, Op::Xor};
    op(kOps[pick(3)], Type::V128, Type::V128, {any(Type::V128), any(Type::V128)});
  }
  /// What takes and answers 128 bits in halves; now and then the same again.
  void wide() {
    static constexpr Op kOps[] = {Op::UMulWide, Op::SMulWide, Op::IAdd128, Op::ISub128};
    static constexpr Type kHalves[] = {Type::I64, Type::I64};
    ir::InstData d{};
    d.op = kOps[pick(4)];
    d.type = Type::I64;
    std::vector<Value> args;
    for (uint32_t n = 0; n < info(d.op).args; ++n) args.push_back(chance(30) ? constant(Type::I64) : any(Type::I64));
    for (uint32_t times = 1 + chance(30); times > 0; --times) {
      if (has_arg_list(d.op))
        f_.set_arg_list(d, args);
      else
        for (size_t n = 0; n < args.size(); ++n) d.a[n] = args[n].raw();
      ir::Inst i = f_.make_inst(d, kHalves);
      f_.append(block_, i);
      if (chance(80)) scope_.push_back(f_.result(i, 0));
      if (chance(80)) scope_.push_back(f_.result(i, 1));
    }
  }
  void conversion(Type i, Type t) {
    switch (pick(7)) {
      case 0:
        op(Op::FPromote, Type::F64, Type::F64, {any(Type::F32)});
        break;
      case 1:
        op(Op::FDemote, Type::F32, Type::F32, {any(Type::F64)});
        break;
      case 2:
        op(chance(50) ? Op::FFromSInt : Op::FFromUInt, t, t, {any(i)});
        break;
      case 3:
        op(chance(50) ? Op::FToSInt : Op::FToUInt, i, i, {any(t)});
        break;
      case 4:
        op(chance(50) ? Op::FToSIntSat : Op::FToUIntSat, i, i, {any(t)});
        break;
      case 5:
        op(Op::Bitcast, Type::I32, Type::I32, {any(Type::F32)});
        break;
      default:
        op(Op::Bitcast, Type::F64, Type::F64, {any(Type::I64)});
        break;
    }
  }

  /// An address within region r, at most `disp` + 8 bytes from its end.
  Value address(uint8_t region, int32_t* disp) {
    if (region == 1 && chance(60)) {
      *disp = static_cast<int32_t>(pick(4) * 4);
      return op(Op::VMContext, Type::I64, Type::I64, {});
    }
    Value base = int_constant(Type::I64, region_at(region));
    *disp = static_cast<int32_t>(pick(4) * 4);
    if (chance(50)) return base;
    if (chance(40)) *disp = static_cast<int32_t>(pick(24));
    Value index = op(Op::And, Type::I32, Type::I32, {any(Type::I32), int_constant(Type::I32, 0x78)});
    Value wide = op(Op::UExtend, Type::I64, Type::I64, {index});
    Value sum = op(Op::IAdd, Type::I64, Type::I64, {base, wide});
    addresses_.push_back({region, sum});
    return sum;
  }
  /// One of the last few accesses again, as a load or a store: what forwarding lives from.
  bool repeat_access() {
    if (accesses_.empty()) return false;
    ir::InstData d =
        accesses_[accesses_.size() - 1 - pick(static_cast<uint32_t>(std::min<size_t>(accesses_.size(), 5)))];
    if (std::find(scope_.begin(), scope_.end(), Value(d.a[0])) == scope_.end()) return false;
    if (chance(40)) {
      d.op = Op::Store;
      d.a[1] = any(d.type).raw();
      add(d, Type::None);
      return true;
    }
    d.op = Op::Load;
    d.a[1] = ~0u;
    observe(f_.result(add(d, d.type)));
    return true;
  }
  /// Stores a value where the end of the run shows it.
  void observe(Value v) {
    if (!chance(60)) return;
    ir::InstData d{};
    d.op = Op::Store;
    d.type = f_.type_of(v);
    d.region = 2;
    d.imm = 64 + 8 * pick(20);
    d.a[0] = int_constant(Type::I64, region_at(2)).raw();
    d.a[1] = v.raw();
    add(d, Type::None);
  }
  void access() {
    if (chance(50) && repeat_access()) return;
    ir::InstData d{};
    d.region = static_cast<uint8_t>(1 + pick(3));
    int32_t disp = 0;
    Value p;
    // Often one of before again, so that there is something to forward.
    if (!addresses_.empty() && chance(50)) {
      auto [region, v] =
          addresses_[addresses_.size() - 1 - pick(static_cast<uint32_t>(std::min<size_t>(addresses_.size(), 4)))];
      if (std::find(scope_.begin(), scope_.end(), v) != scope_.end()) {
        p = v;
        d.region = region;
        disp = static_cast<int32_t>(pick(4) * 4);
      }
    }
    if (!p.valid()) p = address(d.region, &disp);
    if (chance(10)) d.region = 0;
    d.trap = chance(30) ? 7 : 0;
    d.type = any_type();
    if (d.type == Type::I32) d.aux = static_cast<uint8_t>(pick(5));
    if (d.type == Type::I64) d.aux = static_cast<uint8_t>(pick(7));
    if (chance(8)) {  // one that may lie outside, with a trap
      d.trap = 7;
      disp += 250;
    }
    d.imm = static_cast<uint32_t>(disp);
    d.a[0] = p.raw();
    if (chance(45)) {
      d.op = Op::Store;
      d.a[1] = any(d.type).raw();
      add(d, Type::None);
    } else {
      d.op = Op::Load;
      observe(f_.result(add(d, d.type)));
    }
    accesses_.push_back(d);
  }
  void readonly_load() {
    ir::InstData d{};
    d.op = Op::Load;
    d.region = 4;
    d.type = any_type();
    d.flags = ir::kReadonly;
    d.imm = pick(4) * 8;
    d.a[0] = int_constant(Type::I64, region_at(4)).raw();
    add(d, d.type);
  }
  void call() {
    ir::InstData d{};
    d.op = Op::Call;
    auto args = values_for(callee_.params);
    d.a[0] = f_.pool_list(args);
    d.a[1] = static_cast<uint32_t>(args.size());
    ir::Inst i = f_.make_inst(d, callee_.results);
    f_.append(block_, i);
    f_[i].srcloc = 1 + f_.num_insts();
    for (uint32_t n = 0; n < callee_.results.size(); ++n) scope_.push_back(f_.result(i, n));
  }
  void trapif() {
    ir::InstData d{};
    d.op = chance(50) ? Op::TrapIf : Op::TrapIfNot;
    d.type = Type::I32;
    d.trap = static_cast<uint8_t>(1 + pick(3));
    // Seldom true, or few functions would get far.
    Value v = condition();
    if (chance(60)) {
      Value c = int_constant(Type::I32, 0x12345);
      v = op(Op::ICmp, Type::I32, Type::I32, {any(Type::I32), c}, d.op == Op::TrapIf ? 0 : 1);
      if (chance(30)) v = op(Op::ICmp, Type::I32, Type::I32, {v, int_constant(Type::I32, 0)}, 1);
    }
    d.a[0] = v.raw();
    add(d, Type::None);
  }

  /// A call that ends the block: its results and payload are used by arguments of the edges, or where its blocks lead.
  void invoke(int depth) {
    ir::Signature sig{ir::CallConv::Wasm, {Type::I64, Type::I32}, {Type::I32, Type::F64}};
    if (pick(2)) sig.results.push_back(Type::I64);
    ir::InstData d{};
    d.op = chance(50) ? Op::Invoke : Op::InvokeIndirect;
    ir::SigRef ref = f_.sigs.push(sig);
    d.imm = d.op == Op::Invoke ? f_.funcs.push({ref, static_cast<uint32_t>(20 + sig.results.size())}).raw() : ref.raw();
    d.aux = static_cast<uint8_t>(pick(ir::kMaxPayload + 1));
    auto args = values_for(sig.params);
    if (d.op == Op::InvokeIndirect) args.insert(args.begin(), any(Type::I64));
    f_.set_arg_list(d, args);
    auto types = some_types();
    for (Type t : types) any(t);  // so that there is one
    Block normal = f_.make_block(), landing = f_.make_block(), join = f_.make_block();
    auto results = sig.results;
    results.resize(results.size() + d.aux, Type::I64);
    ir::Inst i = f_.make_inst(d, results);
    f_.append(block_, i);
    // What is passed: values of before, or what this edge brings.
    size_t mark = scope_.size();
    auto bring = [&](uint32_t edge) {
      scope_.resize(mark);
      for (uint32_t n = 0; n < results.size(); ++n)
        if (f_.edge_of_result(i, n) == edge) scope_.push_back(f_.result(i, n));
    };
    // Either edge may go to the join at once, which then is entered by several.
    bool short_normal = chance(30), short_landing = chance(30);
    bring(0);
    ir::BlockCall calls[2] = {};
    calls[0] = short_normal ? edge(join, values_for_edge(types)) : edge(normal, {});
    bring(1);
    calls[1] = short_landing ? edge(join, values_for_edge(types)) : edge(landing, {});
    ir::Func::set_succs(f_[i], f_.pool_calls(calls), 2);
    for (uint32_t k = 0; k < 2; ++k) {
      if (k ? short_landing : short_normal) continue;
      enter(k ? landing : normal);
      bring(k);
      if (chance(60)) statements(depth - 1);
      if (k == 1 && chance(10))
        finish();
      else
        jump(join, values_for(types));
    }
    scope_.resize(mark);
    enter(join);
    for (Type t : types) scope_.push_back(f_.add_param(join, t));
  }

  void statements(int depth) {
    uint32_t n = 2 + pick(8);
    for (uint32_t k = 0; k < n && budget_ > 0; ++k) {
      --budget_;
      uint32_t what = pick(100);
      if (what < 48)
        arithmetic();
      else if (what < 74)
        access();
      else if (what < 76)
        readonly_load();
      else if (what < 80 && has_invokes_ && depth > 0)
        invoke(depth);
      else if (what < 80)
        call();
      else if (what < 83)
        trapif();
      else if (depth > 0) {
        if (what < 91)
          branch(depth);
        else if (what < 98)
          loop(depth);
        else
          table(depth);
      }
    }
  }

  // -- control

  ir::BlockCall edge(Block target, std::span<const Value> args) {
    return {target, f_.pool_list(args), static_cast<uint32_t>(args.size())};
  }
  void terminate(Op o, Value v, std::span<const ir::BlockCall> calls) {
    ir::InstData d{};
    d.op = o;
    if (v.valid()) {
      d.type = Type::I32;
      d.a[0] = v.raw();
      if (o == Op::BrIf && chance(15)) d.flags = chance(50) ? ir::kCold : ir::kHot;
    }
    d.a[1] = f_.pool_calls(calls);
    d.a[2] = static_cast<uint32_t>(calls.size());
    f_.append(block_, f_.make_inst(d, {}));
  }
  void jump(Block target, std::span<const Value> args) {
    ir::BlockCall c = edge(target, args);
    terminate(Op::Jump, Value(), {&c, 1});
  }
  void enter(Block b) {
    f_.place(b);
    block_ = b;
  }
  std::vector<Value> values_for(const std::vector<Type>& types) {
    std::vector<Value> v;
    for (Type t : types) v.push_back(any(t));
    return v;
  }
  /// The same without new instructions, after a terminator; none of the type: the first value there is of it.
  std::vector<Value> values_for_edge(const std::vector<Type>& types) {
    std::vector<Value> v;
    for (Type t : types) {
      Value found;
      for (size_t n = scope_.size(); n-- > 0 && !(found.valid() && chance(50));)
        if (f_.type_of(scope_[n]) == t) found = scope_[n];
      VITRINE_ASSERT(found.valid());
      v.push_back(found);
    }
    return v;
  }
  std::vector<Type> some_types() {
    std::vector<Type> types(pick(4));
    for (Type& t : types) t = any_type();
    return types;
  }

  void branch(int depth) {
    auto types = some_types();
    Block then = f_.make_block(), other = f_.make_block(), join = f_.make_block();
    Value c = condition();
    bool one_sided = chance(40);
    auto direct = one_sided ? values_for(types) : std::vector<Value>();
    ir::BlockCall calls[] = {edge(then, {}), one_sided ? edge(join, direct) : edge(other, {})};
    terminate(Op::BrIf, c, calls);
    size_t mark = scope_.size();
    enter(then);
    if (chance(75)) statements(depth - 1);
    bool leaves = chance(10);
    if (leaves)
      finish();
    else
      jump(join, values_for(types));
    scope_.resize(mark);
    if (!one_sided) {
      enter(other);
      if (chance(60)) statements(depth - 1);
      jump(join, values_for(types));
      scope_.resize(mark);
    }
    enter(join);
    for (Type t : types) scope_.push_back(f_.add_param(join, t));
  }

  void loop(int depth) {
    auto types = some_types();
    Block header = f_.make_block(), exit = f_.make_block();
    std::vector<Value> init = values_for(types);
    init.insert(init.begin(), int_constant(Type::I32, 0));
    size_t redundant = pick(3);  // parameters that only ever pass themselves
    for (size_t k = 0; k < redundant; ++k) init.push_back(any(Type::I64));
    jump(header, init);
    size_t mark = scope_.size();
    enter(header);
    std::vector<Value> params;
    for (Value v : init) params.push_back(f_.add_param(header, f_.type_of(v)));
    scope_.insert(scope_.end(), params.begin(), params.end());
    auto exit_types = some_types();
    Value limit = int_constant(Type::I32, 1 + pick(4));
    bool top = chance(50);
    if (top) {
      if (chance(30)) statements(0);
      Block body = f_.make_block();
      Value c = op(Op::ICmp, Type::I32, Type::I32, {params[0], limit}, static_cast<uint8_t>(ir::IntCC::SLt));
      ir::BlockCall calls[] = {edge(body, {}), edge(exit, values_for(exit_types))};
      terminate(Op::BrIf, c, calls);
      enter(body);
    }
    statements(depth - 1);
    if (chance(25)) {  // a break
      Block next = f_.make_block();
      Value c = condition();
      ir::BlockCall calls[] = {edge(exit, values_for(exit_types)), edge(next, {})};
      terminate(Op::BrIf, c, calls);
      enter(next);
      statements(0);
    }
    Value step = op(Op::IAdd, Type::I32, Type::I32, {params[0], int_constant(Type::I32, 1)});
    std::vector<Value> next = {step};
    for (size_t k = 0; k < types.size(); ++k) next.push_back(any(types[k]));
    for (size_t k = 0; k < redundant; ++k) next.push_back(params[next.size()]);
    if (top) {
      jump(header, next);
    } else {
      Value c = op(Op::ICmp, Type::I32, Type::I32, {step, limit}, static_cast<uint8_t>(ir::IntCC::SLt));
      ir::BlockCall calls[] = {edge(header, next), edge(exit, values_for(exit_types))};
      terminate(Op::BrIf, c, calls);
    }
    // What a loop tested at the bottom computed is in scope after it only if every exit passed it: take none.
    scope_.resize(mark);
    enter(exit);
    for (Type t : exit_types) scope_.push_back(f_.add_param(exit, t));
  }

  void table(int depth) {
    auto types = some_types();
    uint32_t n = 1 + pick(4);
    Block join = f_.make_block();
    std::vector<Block> arms;
    std::vector<ir::BlockCall> calls;
    Value index = any(Type::I32);
    if (chance(70)) index = op(Op::And, Type::I32, Type::I32, {index, int_constant(Type::I32, 3)});
    for (uint32_t k = 0; k <= n; ++k) {
      if (chance(30)) {
        calls.push_back(edge(join, values_for(types)));
      } else if (!arms.empty() && chance(40)) {
        calls.push_back(edge(arms[pick(static_cast<uint32_t>(arms.size()))], {}));
      } else {
        arms.push_back(f_.make_block());
        calls.push_back(edge(arms.back(), {}));
      }
    }
    terminate(Op::BrTable, index, calls);
    size_t mark = scope_.size();
    for (Block b : arms) {
      enter(b);
      if (chance(60)) statements(depth - 1);
      jump(join, values_for(types));
      scope_.resize(mark);
    }
    if (arms.empty() || !calls.empty()) enter(join);
    for (Type t : types) scope_.push_back(f_.add_param(join, t));
  }

  /// Ends the block by returning something of everything, or by a trap.
  void finish() {
    if (chance(5)) {
      ir::InstData d{};
      d.op = Op::Trap;
      d.trap = 9;
      f_.append(block_, f_.make_inst(d, {}));
      return;
    }
    std::vector<Value> results;
    for (Type t : f_.sig.results) {
      Value v = any(t);
      if (is_int(t))
        for (int k = 0; k < 3; ++k) v = op(Op::Xor, t, t, {v, any(t)});
      results.push_back(v);
    }
    ir::InstData d{};
    d.op = Op::Return;
    d.a[0] = f_.pool_list(results);
    d.a[1] = static_cast<uint32_t>(results.size());
    f_.append(block_, f_.make_inst(d, {}));
  }

  ir::Func& f_;
  ir::Signature callee_;
  bool has_128_bits_ = false, has_invokes_ = false;
  std::mt19937_64 rng_;
  Block block_;
  std::vector<Value> scope_;
  struct Address {
    uint8_t region;
    Value value;
  };
  std::vector<Address> addresses_;
  std::vector<ir::InstData> accesses_;
  uint32_t budget_ = 0;
};

}  // namespace vitrine::opt::testing
