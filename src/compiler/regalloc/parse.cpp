// The text form of an allocation problem:
//
//   int r0 r1 r2*            registers in allocation order, `*` for callee-saved (optional: Program() has defaults)
//   float f0 f1
//   scratch f15 [r11]        the second where the machine cannot exchange integer registers
//   block0(%1:i8) depth=1 cold:
//     d %2:i8 fixed r0, u %1 any, clobber r0 r1
//     move d %3:i8, u %2
//     u %3 -> block1, block2
//     nop -> block1(%3)
//     d %4:i8 fixed r0, d %5:i8 fixed r7, clobber r0 -> block1, block2 given 1 1
//
// (The last line: of the last operands, one is defined for the edge to block1, and one for that to block2.)
//
// An operand is `d` (late def), `d!` (early def), `u` (early use) or `u!` (late use), a vreg and a constraint: nothing
// (a register), `any`, `fixed REG`, `reuse N`, `stack`. Where a vreg is defined it carries its class and bytes
// (`%2:i4`, `%2:f16`), and an `r` if it may be rematerialised. `;` begins a comment; `@...` (an allocation) and lines
// beginning with `+` (edits) are skipped, so that what `print` wrote with an Output can be read too.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/regalloc/program.hpp"

namespace vitrine::regalloc {

namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Program> run() {
    while (!text_.empty()) {
      size_t end = std::min(text_.find('\n'), text_.size());
      line_ = text_.substr(0, end);
      text_.remove_prefix(std::min(end + 1, text_.size()));
      ++number_;
      line_ = line_.substr(0, line_.find(';'));
      if (auto word = peek(); !word.empty() && word != "+") TRY(statement());
    }
    if (p_.blocks.empty()) return fail("no block found");
    for (auto& block : p_.blocks) {
      if (block.first_inst == block.end_inst) return fail("a block has no instructions");
      for (uint32_t s : block.succs) {
        if (s >= p_.blocks.size()) return fail(fmt::format("block{} is a successor but not there", s));
      }
    }
    return std::move(p_);
  }

