#include "compiler/ir/print.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <iterator>

#include "compiler/ir/fold.hpp"

namespace vitrine::ir {
namespace {

class Printer {
 public:
  Printer(const Func& func, Numbering numbering) : f_(func) {
    if (numbering == Numbering::Dense) number();
  }

  std::string run() {
    put("function \"{}\" sym{} {} {{\n", f_.name, f_.symbol, text(f_.sig));
    for (uint32_t i = 0; i < f_.sigs.size(); ++i) put("  sig{} = {}\n", i, text(f_.sigs[SigRef(i)]));
    for (uint32_t i = 0; i < f_.funcs.size(); ++i) {
      const FuncRefData& d = f_.funcs[FuncRef(i)];
      put("  fn{} = {} sym{}\n", i, d.sig, d.symbol);
    }
    for (uint32_t i = 0; i < f_.slots.size(); ++i) {
      const SlotData& d = f_.slots[Slot(i)];
      put("  ss{} = {} align {}\n", i, d.size, d.align);
    }
    for (Block b : f_.layout) block(b);
    put("}}\n");
    return std::move(out_);
  }

  std::string run(Inst i) {
    inst(i);
    return std::move(out_);
  }

 private:
  template <class... T>
  void put(fmt::format_string<T...> format, T&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<T>(args)...);
  }

  void number() {
    uint32_t next = 0, next_block = 0;
    values_.reset(f_.num_values());
    blocks_.reset(f_.num_blocks());
    for (Block b : f_.layout) {
      blocks_.at_mut(b) = next_block++;
      for (Value v : f_[b].params) values_.at_mut(v) = next++;
      for (Inst i = f_[b].first; i.valid(); i = f_.next(i))
        for (uint32_t n = 0; n < f_[i].result_count; ++n) values_.at_mut(f_.result(i, n)) = next++;
    }
  }

  static std::string text(const Signature& sig) {
    std::string s = sig.conv == CallConv::Host ? "host(" : "wasm(";
    list(s, sig.params);
    s += ')';
    if (!sig.results.empty()) {
      s += " -> ";
      list(s, sig.results);
    }
    return s;
  }
  static void list(std::string& s, const std::vector<Type>& types) {
    for (size_t i = 0; i < types.size(); ++i) {
      if (i) s += ", ";
      s += name_of(types[i]);
    }
  }

  Value name(Value v) const {
    if (v.raw() < f_.num_values()) v = f_.resolved(v);
    uint32_t n = values_[v];
    return n == ~0u ? v : Value(n);
  }
  Block name(Block b) const {
    uint32_t n = blocks_[b];
    return n == ~0u ? b : Block(n);
  }

  void block(Block b) {
    put("{}", name(b));
    if (!f_[b].params.empty()) {
      put("(");
      const char* comma = "";
      for (Value v : f_[b].params) {
        put("{}{}: {}", comma, name(v), name_of(f_.type_of(v)));
        comma = ", ";
      }
      put(")");
    }
    put(":{}\n", f_[b].cold ? " cold" : "");
    for (Inst i = f_[b].first; i.valid(); i = f_.next(i)) {
      put("  ");
      inst(i);
      put("\n");
    }
  }

  void args(std::span<const Value> list) {
    const char* comma = "";
    for (Value v : list) {
      put("{}{}", comma, name(v));
      comma = ", ";
    }
  }

  void call(const BlockCall& c) {
    put("{}", name(c.target));
    if (c.arg_count == 0) return;
    put("(");
    args(f_.args(c));
    put(")");
  }

  void constant(const InstData& d) {
    if (d.op == Op::VConst) return put(" {:#018x}{:016x}", d.imm128().hi, d.imm128().lo);
    uint64_t bits = d.imm64();
    if (d.op == Op::IConst) return put(" {}", as_signed(d.type, bits));
    if (d.type == Type::F32) {
      float x = std::bit_cast<float>(static_cast<uint32_t>(bits));
      return std::isnan(x) ? put(" {:#x}", bits) : put(" {}", x);
    }
    double x = std::bit_cast<double>(bits);
    std::isnan(x) ? put(" {:#x}", bits) : put(" {}", x);
  }

  void inst(Inst i) {
    const InstData& d = f_[i];
    for (uint32_t n = 0; n < d.result_count; ++n) put("{}{}", n ? ", " : "", name(f_.result(i, n)));
    if (d.result_count) put(" = ");
    put("{}", name_of(d.op));
    if (info(d.op).group == Group::Vector) {
      if (has_lanes(d.op)) put(".{}", name_of(d.vec().lanes()));
    } else if (names_type(d.op)) {
      put(".{}", name_of(d.type));
    }
    body(i, d);
    if (d.srcloc) put(" @{:#x}", d.srcloc);
  }

