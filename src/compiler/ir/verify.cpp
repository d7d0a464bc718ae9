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
    find_entry_edges();
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
      if (!has_args(f_[i])) return fmt::format("{}: arguments outside the pool", i);
      if (!has_succs(f_[i])) return fmt::format("{}: successors outside the pool", i);
      for (const BlockCall& c : f_.succs(i)) {
        if (c.target.raw() >= f_.num_blocks() || !in_layout[c.target.raw()])
          return fmt::format("{} goes to {}, which is not in the layout", i, c.target);
        if (c.target == f_.layout[0]) return fmt::format("{} goes to the entry", i);
        if (begins_with_label(c.target) && f_[i].op != Op::Enter) return at(i, "only `enter` leads to a label: not so");
        if (uint64_t{c.first_arg} + c.arg_count > f_.pool.size())
          return fmt::format("{}: arguments outside the pool", i);
      }
    }
    if (before != d.last) return fmt::format("the last instruction of {} is not linked", b);
    return kFine;
  }

  bool begins_with_label(Block b) const { return f_[b].first.valid() && f_[f_[b].first].op == Op::Label; }
  /// Who leaves to a label knows nothing of what the entry has defined.
  bool is_lost_behind_label(Block def, Block here) const {
    if (def != f_.layout[0] || here == def || f_[f_[def].last].op != Op::Enter) return false;
    const Block begin = f_.succs(f_[def].last)[0].target;
    return begins_with_label(begin) || !dom_.dominates(begin, here);
  }

  bool has_args(const InstData& d) const { return !has_arg_list(d.op) || uint64_t{d.a[0]} + d.a[1] <= f_.pool.size(); }
  bool has_succs(const InstData& d) const {
    Group g = info(d.op).group;
    if (g == Group::Invoke) return uint64_t{d.a[2]} + 2 <= f_.block_calls.size();
    return g != Group::Branch || uint64_t{d.a[1]} + d.a[2] <= f_.block_calls.size();
  }

  // -- definitions dominate uses

  /// By block: the edge by which alone it is entered from outside what it dominates.
  void find_entry_edges() {
    entry_edge_.assign(f_.num_blocks(), kNoEdge);
    for (Block b : cfg_.rpo()) {
      uint32_t outside = 0;
      for (const Edge& e : cfg_.preds(b)) {
        if (dom_.dominates(b, e.from)) continue;
        entry_edge_[b.raw()] = e.call;
        ++outside;
      }
      if (outside != 1) entry_edge_[b.raw()] = kNoEdge;
    }
  }
  /// Whether the edge `call` is on every way to the end of `b`.
  bool edge_dominates(uint32_t call, Block b) const {
    Block target = f_.block_calls[call].target;
    return entry_edge_[target.raw()] == call && dom_.dominates(target, b);
  }

  /// `call`: the block call of `i` whose argument this is, or kNoEdge.
  Problem use(Inst i, Value v, uint32_t call) {
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
      if (is_lost_behind_label(b, here)) return fmt::format("{} of the entry is used behind a label", v);
      return kFine;
    }
    Inst def(d.def);
    Block b = f_[def].block;
    if (!b.valid()) return fmt::format("{} is defined by {}, which is not in the layout", v, def);
    if (is_lost_behind_label(b, here)) return fmt::format("{} of the entry is used behind a label", v);
    if (is_terminator(f_[def].op)) {
      uint32_t edge = f_.first_succ(def) + f_.edge_of_result(def, d.num);
      if (edge == call || (cfg_.reachable(b) && edge_dominates(edge, here))) return kFine;
      return fmt::format("the edge of {} to {} does not dominate the use of {}", def, f_.block_calls[edge].target, v);
    }
    if (b == here) {
      if (order_[def.raw()] >= order_[i.raw()]) return fmt::format("{} is used before its definition", v);
    } else if (!cfg_.reachable(b) || !dom_.dominates(b, here)) {
      return fmt::format("{} of {} does not dominate its use", v, b);
    }
    return kFine;
  }

  Problem operands(Inst i) {
    for (Value v : f_.args(i))
      if (auto p = use(i, v, kNoEdge)) return p;
    for (const BlockCall& c : f_.succs(i))
      for (Value v : f_.args(c))
        if (auto p = use(i, v, static_cast<uint32_t>(&c - f_.block_calls.data()))) return p;
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

  /// The columns of opcodes.def.
  Problem types(Inst i) {
    const InstData& d = f_[i];
    if (d.op >= Op::kCount) return "no such instruction";
    const OpTypes& row = type_row(d.op);
    if (!contains(row.types, d.type)) return fmt::format("{} is no type of {}", name_of(d.type), row.text);
    if (info(d.op).args != kVariable) {
      auto args = f_.args(i);
      if (args.size() != info(d.op).args)
        return fmt::format("{} arguments expected, {} found", info(d.op).args, args.size());
      for (size_t n = 0; n < args.size(); ++n)
        if (auto p = letter(row.args[n], d.type, f_.type_of(args[n]), "argument", n)) return p;
    }
    if (info(d.op).results != kVariable) {
      if (d.result_count != info(d.op).results)
        return fmt::format("{} results expected, {} found", info(d.op).results, d.result_count);
      for (uint32_t n = 0; n < d.result_count; ++n)
        if (auto p = letter(row.results[n], d.type, f_.type_of(f_.result(i, n)), "result", n)) return p;
    }
    return details(i, d);
  }
  static Problem letter(char letter, Type type, Type have, std::string_view what, size_t n) {
    if (contains(types_of(letter, type), have)) return kFine;
    Type want = type_of(letter, type);
    if (want == Type::None) return fmt::format("{} {} should not be {}", what, n, name_of(have));
    return fmt::format("{} {} should be {}, is {}", what, n, name_of(want), name_of(have));
  }

  /// What is not a matter of columns.
  Problem details(Inst i, const InstData& d) {
    auto is = [](bool ok, const char* what) { return ok ? Problem() : Problem(what); };
    switch (info(d.op).group) {
      case Group::IntCompare:
        return is(d.aux <= static_cast<uint8_t>(IntCC::ULe), "no such condition");
      case Group::FloatCompare:
        return is(d.aux <= static_cast<uint8_t>(FloatCC::Ge), "no such condition");
      case Group::Memory:
        if (d.aux > static_cast<uint8_t>(MemKind::U64)) return "no such access kind";
        if (d.mem() == MemKind::Full) return kFine;
        if (d.type == Type::V128) {
          return is(d.op == Op::Load && (d.mem() == MemKind::U32 || d.mem() == MemKind::U64),
                    "the access kind does not suit the type");
        }
        return is(is_int(d.type) && access_bytes(d) < bytes_of(d.type), "the access kind does not suit the type");
      case Group::Vector:
        return vector(i, d);
      case Group::Stack:
        if (d.imm >= f_.slots.size()) return "no such slot";
        return is(uint64_t{d.slot_offset()} + (d.op == Op::StackAddr ? 0 : bytes_of(d.type)) <= f_.slots[d.slot()].size,
                  "the slot is too small");
      case Group::Address:
        return is(d.op != Op::FuncAddr || d.imm < f_.funcs.size(), "no such function");
      case Group::TrapIf:
      case Group::Trap:
        return is(d.trap != 0, "a trap code is never 0");
      case Group::Call:
      case Group::Invoke:
        return call(i, d);
      case Group::Branch:
        if (d.op == Op::BrTable) return is(!f_.succs(i).empty(), "a default successor expected");
        if (d.op == Op::Enter)
          return is(!f_.succs(i).empty() && d.block == f_.layout[0], "the entry's alone, and leads somewhere");
        return is(f_.succs(i).size() == (d.op == Op::Jump ? 1 : 2), "another number of successors expected");
      case Group::Piece:
        return is(d.op != Op::Label || f_[d.block].first == i, "a label is the first of its block");
      case Group::Return:
        return list(f_.args(i), f_.sig.results, "results");
      default:
        return kFine;
    }
  }
  Problem vector(Inst i, const InstData& d) {
    if (!has_lanes(d.op)) return d.aux == 0 ? kFine : Problem("lanes where there are none");
    if ((d.aux & 7) >= kLaneKinds) return "no such lanes";
    const Lanes lanes = d.vec().lanes();
    if (!contains(lane_kinds(d.op), lanes)) return "not on such lanes";
    const uint8_t highest = d.op == Op::VICmp   ? static_cast<uint8_t>(IntCC::ULe)
                            : d.op == Op::VFCmp ? static_cast<uint8_t>(FloatCC::Ge)
                                                : 0;
    if (d.vec().condition() > highest) return "no such condition";
    if (d.op == Op::VICmp && lanes == Lanes::I64x2 && d.vec().int_cc() >= IntCC::ULt)
      return "64-bit lanes are compared as signed ones";
    if (names_lane(d.op) && d.imm >= lane_count(lanes)) return "no such lane";
    const Type lane = lane_type(lanes);
    if (d.op == Op::VExtract && d.type != lane) return "not the type of a lane";
    if ((d.op == Op::VSplat || d.op == Op::VReplace) && f_.type_of(f_.args(i).back()) != lane)
      return "not the type of a lane";
    if (d.op != Op::VShuffle) return kFine;
    Bits128 pattern;
    if (!f_.is_vconst(f_.args(i)[2], &pattern)) return "shuffled by what is no constant";
    constexpr uint64_t kOver = 0xe0e0'e0e0'e0e0'e0e0;
    return (pattern.lo | pattern.hi) & kOver ? Problem("shuffled by a number above 31") : kFine;
  }
  Problem list(std::span<const Value> values, std::span<const Type> types, std::string_view what) {
    if (values.size() != types.size())
      return fmt::format("{} {} expected, {} found", types.size(), what, values.size());
    for (size_t n = 0; n < types.size(); ++n)
      if (f_.type_of(values[n]) != types[n])
        return fmt::format("{} {} should be {}, is {}", what, n, name_of(types[n]), name_of(f_.type_of(values[n])));
    return kFine;
  }
  Problem call(Inst i, const InstData& d) {
    auto args = f_.args(i);
    if (is_direct(d.op)) {
      if (d.imm >= f_.funcs.size()) return "no such function";
    } else {
      if (args.empty() || f_.type_of(args[0]) != Type::I64) return "no callee";
      args = args.subspan(1);
    }
    SigRef sig = f_.callee_sig(d);
    if (sig.raw() >= f_.sigs.size()) return "no such signature";
    if (auto p = list(args, f_.sigs[sig].params, "arguments")) return p;
    std::vector<Type> results = f_.sigs[sig].results;
    if (info(d.op).results == 0) {
      if (results != f_.sig.results) return "a tail call's results are not the function's";
      return kFine;
    }
    if (info(d.op).group == Group::Invoke) {
      if (d.aux > kMaxPayload) return "more payload than there can be";
      results.resize(results.size() + d.aux, Type::I64);
    }
    values_.clear();
    f_.for_each_result(i, [&](Value v) { values_.push_back(v); });
    return list(values_, results, "results");
  }

  const Func& f_;
  Cfg cfg_;
  DomTree dom_;
  static constexpr uint32_t kNoEdge = ~0u;
  std::vector<uint32_t> order_;
  std::vector<uint32_t> entry_edge_;
  std::vector<Value> values_;
};

}  // namespace

std::optional<std::string> verify(const Func& func) {
  return Verifier(func).run();
}

}  // namespace vitrine::ir
