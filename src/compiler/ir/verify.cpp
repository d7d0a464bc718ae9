#include "compiler/ir/verify.hpp"

#include <fmt/format.h>

#include "compiler/ir/dominators.hpp"
#include "compiler/ir/print.hpp"

namespace vitrine::ir {
namespace {

using Problem = std::optional<std::string>;
constexpr std::nullopt_t kFine = std::nullopt;

class Verifier {
 public:
  explicit Verifier(const Func& func) : f_(func) {}

  Problem run() {
    if (auto p = structure()) return p;
    cfg_.compute(f_);
    dom_.compute(f_, cfg_);
    order_.assign(f_.num_insts(), 0);
    uint32_t n = 0;
    for (Block b : f_.layout)
      for (Inst i = f_[b].first; i.valid(); i = f_.next(i)) order_[i.raw()] = ++n;
    for (Block b : f_.layout) {
      for (Inst i = f_[b].first; i.valid(); i = f_.next(i)) {
        if (auto p = operands(i)) return at(i, *p);
        if (auto p = types(i)) return at(i, *p);
        for (const BlockCall& c : f_.succs(i))
          if (auto p = block_call(i, c)) return at(i, *p);
      }
    }
    return kFine;
  }

 private:
  std::string at(Inst i, std::string_view what) const {
    return fmt::format("{} in {} `{}` of {} of \"{}\"", what, i, print(f_, i), f_[i].block, f_.name);
  }

  // -- blocks and lists: what everything else walks over

  Problem structure() {
    if (f_.layout.empty()) return "the function has no block";
    std::vector<uint8_t> seen(f_.num_blocks());
    for (Block b : f_.layout) {
      if (b.raw() >= f_.num_blocks()) return fmt::format("{} in the layout does not exist", b);
      if (seen[b.raw()]++) return fmt::format("{} is in the layout twice", b);
    }
    for (Block b : f_.layout)
      if (auto p = block_structure(b, seen)) return p;
    Block entry = f_.layout[0];
    const auto& params = f_[entry].params;
    if (params.size() != f_.sig.params.size())
      return fmt::format("the entry has {} parameters, the signature {}", params.size(), f_.sig.params.size());
    for (size_t n = 0; n < params.size(); ++n)
      if (f_.type_of(params[n]) != f_.sig.params[n])
        return fmt::format("parameter {} is not of the signature's type", n);
    return kFine;
  }

  Problem block_structure(Block b, const std::vector<uint8_t>& in_layout) {
    const BlockData& d = f_[b];
    if (!d.last.valid()) return fmt::format("{} is empty", b);
    for (size_t n = 0; n < d.params.size(); ++n) {
      Value v = d.params[n];
      if (v.raw() >= f_.num_values()) return fmt::format("{} has a parameter that does not exist", b);
      if (f_[v].kind == ValueKind::Param && (f_[v].def != b.raw() || f_[v].num != n))
        return fmt::format("parameter {} of {} says it belongs elsewhere", v, b);
    }
    Inst before;
    for (Inst i = d.first; i.valid(); i = f_.next(i)) {
      if (f_[i].block != b) return fmt::format("{} is linked into {} but says {}", i, b, f_[i].block);
      if (f_.prev(i) != before) return fmt::format("{} has the wrong predecessor in {}", i, b);
      if (is_terminator(f_[i].op) != (i == d.last)) return at(i, "a block has one terminator, at its end: not so");
      before = i;
      Op op = f_[i].op;
      if ((op == Op::Jump || op == Op::BrIf || op == Op::BrTable) &&
          uint64_t{f_[i].a[1]} + f_[i].a[2] > f_.block_calls.size())
        return fmt::format("{}: successors outside the pool", i);
      for (const BlockCall& c : f_.succs(i)) {
        if (c.target.raw() >= f_.num_blocks() || !in_layout[c.target.raw()])
          return fmt::format("{} goes to {}, which is not in the layout", i, c.target);
        if (c.target == f_.layout[0]) return fmt::format("{} goes to the entry", i);
        if (uint64_t{c.first_arg} + c.arg_count > f_.pool.size())
          return fmt::format("{}: arguments outside the pool", i);
      }
    }
    if (before != d.last) return fmt::format("the last instruction of {} is not linked", b);
    return kFine;
  }

