// Live intervals: where the values of a bundle are live (ranges, with holes) and where they are used.
//
// Positions. Instruction i owns four: 4i the gap before it, where moves are made; 4i+1 its early point (uses are read);
// 4i+2 its late point (definitions are written); 4i+3 the gap after it. A block owns the positions of its instructions.
//   - A use in a fixed register, and the use a definition is tied to, are copies made in the gap before: the value has
//     to live until 4i (inclusive), may come from memory, and takes no register at 4i+1.
//   - An early use lives through 4i+1, a late one through 4i+2.
//   - An early definition, and one tied to a use, begins at 4i+1; a late one at 4i+2; one in a fixed register is copied
//     from there in the gap after: it begins at 4i+3.
//   - Branch arguments live to the end of the block; parameters begin at the start of theirs.
// Fixed registers and clobbers are lists of blocked positions by register and by clobber set.
//
// A bundle is one vreg, or several that branch arguments and block parameters connect and that are never live at once:
// they want the same register, and share a slot.
#pragma once

#include "compiler/regalloc/liveness.hpp"
#include "compiler/regalloc/loops.hpp"
#include "compiler/regalloc/machine.hpp"

namespace vitrine::regalloc {

inline constexpr uint32_t kNone = ~0u;
inline constexpr uint8_t kNoReg = 0xff;
inline constexpr uint8_t kInSlot = 0xfe;  // Interval::reg of what is in memory (or nowhere, if it is computed again)

constexpr uint32_t gap_before(uint32_t inst) {
  return inst * 4;
}
constexpr uint32_t inst_of(uint32_t pos) {
  return pos / 4;
}

struct Range {
  uint32_t from, to;  // [from, to)
  uint32_t next;
  uint32_t vreg;
};

enum class UseKind : uint8_t {
  Reg,       // in a register
  Any,       // in a register or in the slot
  GapFixed,  // copied into a fixed register in the gap before
  GapTied,   // copied into the register of the definition tied to it, likewise
  Stack,     // in the slot
  Edge,      // a branch argument
  DefReg,
  DefAny,
  DefFixed,  // copied from a fixed register in the gap after
  DefStack
};
constexpr bool is_def(UseKind k) {
  return k >= UseKind::DefReg;
}
constexpr bool needs_reg(UseKind k) {
  return k == UseKind::Reg || k == UseKind::DefReg;
}

/// What serving such a use from memory costs, against a reload for a use in a register.
constexpr float memory_cost(UseKind k) {
  switch (k) {
    case UseKind::Any:
    case UseKind::DefAny:
    case UseKind::Edge:
      return 0.6f;
    case UseKind::GapFixed:
    case UseKind::GapTied:
      return 0.8f;
    case UseKind::Stack:
    case UseKind::DefStack:
      return 0;
    default:
      return 1;
  }
}

struct Use {
  uint32_t pos;
  uint32_t operand;  // index into Input::operands; none for Edge
  uint32_t next;
  UseKind kind;
  float frequency;
};

/// Per vreg, and for the representative of a bundle also what belongs to the bundle.
struct VRegData {
  uint32_t ranges = kNone;  // sorted
  uint32_t uses = kNone;    // sorted
  uint32_t last_range = kNone, last_use = kNone;
  uint32_t def_pos = kNone;           // where the value begins (a parameter: the start of its block)
  uint32_t parent = kNone;            // towards the representative of the bundle; none: itself
  uint32_t end = 0;                   // of the last range
  uint32_t hint[2] = {kNone, kNone};  // vregs whose register it would like: it comes from, it goes to
  float hint_weight = 0;
  float weight = 0;                          // what having it in memory would cost
  uint8_t fixed_hint[2] = {kNoReg, kNoReg};  // comes from, goes to
  uint32_t def_operand = kNone;
  uint8_t is_param = 0;
  uint8_t def_in_slot = 0;
  uint8_t remat = 0;       // and alone in its bundle
  uint8_t needs_slot = 0;  // some interval of the bundle is in memory
  uint8_t last_reg = kNoReg;
  uint16_t use_count = 0;        // saturating
  uint32_t first_child = kNone;  // the interval split off last
  uint32_t slot = kNone;
};

/// A register may not hold anything but `vreg` in [from, to).
struct Blocked {
  uint32_t from, to;
  uint32_t vreg;
};

/// A definition whose register is that of operand `use`, and other operands that read the same vreg there.
struct Tied {
  uint32_t inst, def_operand, use_operand;
};

/// The tables the walk starts from; memory is kept from function to function.
class Intervals {
 public:
  /// False if the function is too large for its shape (see Liveness).
  bool build(const Input& in, Output& out);

  uint32_t bundle_of(uint32_t vreg) {
    while (vregs[vreg].parent != kNone) {
      uint32_t p = vregs[vreg].parent;
      if (vregs[p].parent != kNone) vregs[vreg].parent = vregs[p].parent;
      vreg = p;
    }
    return vreg;
  }
  uint32_t block_of(uint32_t pos) const { return inst_block[inst_of(pos)]; }

  std::vector<VRegData> vregs;
  std::vector<Range> ranges;
  std::vector<Use> uses;
  std::vector<uint32_t> inst_block;
  std::vector<Tied> tied;
  std::vector<std::pair<uint32_t, uint32_t>> aliases;  // operand, and the tied definition whose register it reads
  // By register; [1]: in cold blocks.
  std::vector<Blocked> fixed[64][2];
  // By clobber set: the late points; [1]: in cold blocks.
  std::vector<std::vector<uint32_t>> clobbers[2];
  uint64_t touched = 0;  // registers written by fixed operands and clobbers
  Loops loops;

 private:
  void block(uint32_t b);
  void inst(uint32_t i);
  void add_range(uint32_t v, uint32_t from, uint32_t to);
  void begin(uint32_t v, uint32_t pos, uint32_t min_end);
  void add_use(uint32_t v, uint32_t pos, uint32_t operand, UseKind kind);
  void hint_fixed(uint32_t v, uint8_t reg, unsigned direction);
  void merge_bundles();
  bool merge(uint32_t a, uint32_t b);
  template <class T, class At>
  void interleave(std::vector<T>& table, uint32_t before, uint32_t y, At at);

  const Input* in_ = nullptr;
  Output* out_ = nullptr;
  Liveness liveness_;
  float frequency_ = 1;
  uint32_t block_start_ = 0;
  unsigned cold_ = 0;
  uint64_t merge_steps_ = 0, max_merge_steps_ = 0;
  std::vector<std::pair<float, uint32_t>> edges_;
  // By bundle: where the bundle merged into it last begins. The next one mostly lies behind.
  struct Finger {
    uint32_t range = kNone, use = kNone;
  };
  std::vector<Finger> fingers_;
};

}  // namespace vitrine::regalloc
