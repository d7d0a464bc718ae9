#include "compiler/mach/vcode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace vitrine::mach {

uint32_t VCode::add_const(uint64_t lo, uint64_t hi, uint8_t bytes) {
  // Only the latest are searched, so that a function of a million constants stays linear.
  size_t oldest = consts.size() > 64 ? consts.size() - 64 : 0;
  for (size_t i = consts.size(); i-- > oldest;)
    if (consts[i].lo == lo && consts[i].hi == hi && consts[i].bytes == bytes) return static_cast<uint32_t>(i);
  consts.push_back({lo, hi, bytes});
  return static_cast<uint32_t>(consts.size() - 1);
}

void VCode::clear() {
  // Not `insts`, `infos` and `operands`: what fills them in sets their sizes and all they hold.
  name.clear();
  vregs.clear();
  blocks.clear();
  loop_header.clear();
  landing.clear();
  remat.clear();
  remat_insts.clear();
  consts.clear();
  calls.clear();
  for (uint32_t t = 0; t < table_count; ++t) tables[t].clear();
  table_count = 0;
  entries.clear();
  edges.clear();
  block_vregs.clear();
  slot_bytes = outgoing_bytes = incoming_args = 0;
  callee_pops = has_calls = has_tail_calls = saves_context = 0;
}

namespace {

using regalloc::Constraint;
using regalloc::Operand;
using regalloc::Point;
using regalloc::Role;
using Out = std::back_insert_iterator<std::string>;

class Printer {
 public:
  Printer(const VCode& code, const Printing& printing, const regalloc::Output* allocation)
      : code_(code), printing_(printing), allocation_(allocation) {}

  std::string run() {
    fmt::format_to(out_, "vcode \"{}\" {{\n", code_.name);
    for (uint32_t b = 0; b < code_.blocks.size(); ++b) block(b);
    text_ += "}\n";
    return std::move(text_);
  }

 private:
  void block(uint32_t number) {
    const regalloc::BlockInfo& b = code_.blocks[number];
    fmt::format_to(out_, "block{}", number);
    list(b.params);
    text_ += ':';
    if (b.loop_depth) fmt::format_to(out_, " depth {}", b.loop_depth);
    if (b.cold) text_ += " cold";
    text_ += '\n';
    for (uint32_t i = b.first_inst; i < b.end_inst; ++i) {
      edits(i, Point::Early);
      inst(i);
      if (i + 1 == b.end_inst && !b.succs.empty()) {
        text_ += " ->";
        for (uint32_t s : b.succs) fmt::format_to(out_, " block{}", s);
        list(b.branch_args);
      }
      text_ += '\n';
      edits(i, Point::Late);
    }
  }

  void list(std::span<const VReg> vregs) {
    if (vregs.empty()) return;
    const char* separator = "(";
    for (VReg v : vregs) {
      fmt::format_to(out_, "{}{}", separator, v);
      separator = ", ";
    }
    text_ += ')';
  }

  void inst(uint32_t i) {
    const MInst& m = code_.insts[i];
    fmt::format_to(out_, "    {}", printing_.op_name(m.op));
    if (m.size) fmt::format_to(out_, ".{}", m.size);
    if (const char* cc = printing_.cc_name(m.cc)) fmt::format_to(out_, " {}", cc);
    const char* separator = " ";
    auto ops = code_.operands_of(i);
    for (uint32_t n = 0; n < ops.size(); ++n) {
      if (m.has_mem() && (n == m.base || n == m.index)) continue;
      text_ += separator;
      operand(i, n);
      separator = ", ";
    }
    if (m.has_mem()) {
      text_ += separator;
      memory(i);
      separator = ", ";
    }
    if (m.has_imm()) fmt::format_to(out_, "{}{}", separator, m.imm);
    if (m.trap) fmt::format_to(out_, " trap={}", m.trap);
    if (m.srcloc) fmt::format_to(out_, " @{:#x}", m.srcloc);
  }

  void operand(uint32_t i, uint32_t n) {
    const Operand& o = code_.operands_of(i)[n];
    if (o.role == Role::Def) text_ += '!';
    fmt::format_to(out_, "{}", o.vreg);
    switch (o.constraint) {
      case Constraint::Fixed:
        fmt::format_to(out_, ":{}", printing_.reg_name(regalloc::PReg{o.arg}));
        break;
      case Constraint::Reuse:
        fmt::format_to(out_, "=#{}", o.arg);
        break;
      case Constraint::Any:
        text_ += '?';
        break;
      case Constraint::Stack:
        text_ += ":stack";
        break;
      case Constraint::Reg:
        break;
    }
    if ((o.role == Role::Use) == (o.point == Point::Late)) text_ += o.role == Role::Use ? "(late)" : "(early)";
    if (allocation_) {
      text_ += '[';
      place(allocation_->allocs[code_.infos[i].first_operand + n]);
      text_ += ']';
    }
  }