  // -- definitions dominate uses

  Problem use(Inst i, Value v) {
    if (v.raw() >= f_.num_values()) return fmt::format("{} does not exist", v);
    v = f_.resolved(v);
    const ValueData& d = f_[v];
    Block here = f_[i].block;
    if (!cfg_.reachable(here)) return kFine;
    if (d.kind == ValueKind::Param) {
      Block b(d.def);
      if (b.raw() >= f_.num_blocks() || d.num >= f_[b].params.size() || f_[b].params[d.num] != v)
        return fmt::format("{} is no parameter of {} any more", v, b);
      if (!cfg_.reachable(b) || !dom_.dominates(b, here))
        return fmt::format("{} of {} does not dominate its use", v, b);
      return kFine;
    }
    Inst def(d.def);
    Block b = f_[def].block;
    if (!b.valid()) return fmt::format("{} is defined by {}, which is not in the layout", v, def);
    if (b == here) {
      if (order_[def.raw()] >= order_[i.raw()]) return fmt::format("{} is used before its definition", v);
    } else if (!cfg_.reachable(b) || !dom_.dominates(b, here)) {
      return fmt::format("{} of {} does not dominate its use", v, b);
    }
    return kFine;
  }

  Problem operands(Inst i) {
    const InstData& d = f_[i];
    if (info(d.op).args == kVariable && uint64_t{d.a[0]} + d.a[1] > f_.pool.size()) return "arguments outside the pool";
    for (Value v : f_.args(i))
      if (auto p = use(i, v)) return p;
    for (const BlockCall& c : f_.succs(i))
      for (Value v : f_.args(c))
        if (auto p = use(i, v)) return p;
    return kFine;
  }

  Problem block_call(Inst, const BlockCall& c) {
    const auto& params = f_[c.target].params;
    if (params.size() != c.arg_count)
      return fmt::format("{} has {} parameters, the branch passes {}", c.target, params.size(), c.arg_count);
    for (uint32_t n = 0; n < c.arg_count; ++n) {
      Type want = f_.type_of(params[n]), have = f_.type_of(f_.args(c)[n]);
      if (want != have)
        return fmt::format("parameter {} of {} is {}, the branch passes {}", n, c.target, name_of(want), name_of(have));
    }
    return kFine;
  }

  // -- types

