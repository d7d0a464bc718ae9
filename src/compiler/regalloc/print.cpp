#include "compiler/regalloc/print.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/regalloc/machine.hpp"

namespace vitrine::regalloc {

namespace {

class Printer {
 public:
  Printer(const Input& in, const Output* out) : in_(in), out_(out), typed_(in.vregs.size(), false) {}

  void machine() {
    for (unsigned c = 0; c < kClasses; ++c) {
      add("{}", c == 0 ? "int" : "float");
      for (PReg r : in_.order[c]) add(" {}{}", to_string(r), in_.callee_saved.has(r) ? "*" : "");
      add("\n");
    }
    add("scratch {}", to_string(in_.scratch));
    if (in_.int_scratch.valid()) add(" {}", to_string(in_.int_scratch));
    add("\n");
  }

  void header(uint32_t b) {
    const BlockInfo& block = in_.blocks[b];
    add("block{}", b);
    if (!block.params.empty()) {
      add("(");
      for (size_t i = 0; i < block.params.size(); ++i) add("{}{}", i ? ", " : "", vreg(block.params[i], true));
      add(")");
    }
    if (block.loop_depth) add(" depth={}", block.loop_depth);
    if (block.cold) add(" cold");
    add(":\n");
  }

  void inst(uint32_t b, uint32_t i) {
    const BlockInfo& block = in_.blocks[b];
    edits(i, Point::Early);
    const InstInfo& info = in_.insts[i];
    std::string line = info.is_move ? "move" : "";
    auto ops = operands_of(in_, i);
    for (size_t k = 0; k < ops.size(); ++k) {
      line += k ? ", " : line.empty() ? "" : " ";
      line += operand(ops[k]);
      if (out_ && info.first_operand + k < out_->allocs.size()) {
        line.append(" @").append(to_string(out_->allocs[info.first_operand + k]));
      }
    }
    if (info.clobbers) {
      line += line.empty() ? "clobber" : ", clobber";
      for (uint8_t r = 0; r < 64; ++r) {
        if (in_.clobber_sets[info.clobbers].has(PReg{r})) line.append(" ").append(to_string(PReg{r}));
      }
    }
    if (line.empty()) line = "nop";
    if (i + 1 == block.end_inst && !block.succs.empty()) {
      line += " ->";
      for (size_t s = 0; s < block.succs.size(); ++s) line += fmt::format("{} block{}", s ? "," : "", block.succs[s]);
      if (!block.branch_args.empty()) {
        line += "(";
        for (size_t a = 0; a < block.branch_args.size(); ++a) {
          line += fmt::format("{}{}", a ? ", " : "", block.branch_args[a]);
        }
        line += ")";
      }
      if (block.edge_defs) {
        line += fmt::format(" given {} {}", block.edge_defs - block.landing_defs, block.landing_defs);
      }
    }
    add("  {:<60} ; {}\n", line, i);
    edits(i, Point::Late);
  }

  std::string text;

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text), format, std::forward<Args>(args)...);
  }

  // A vreg carries its type where it is defined.
  std::string vreg(VReg v, bool def) {
    if (!def || typed_[v.raw()]) return fmt::format("{}", v);
    typed_[v.raw()] = true;
    const VRegInfo& info = in_.vregs[v.raw()];
    return fmt::format("{}:{}{}{}", v, info.cls == RegClass::Int ? "i" : "f", info.bytes, info.remat ? "r" : "");
  }

  std::string operand(const Operand& op) {
    bool def = op.role == Role::Def;
    const char* other_point = def == (op.point == Point::Early) ? "!" : "";
    std::string s = fmt::format("{}{} {}", def ? "d" : "u", other_point, vreg(op.vreg, def));
    if (op.constraint == Constraint::Any) s.append(" any");
    if (op.constraint == Constraint::Fixed) s.append(" fixed ").append(to_string(PReg{op.arg}));
    if (op.constraint == Constraint::Reuse) s.append(fmt::format(" reuse {}", op.arg));
    if (op.constraint == Constraint::Stack) s.append(" stack");
    return s;
  }

  void edits(uint32_t inst, Point point) {
    if (!out_) return;
    auto key = [](const Edit& e) { return std::pair(e.inst, e.point); };
    for (const Edit& e : std::ranges::equal_range(out_->edits, std::pair(inst, point), {}, key)) {
      add("  + {}\n", to_string(e));
    }
  }

  const Input& in_;
  const Output* out_;
  std::vector<bool> typed_;
};

}  // namespace

std::string to_string(PReg r) {
  if (!r.valid()) return "-";
  return fmt::format("{}{}", r.cls() == RegClass::Int ? "r" : "f", r.hw());
}

std::string to_string(Allocation a) {
  if (!a.valid()) return "-";
  if (a.is_spill()) return fmt::format("s{}", a.slot());
  return a.is_reg() ? to_string(a.preg()) : "?";
}

std::string to_string(const Edit& e) {
  switch (e.kind) {
    case Edit::Kind::Move:
      return fmt::format("move{} {} -> {} {}", e.bytes, to_string(e.from), to_string(e.to), e.vreg);
    case Edit::Kind::Swap:
      return fmt::format("swap {} {}", to_string(e.from), to_string(e.to));
    case Edit::Kind::Remat:
      return fmt::format("remat {} -> {}", e.vreg, to_string(e.to));
  }
  return "?";
}

std::string print(const Input& in, const Output* out) {
  Printer p(in, out);
  p.machine();
  for (uint32_t b = 0; b < in.blocks.size(); ++b) {
    p.header(b);
    for (uint32_t i = in.blocks[b].first_inst; i < in.blocks[b].end_inst; ++i) p.inst(b, i);
  }
  return std::move(p.text);
}

std::string print_around(const Input& in, const Output* out, uint32_t inst, uint32_t radius) {
  Printer p(in, out);
  uint32_t from = inst > radius ? inst - radius : 0;
  uint32_t to = inst + radius;
  for (uint32_t b = 0; b < in.blocks.size(); ++b) {
    const BlockInfo& block = in.blocks[b];
    if (block.end_inst <= from || block.first_inst > to) continue;
    p.header(b);
    for (uint32_t i = std::max(block.first_inst, from); i < std::min(block.end_inst, to + 1); ++i) p.inst(b, i);
  }
  return std::move(p.text);
}

}  // namespace vitrine::regalloc