  void memory(uint32_t i) {
    const MInst& m = code_.insts[i];
    text_ += '[';
    switch (m.base) {
      case kMemContext:
        text_ += "ctx";
        break;
      case kMemSlot:
        text_ += "slots";
        break;
      case kMemOutgoing:
        text_ += "out";
        break;
      case kMemIncoming:
        text_ += "in";
        break;
      case kMemConst: {
        const PoolConst& c = code_.consts[static_cast<uint32_t>(m.disp)];
        if (c.bytes == 16)
          fmt::format_to(out_, "const {:#x}:{:#x}]", c.hi, c.lo);
        else
          fmt::format_to(out_, "const {:#x}]", c.lo);
        return;
      }
      case kMemAbsolute:
        text_ += "0";
        break;
      default:
        operand(i, m.base);
        break;
    }
    if (m.index != kMemNone) {
      text_ += " + ";
      operand(i, m.index);
      if (m.shift()) fmt::format_to(out_, "*{}", 1u << m.shift());
    }
    if (m.disp) fmt::format_to(out_, " {} {}", m.disp < 0 ? '-' : '+', std::abs(int64_t{m.disp}));
    text_ += ']';
  }

  void place(regalloc::Allocation a) {
    if (!a.valid())
      text_ += '-';
    else if (a.is_reg())
      text_ += printing_.reg_name(a.preg());
    else
      fmt::format_to(out_, "slot{}", a.slot());
  }

  void edits(uint32_t i, Point point) {
    if (!allocation_) return;
    const auto& all = allocation_->edits;
    for (; edit_ < all.size() && all[edit_].inst == i && all[edit_].point == point; ++edit_) {
      const regalloc::Edit& e = all[edit_];
      using Kind = regalloc::Edit::Kind;
      fmt::format_to(out_, "    ; {} ", e.kind == Kind::Move ? "move" : e.kind == Kind::Swap ? "swap" : "remat");
      place(e.to);
      if (e.kind != Kind::Remat) {
        text_ += ", ";
        place(e.from);
      }
      fmt::format_to(out_, " {}\n", e.vreg);
    }
  }

  const VCode& code_;
  const Printing& printing_;
  const regalloc::Output* allocation_;
  std::string text_;
  Out out_{text_};
  size_t edit_ = 0;
};

}  // namespace

std::string print(const VCode& code, const Printing& printing, const regalloc::Output* allocation) {
  return Printer(code, printing, allocation).run();
}

std::string verify(const VCode& code) {
  std::vector<uint8_t> defined(code.vregs.size(), 0);
  auto define = [&](VReg v) {
    if (v.raw() >= defined.size()) return fmt::format("{} does not exist", v);
    if (defined[v.raw()]++) return fmt::format("{} is defined twice", v);
    return std::string();
  };
  if (code.insts.size() != code.infos.size()) return "instructions and their infos differ in number";
  uint32_t next = 0;
  for (uint32_t n = 0; n < code.blocks.size(); ++n) {
    const regalloc::BlockInfo& b = code.blocks[n];
    if (b.first_inst != next || b.end_inst <= b.first_inst) return fmt::format("block{} is empty or out of order", n);
    next = b.end_inst;
    for (VReg v : b.params)
      if (std::string e = define(v); !e.empty()) return e;
    for (uint32_t i = b.first_inst; i < b.end_inst; ++i) {
      for (const Operand& o : code.operands_of(i)) {
        if (o.role != Role::Def) continue;
        if (std::string e = define(o.vreg); !e.empty()) return fmt::format("{} at instruction {}", e, i);
        if (o.constraint == Constraint::Reuse && o.arg >= code.infos[i].operand_count)
          return fmt::format("instruction {} is tied to an operand that it does not have", i);
      }
    }
    for (uint32_t s : b.succs) {
      if (s >= code.blocks.size()) return fmt::format("block{} has a successor that does not exist", n);
      if (b.succs.size() > 1 && code.blocks[s].preds.size() != 1)
        return fmt::format("the edge from block{} to block{} is critical", n, s);
      if (b.succs.size() > 1 && !code.blocks[s].params.empty())
        return fmt::format("block{} has parameters, and block{} several successors", s, n);
    }
    if (b.succs.size() == 1 && b.branch_args.size() != code.blocks[b.succs[0]].params.size())
      return fmt::format("block{} passes {} arguments to a block with {} parameters", n, b.branch_args.size(),
                         code.blocks[b.succs[0]].params.size());
    if (b.succs.size() != 1 && !b.branch_args.empty()) return fmt::format("block{} may not pass arguments", n);
  }
  if (next != code.insts.size()) return "there are instructions outside all blocks";
  for (uint32_t i = 0; i < code.insts.size(); ++i)
    for (const Operand& o : code.operands_of(i))
      if (o.vreg.raw() >= defined.size() || !defined[o.vreg.raw()])
        return fmt::format("{} has no definition; instruction {} mentions it", o.vreg, i);
  return {};
}

}  // namespace vitrine::mach