  Problem want(Inst i, uint32_t n, Type type) {
    Type have = f_.type_of(f_.args(i)[n]);
    if (have == type) return kFine;
    return fmt::format("argument {} should be {}, is {}", n, name_of(type), name_of(have));
  }
  Problem want_all(Inst i, Type type) {
    for (uint32_t n = 0; n < f_.args(i).size(); ++n)
      if (auto p = want(i, n, type)) return p;
    return kFine;
  }
  Problem result(Inst i, Type type) {
    const InstData& d = f_[i];
    if (d.result_count != 1) return fmt::format("one result expected, {} found", d.result_count);
    Type have = f_.type_of(d.result);
    if (have == type) return kFine;
    return fmt::format("the result should be {}, is {}", name_of(type), name_of(have));
  }
  Problem list(std::span<const Value> values, std::span<const Type> types, std::string_view what) {
    if (values.size() != types.size())
      return fmt::format("{} {} expected, {} found", types.size(), what, values.size());
    for (size_t n = 0; n < types.size(); ++n)
      if (f_.type_of(values[n]) != types[n])
        return fmt::format("{} {} should be {}, is {}", what, n, name_of(types[n]), name_of(f_.type_of(values[n])));
    return kFine;
  }
  Problem call(Inst i, const Signature& sig, std::span<const Value> args) {
    if (auto p = list(args, sig.params, "arguments")) return p;
    const InstData& d = f_[i];
    if (is_terminator(d.op)) return list_types(sig.results, f_.sig.results);
    if (d.result_count != sig.results.size())
      return fmt::format("{} results expected, {} found", sig.results.size(), d.result_count);
    for (uint32_t n = 0; n < d.result_count; ++n)
      if (f_.type_of(f_.result(i, n)) != sig.results[n]) return fmt::format("result {} has the wrong type", n);
    return kFine;
  }
  static Problem list_types(const std::vector<Type>& have, const std::vector<Type>& want) {
    if (have != want) return "a tail call's results are not the function's";
    return kFine;
  }
  Problem access(const InstData& d) {
    static constexpr uint8_t kBytes[] = {0, 1, 1, 2, 2, 4, 4};
    if (d.aux > static_cast<uint8_t>(MemKind::S32)) return "no such access kind";
    if (d.mem() == MemKind::Full) return kFine;
    if (!is_int(d.type) || kBytes[d.aux] >= bytes_of(d.type)) return "the access kind does not suit the type";
    return kFine;
  }

