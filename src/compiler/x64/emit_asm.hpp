// An encoder, AsmJit's but for the plain instructions (emit_plain.hpp), which are written straight into its buffer, with
// labels, jumps and fixups of our own. Included by emit*.cpp alone.
//
// Code is first encoded with every jump long and without padding; jumps, alignments and labels are recorded as they
// come. `finish` then chooses the short form wherever it reaches, copies the pieces to their final places, and patches
// what refers to places. AsmJit's own labels are not used: its buffer is rewound for each function and nothing is
// allocated once it has grown.
//
// An offset recorded while encoding means (offset, number of events before it); `place` gives the final one.
// Cost: O(instructions + jumps).
#pragma once

#include <asmjit/x86.h>

#include <algorithm>
#include <array>
#include <vector>

#include "abi/code_unit.hpp"
#include "base/assert.hpp"
#include "compiler/mach/vcode.hpp"
#include "compiler/x64/emit_plain.hpp"
#include "compiler/x64/insts.hpp"
#include "compiler/x64/regs.hpp"

namespace vitrine::x64 {

namespace x86 = asmjit::x86;
namespace Inst = asmjit::x86::Inst;

/// A place in the code being encoded.
struct Place {
  uint32_t offset;
  uint32_t event;
};

class Asm {
 public:
  using Label = uint32_t;

  Asm();
  /// Rewinds; `labels` labels exist from the start. `rounds`: how often short jumps are looked for; the first round
  /// finds nearly all.
  void reset(uint32_t labels, unsigned rounds = 1);
  Label make_label() {
    labels_.push_back({~0u, 0});
    return static_cast<Label>(labels_.size() - 1);
  }
  /// Several in a row: the first.
  Label make_labels(uint32_t count) {
    labels_.resize(labels_.size() + count, {~0u, 0});
    return static_cast<Label>(labels_.size() - count);
  }
  void bind(Label l) { labels_[l] = here(); }
  bool bound(Label l) const { return labels_[l].offset != ~0u; }
  Place here() const { return {static_cast<uint32_t>(a_.offset()), static_cast<uint32_t>(events_.size())}; }
  /// What follows starts at a multiple of 16.
  void align16() { events_.push_back({static_cast<uint32_t>(a_.offset()), Event::kAlign, 0, 0}); }

  void jmp(Label to) { jump(to, Event::kJmp); }
  void jcc(CC cc, Label to) { jump(to, static_cast<uint8_t>(cc)); }
  void call_symbol(uint32_t symbol) { symbol_ref(0xe8, symbol); }
  void jmp_symbol(uint32_t symbol) { symbol_ref(0xe9, symbol); }
  void lea_symbol(x86::Gp r, uint32_t symbol);
  void lea_label(x86::Gp r, Label l);
  using Payload = std::array<uint8_t, sizeof(abi::HandlerEntry::payload)>;
  /// The call that was just emitted leads to `landing` when it ends by an exception.
  void handler(Label landing, const Payload& payload) { handlers_.push_back({here(), landing, payload}); }
  /// The next instruction may fault and then means `code`.
  void trap_site(uint8_t code) { traps_.push_back({here(), code}); }
  void address(uint32_t srcloc) {
    if (srcloc == srcloc_) return;
    srcloc_ = srcloc;
    addresses_.push_back({here(), srcloc});
  }

  template <class... Ops>
  void e(asmjit::InstId id, const Ops&... ops) {
    if (has_room()) [[likely]] {
      if (uint8_t* end = plain::encode(a_._bufferPtr, id, ops...)) {
        a_._bufferPtr = end;
        return;
      }
    }
    say_where_it_ends();
    asmjit::Error error = a_.emit(id, ops...);
    if (error != asmjit::kErrorOk) [[unlikely]] {
      const asmjit::Operand list[] = {asmjit::Operand(), ops...};
      not_encodable(id, std::span(list).subspan(1));
    }
  }
  /// As `e`, where an operand is memory at [rip + 0]: constant number `constant`. `trailing` bytes of immediate follow.
  template <class... Ops>
  void e_const(uint32_t constant, uint32_t trailing, asmjit::InstId id, const Ops&... ops) {
    e(id, ops...);
    const_refs_.push_back(
        {{static_cast<uint32_t>(a_.offset()) - 4 - trailing, here().event}, trailing, first_const_ + constant});
  }
  /// From now on constants are numbered from there.
  void set_first_const(uint32_t n) { first_const_ = n; }
  /// Where the last four bytes of the code so far stand.
  uint32_t last_word() const { return static_cast<uint32_t>(a_.offset()) - 4; }
  /// Adds to the magnitude of the 32-bit number there.
  void enlarge_word(uint32_t at, int32_t by);