  void access(const InstData& d, Value ptr) {
    if (d.mem() != MemKind::Full) put(" {}", name_of(d.mem()));
    put(" {}", name(ptr));
    if (d.disp()) put("{:+}", d.disp());
  }
  void access_end(const InstData& d) {
    put(" r{}", d.region);
    if (d.trap) put(" trap={}", d.trap);
    if (d.flags & kReadonly) put(" readonly");
    if (d.flags & kMapped) put(" mapped");
  }

  void callee_and_args(const InstData& d, std::span<const Value> a) {
    if (is_direct(d.op)) {
      put(" fn{}(", d.imm);
      args(a);
    } else if (a.empty()) {
      put(" <no callee>(");
    } else {
      put(" sig{} {}(", d.imm, name(a[0]));
      args(a.subspan(1));
    }
    put(")");
  }

  void branch(Inst i, const InstData& d) {
    auto s = f_.succs(i);
    put(" ");
    if (auto a = f_.args(i); !a.empty()) put("{}, ", name(a[0]));
    bool table = d.op == Op::BrTable;
    if (table) put("[");
    for (size_t n = 0; n + 1 < s.size(); ++n) {
      if (table && n) put(", ");
      call(s[n]);
      if (!table) put(", ");
    }
    if (table) put("], ");
    call(s.back());
    if (d.flags & kCold) put(" cold");
    if (d.flags & kHot) put(" hot");
  }

  void body(Inst i, const InstData& d) {
    auto a = f_.args(i);
    switch (info(d.op).group) {
      case Group::Constant:
        return constant(d);
      case Group::IntCompare:
        put(" {} ", name_of(d.int_cc()));
        return args(a);
      case Group::FloatCompare:
        put(" {} ", name_of(d.float_cc()));
        return args(a);
      case Group::Vector:
        if (d.op == Op::VICmp) put(" {}", name_of(d.vec().int_cc()));
        if (d.op == Op::VFCmp) put(" {}", name_of(d.vec().float_cc()));
        put(" ");
        args(a);
        if (names_lane(d.op)) put(", {}", d.imm);
        return;
      case Group::Memory:
        access(d, a[0]);
        if (d.op == Op::Store) put(", {}", name(a[1]));
        return access_end(d);
      case Group::Stack:
        put(" ss{}", d.imm);
        if (d.slot_offset() != 0) put("+{}", d.slot_offset());
        if (!a.empty()) put(", ");
        return args(a);
      case Group::Address:
        if (d.op == Op::FuncAddr) put(" fn{}", d.imm);
        return;
      case Group::TrapIf:
        return put(" {}, {}", name(a[0]), d.trap);
      case Group::Call:
        return callee_and_args(d, a);
      case Group::Invoke:
        callee_and_args(d, a);
        for (const BlockCall& c : f_.succs(i)) {
          put(", ");
          call(c);
        }
        return;
      case Group::Branch:
        return branch(i, d);
      case Group::Return:
        if (!a.empty()) put(" ");
        return args(a);
      case Group::Trap:
        return put(" {}", d.trap);
      case Group::Piece:
        return put(" {}", d.imm);
      default:
        put(" ");
        args(a);
        if (d.trap) put(" trap={}", d.trap);
        if (d.flags & kGuard) put(" guard");
    }
  }

  const Func& f_;
  std::string out_;
  SideTable<Value, uint32_t> values_{~0u};
  SideTable<Block, uint32_t> blocks_{~0u};
};

}  // namespace

std::string print(const Func& func, Numbering numbering) {
  return Printer(func, numbering).run();
}

std::string print(const Func& func, Inst inst) {
  return Printer(func, Numbering::AsIs).run(inst);
}

const char* name_of(IntCC cc) {
  constexpr const char* kNames[] = {"eq", "ne", "slt", "sge", "sgt", "sle", "ult", "uge", "ugt", "ule"};
  return kNames[static_cast<uint8_t>(cc)];
}

const char* name_of(FloatCC cc) {
  constexpr const char* kNames[] = {"eq", "ne", "lt", "gt", "le", "ge"};
  return kNames[static_cast<uint8_t>(cc)];
}

const char* name_of(MemKind kind) {
  constexpr const char* kNames[] = {"full", "u8", "s8", "u16", "s16", "u32", "s32", "u64"};
  return kNames[static_cast<uint8_t>(kind)];
}

const char* name_of(Lanes lanes) {
  constexpr const char* kNames[] = {"i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2"};
  return kNames[static_cast<uint8_t>(lanes)];
}

}  // namespace vitrine::ir