  Problem types(Inst i) {
    const InstData& d = f_[i];
    Type t = d.type;
    auto both = [](Problem p, Problem q) { return p ? p : q; };
    auto is = [](bool ok, const char* what) { return ok ? Problem() : Problem(what); };
    if (info(d.op).results == 0 && d.result_count != 0) return "it has no result";
    switch (d.op) {
      case Op::IConst:
        return both(is(is_int(t), "an integer type expected"), result(i, t));
      case Op::FConst:
        return both(is(is_float(t), "a float type expected"), result(i, t));
      case Op::UMulHi:
      case Op::SMulHi:
      case Op::SExt32:
        if (t != Type::I64) return "i64 only";
        return both(want_all(i, t), result(i, t));
      case Op::IAdd:
      case Op::ISub:
      case Op::IMul:
      case Op::SDiv:
      case Op::UDiv:
      case Op::SRem:
      case Op::URem:
      case Op::And:
      case Op::Or:
      case Op::Xor:
      case Op::Shl:
      case Op::UShr:
      case Op::SShr:
      case Op::Rotl:
      case Op::Rotr:
      case Op::Clz:
      case Op::Ctz:
      case Op::Popcnt:
      case Op::SExt8:
      case Op::SExt16:
        if (t != Type::I32 && t != Type::I64 && t != Type::Ref) return "an integer type expected";
        return both(want_all(i, t), result(i, t));
      case Op::UExtend:
      case Op::SExtend:
        if (t != Type::I64) return "i64 only";
        if (f_.type_of(f_.args(i)[0]) == Type::Ref) return result(i, t);
        return both(want(i, 0, Type::I32), result(i, t));
      case Op::Wrap:
        if (t != Type::I32 && t != Type::Ref) return "i32 only";
        return both(want(i, 0, Type::I64), result(i, t));
      case Op::ICmp:
        if (d.aux > static_cast<uint8_t>(IntCC::ULe)) return "no such condition";
        return both(both(is(is_int(t), "an integer type expected"), want_all(i, t)), result(i, Type::I32));
      case Op::FCmp:
        if (d.aux > static_cast<uint8_t>(FloatCC::Ge)) return "no such condition";
        return both(both(is(is_float(t), "a float type expected"), want_all(i, t)), result(i, Type::I32));
      case Op::FAdd:
      case Op::FSub:
      case Op::FMul:
      case Op::FDiv:
      case Op::FMin:
      case Op::FMax:
      case Op::FCopysign:
      case Op::FNeg:
      case Op::FAbs:
      case Op::FSqrt:
      case Op::FCeil:
      case Op::FFloor:
      case Op::FTrunc:
      case Op::FNearest:
        return both(both(is(is_float(t), "a float type expected"), want_all(i, t)), result(i, t));
      case Op::FPromote:
        return both(both(is(t == Type::F64, "f64 only"), want(i, 0, Type::F32)), result(i, t));
      case Op::FDemote:
        return both(both(is(t == Type::F32, "f32 only"), want(i, 0, Type::F64)), result(i, t));
      case Op::FFromSInt:
      case Op::FFromUInt: {
        Type from = f_.type_of(f_.args(i)[0]);
        if (!is_float(t) || (from != Type::I32 && from != Type::I64)) return "an integer to a float expected";
        return result(i, t);
      }
      case Op::FToSInt:
      case Op::FToUInt:
      case Op::FToSIntSat:
      case Op::FToUIntSat: {
        Type from = f_.type_of(f_.args(i)[0]);
        if ((t != Type::I32 && t != Type::I64) || !is_float(from)) return "a float to an integer expected";
        return result(i, t);
      }
      case Op::Bitcast: {
        Type from = f_.type_of(f_.args(i)[0]);
        if (bytes_of(t) != bytes_of(from) || t == Type::V128) return "a bitcast keeps the width";
        return result(i, t);
      }
      case Op::Select:
        return both(both(want(i, 0, Type::I32), want(i, 1, t)), both(want(i, 2, t), result(i, t)));
      case Op::Load:
        return both(both(want(i, 0, Type::I64), access(d)), result(i, t));
      case Op::Store:
        return both(both(want(i, 0, Type::I64), want(i, 1, t)), access(d));
      case Op::StackLoad:
      case Op::StackStore:
        if (d.imm >= f_.slots.size()) return "no such slot";
        if (bytes_of(t) > f_.slots[Slot(d.imm)].size) return "the slot is too small";
        return d.op == Op::StackLoad ? result(i, t) : want(i, 0, t);
      case Op::StackAddr:
        if (d.imm >= f_.slots.size()) return "no such slot";
        return result(i, Type::I64);
      case Op::FuncAddr:
        if (d.imm >= f_.funcs.size()) return "no such function";
        return result(i, Type::I64);
      case Op::VMContext:
        return result(i, Type::I64);
      case Op::TrapIf:
      case Op::TrapIfNot:
        return both(is(d.trap != 0, "a trap code is never 0"), want(i, 0, Type::I32));
      case Op::Call:
      case Op::ReturnCall: {
        if (d.imm >= f_.funcs.size()) return "no such function";
        SigRef sig = f_.funcs[FuncRef(d.imm)].sig;
        if (sig.raw() >= f_.sigs.size()) return "no such signature";
        return call(i, f_.sigs[sig], f_.args(i));
      }
      case Op::CallIndirect:
      case Op::ReturnCallIndirect:
        if (d.imm >= f_.sigs.size()) return "no such signature";
        if (f_.args(i).empty()) return "no callee";
        return both(want(i, 0, Type::I64), call(i, f_.sigs[SigRef(d.imm)], f_.args(i).subspan(1)));
      case Op::Jump:
        return is(f_.succs(i).size() == 1, "one successor expected");
      case Op::BrIf:
        return both(is(f_.succs(i).size() == 2, "two successors expected"), want(i, 0, Type::I32));
      case Op::BrTable:
        return both(is(!f_.succs(i).empty(), "a default successor expected"), want(i, 0, Type::I32));
      case Op::Return:
        return list(f_.args(i), f_.sig.results, "results");
      case Op::Trap:
        return is(d.trap != 0, "a trap code is never 0");
      case Op::kCount:
        break;
    }
    return "no such instruction";
  }

  const Func& f_;
  Cfg cfg_;
  DomTree dom_;
  std::vector<uint32_t> order_;
};

}  // namespace

std::optional<std::string> verify(const Func& func) {
  return Verifier(func).run();
}

}  // namespace vitrine::ir