 private:
  static bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '%'; }

  std::string_view peek() {
    while (!line_.empty() && std::isspace(static_cast<unsigned char>(line_[0]))) line_.remove_prefix(1);
    if (line_.empty()) return {};
    if (line_.starts_with("->")) return line_.substr(0, 2);
    size_t n = 0;
    while (n < line_.size() && is_word(line_[n])) ++n;
    return line_.substr(0, std::max<size_t>(n, 1));
  }
  std::string_view next() {
    auto w = peek();
    line_.remove_prefix(w.size());
    return w;
  }
  bool accept(std::string_view what) {
    if (peek() != what) return false;
    next();
    return true;
  }
  std::unexpected<Error> expected(std::string_view what, std::string_view found) {
    return fail(fmt::format("line {}: expected {}, found \"{}\"", number_, what, found));
  }
  Result<> expect(std::string_view what) {
    auto found = next();
    if (found != what) return expected(what, found);
    return {};
  }
  Result<uint32_t> number(std::string_view digits) {
    uint32_t n = 0;
    if (digits.empty() || digits.size() > 7) return expected("a number", digits);
    for (char c : digits) {
      if (c < '0' || c > '9') return expected("a number", digits);
      n = n * 10 + static_cast<uint32_t>(c - '0');
    }
    return n;
  }
  Result<PReg> reg() {
    auto w = next();
    if (w.empty() || (w[0] != 'r' && w[0] != 'f')) return expected("a register", w);
    uint32_t n = TRY(number(w.substr(1)));
    if (n > 31) return expected("a register below 32", w);
    return w[0] == 'r' ? int_reg(n) : float_reg(n);
  }
  Result<uint32_t> block_name() {
    auto w = next();
    if (!w.starts_with("block")) return expected("a block", w);
    return number(w.substr(5));
  }
  Result<VReg> vreg() {
    auto w = next();
    if (w.empty() || w[0] != '%') return expected("a vreg", w);
    uint32_t n = TRY(number(w.substr(1)));
    if (p_.vregs.size() <= n) p_.vregs.resize(n + 1);
    if (accept(":")) {
      auto type = next();
      bool remat = type.ends_with("r");
      if (remat) type.remove_suffix(1);
      if (type.empty() || (type[0] != 'i' && type[0] != 'f')) return expected("a type such as i8", type);
      uint32_t bytes = TRY(number(type.substr(1)));
      if (bytes != 4 && bytes != 8 && bytes != 16) return expected("4, 8 or 16 bytes", type);
      p_.vregs[n] = {.cls = type[0] == 'i' ? RegClass::Int : RegClass::Float,
                     .bytes = static_cast<uint8_t>(bytes),
                     .remat = remat};
    }
    return VReg(n);
  }

  Result<> statement() {
    if (peek() == "int" || peek() == "float") {
      auto& order = p_.order[next() == "int" ? 0 : 1];
      order.clear();
      while (!peek().empty()) {
        PReg r = TRY(reg());
        order.push_back(r);
        p_.callee_saved.bits &= ~(1ull << r.index);
        if (accept("*")) p_.callee_saved.add(r);
      }
      return {};
    }
    if (accept("scratch")) {
      p_.scratch = TRY(reg());
      if (!peek().empty()) p_.int_scratch = TRY(reg());
      return {};
    }
    if (peek().starts_with("block")) return block();
    if (p_.blocks.empty()) return expected("a block", peek());
    return inst();
  }

  Result<> block() {
    uint32_t b = TRY(block_name());
    if (b != p_.blocks.size()) return fail(fmt::format("line {}: blocks are numbered in order", number_));
    p_.begin_block(b);
    auto& data = p_.blocks[b];
    if (accept("(")) {
      do data.params.push_back(TRY(vreg()));
      while (accept(","));
      TRY(expect(")"));
    }
    if (accept("depth")) {
      TRY(expect("="));
      data.loop_depth = TRY(number(next()));
    }
    data.cold = accept("cold");
    return expect(":");
  }

  Result<> inst() {
    std::vector<Operand> ops;
    PRegSet clobbers;
    bool is_move = accept("move");
    if (!accept("nop")) {
      while (!peek().empty() && peek() != "->") {
        if (accept("clobber")) {
          while (peek().starts_with("r") || peek().starts_with("f")) clobbers.add(TRY(reg()));
        } else {
          ops.push_back(TRY(operand()));
        }
        if (!accept(",")) break;
      }
    }
    auto& data = p_.blocks.back();
    if (accept("->")) {
      do data.succs.push_back(TRY(block_name()));
      while (accept(","));
      if (accept("(")) {
        do data.branch_args.push_back(TRY(vreg()));
        while (accept(","));
        TRY(expect(")"));
      }
    }
    if (accept("given")) {
      const uint32_t first = TRY(number(next())), second = TRY(number(next()));
      if (uint64_t{first} + second > ops.size() || first + second > UINT8_MAX) return fail("more given than defined");
      data.edge_defs = static_cast<uint8_t>(first + second);
      data.landing_defs = static_cast<uint8_t>(second);
    }
    if (!peek().empty()) return expected("the end of the line", peek());
    p_.add_inst(ops, clobbers, is_move);
    return {};
  }

  Result<Operand> operand() {
    Operand op;
    auto role = next();
    if (role != "d" && role != "u") return expected("an operand", role);
    op.role = role == "d" ? Role::Def : Role::Use;
    bool other = accept("!");
    op.point = (op.role == Role::Def) == other ? Point::Early : Point::Late;
    op.vreg = TRY(vreg());
    if (accept("any")) {
      op.constraint = Constraint::Any;
    } else if (accept("stack")) {
      op.constraint = Constraint::Stack;
    } else if (accept("fixed")) {
      op.constraint = Constraint::Fixed;
      op.arg = TRY(reg()).index;
    } else if (accept("reuse")) {
      op.constraint = Constraint::Reuse;
      op.arg = static_cast<uint8_t>(TRY(number(next())));
    }
    if (accept("@")) next();
    return op;
  }

  std::string_view text_, line_;
  unsigned number_ = 0;
  Program p_;
};

}  // namespace

Result<Program> parse(std::string_view text) {
  return Parser(text).run();
}

}  // namespace vitrine::regalloc