  /// The final code with the side tables known here; constants and jump tables (of labels) at the end. `places` gets
  /// the srclocs. Answers how long the code is without those constants.
  uint32_t finish(std::span<const mach::PoolConst> consts, std::span<const std::vector<uint32_t>> tables,
                  abi::CodeUnit& out, std::vector<abi::AddressEntry>& places);
  /// Further jump tables, whose labels are `table_label(n)`.
  void reserve_tables(uint32_t count);
  Label table_label(uint32_t n) const { return table_labels_[n]; }
  /// About how many bytes all that was emitted needs until `finish` has answered, its answer included.
  size_t memory() const;

 private:
  /// A bug of ours: an instruction with operands that no encoding has. Prints it and ends.
  [[noreturn]] static void not_encodable(asmjit::InstId id, std::span<const asmjit::Operand> ops);

  struct Event {
    static constexpr uint8_t kJmp = 0xff, kAlign = 0xfe;
    uint32_t offset;  // of the jump's first byte
    uint8_t kind;     // kAlign, kJmp or the condition of a jcc
    uint8_t is_short;
    Label target;
    uint32_t long_size() const { return kind == kAlign ? 0 : kind == kJmp ? 5 : 6; }
  };
  struct ConstRef {
    Place at;
    uint32_t trailing;
    uint32_t constant;
  };
  struct LabelRef {
    Place at;
    Label label;
  };
  struct SymbolRef {
    Place at;
    uint32_t symbol;
    abi::RelocKind kind;
  };
  struct Trap {
    Place at;
    uint8_t code;
  };
  struct Handler {
    Place at;
    Label landing;
    Payload payload;
  };
  struct Address {
    Place at;
    uint32_t srcloc;
  };
  /// Appends the low `count` bytes.
  void append(uint64_t bytes, unsigned count);
  /// For what is written without AsmJit.
  bool has_room() const { return a_.remainingSpace() >= plain::kRoom; }
  /// AsmJit grows its buffer by what the section says of its end, which only AsmJit's own writing moves.
  void say_where_it_ends() {
    asmjit::CodeBuffer& buffer = a_._section->_buffer;
    buffer._size = std::max(buffer._size, a_.offset());
  }
  void jump(Label to, uint8_t kind);
  void symbol_ref(uint8_t opcode, uint32_t symbol);
  void choose_short();
  uint32_t place(Place p) const { return p.offset + static_cast<uint32_t>(delta_[p.event]); }

  asmjit::CodeHolder code_;
  x86::Assembler a_;
  std::vector<Place> labels_;
  std::vector<Event> events_;
  std::vector<int32_t> delta_;  // by number of events before: final offset minus encoded one
  std::vector<uint32_t> saved_;
  std::vector<ConstRef> const_refs_;
  std::vector<LabelRef> label_refs_;
  std::vector<SymbolRef> symbol_refs_;
  std::vector<Trap> traps_;
  std::vector<Handler> handlers_;
  std::vector<Address> addresses_;
  std::vector<uint32_t> const_offsets_;
  std::vector<Label> table_labels_;
  uint32_t first_const_ = 0;
  unsigned rounds_ = 1;
  uint32_t srcloc_ = ~0u;
};

inline x86::Gp gp(PReg r, unsigned size) {
  switch (size) {
    case 1:
      return x86::gpb_lo(r.hw());
    case 2:
      return x86::gpw(r.hw());
    case 4:
      return x86::gpd(r.hw());
    default:
      return x86::gpq(r.hw());
  }
}
inline x86::Gp gp64(PReg r) {
  return x86::gpq(r.hw());
}
inline x86::Xmm xmm(PReg r) {
  return x86::xmm(r.hw());
}

}  // namespace vitrine::x64
