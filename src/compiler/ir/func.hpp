// One function in SSA form, with block parameters in place of phis.
//
// What always holds (the verifier checks it in debug builds)
//   - Every Value has one definition, which dominates its uses; `resolve` follows aliases left by passes.
//   - A block ends with its only terminator, which may be a call (see Invoke in opcodes.def): a value that a terminator
//     defines belongs to one of its edges, and that edge dominates the uses.
//   - A block call passes as many arguments, of the types, as the target has parameters.
//   - The entry block is the first in the layout and has no predecessors; its parameters are the signature's.
//   - Instructions are dense and never move in memory: an Inst taken out of the layout keeps its number and is not
//     reused.
// Costs: insertion, removal and iteration O(1) an instruction.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "base/index.hpp"
#include "compiler/ir/opcode.hpp"
#include "compiler/ir/type.hpp"

namespace vitrine::ir {

struct ValueTag {
  static constexpr const char* kPrefix = "v";
};
struct BlockTag {
  static constexpr const char* kPrefix = "block";
};
struct InstTag {
  static constexpr const char* kPrefix = "inst";
};
struct SigTag {
  static constexpr const char* kPrefix = "sig";
};
struct FuncRefTag {
  static constexpr const char* kPrefix = "fn";
};
struct SlotTag {
  static constexpr const char* kPrefix = "ss";
};
using Value = Index<ValueTag>;
using Block = Index<BlockTag>;
using Inst = Index<InstTag>;
using SigRef = Index<SigTag>;
using FuncRef = Index<FuncRefTag>;
using Slot = Index<SlotTag>;

/// Wasm: ours; parameter 0 is the callee's context (I64). Host: the platform's C convention.
enum class CallConv : uint8_t { Wasm, Host };

struct Signature {
  CallConv conv = CallConv::Wasm;
  std::vector<Type> params;
  std::vector<Type> results;
  friend bool operator==(const Signature&, const Signature&) = default;
};

/// A function of the same module that may be called directly; `symbol` is what the image's linker knows it by.
struct FuncRefData {
  SigRef sig;
  uint32_t symbol;
};

struct SlotData {
  uint32_t size;  // bytes
  uint32_t align = 8;
};

/// A target with its arguments, which lie in the value pool.
struct BlockCall {
  Block target;
  uint32_t first_arg = 0;
  uint32_t arg_count = 0;
};

/// Which memory an access can touch: accesses of different regions never alias. The numbers are the producer's; 0 may
/// be anything.
using AliasRegion = uint8_t;

enum InstFlags : uint8_t {
  kReadonly = 1,  // a load of memory that never changes while the function runs: as good as Pure
  kCold = 2,      // BrIf: the nonzero successor is unlikely; kHot: likely
  kHot = 4,
  kMapped = 8,  // a load whose address is valid wherever it is executed: it may be moved above the checks before it
  kGuard = 16,  // Select: stays, even where a check before it says what the condition is; the CPU may have guessed that
};

/// What the landing block of an invoke may be given.
inline constexpr uint32_t kMaxPayload = 2;

/// 36 bytes. Which members mean something depends on the opcode; see opcodes.def.
struct InstData {
  Op op;
  Type type = Type::None;
  uint8_t aux = 0;    // IntCC, FloatCC, VecAux, MemKind; of an invoke: the number of payload words
  uint8_t flags = 0;  // InstFlags
  uint8_t trap = 0;   // trap code; 0: cannot trap
  AliasRegion region = 0;
  uint16_t result_count = 0;
  uint32_t imm = 0;  // displacement (as int32), FuncRef, SigRef, Slot, number of a lane
  // By form: the arguments themselves; or a list, {first in pool, count}; a branch has args[0] and {first block call,
  // count}; an invoke has both, {first in pool, count, first block call}, and two block calls.
  uint32_t a[3] = {~0u, ~0u, ~0u};
  Value result;         // the first of result_count consecutive values
  uint32_t srcloc = 0;  // offset of the operator in the wasm module; 0 unknown; see Func::location
  Block block;          // where it is; none when not in the layout

  IntCC int_cc() const { return static_cast<IntCC>(aux); }
  FloatCC float_cc() const { return static_cast<FloatCC>(aux); }
  MemKind mem() const { return static_cast<MemKind>(aux); }
  VecAux vec() const { return VecAux(aux); }
  int32_t disp() const { return static_cast<int32_t>(imm); }
  /// Constants keep their 64 bits in a[1..2].
  uint64_t imm64() const { return a[1] | static_cast<uint64_t>(a[2]) << 32; }
  void set_imm64(uint64_t v) {
    a[1] = static_cast<uint32_t>(v);
    a[2] = static_cast<uint32_t>(v >> 32);
  }
  /// Vector constants need the immediate and all of `a`.
  Bits128 imm128() const { return {imm | static_cast<uint64_t>(a[0]) << 32, imm64()}; }
  void set_imm128(Bits128 v) {
    imm = static_cast<uint32_t>(v.lo);
    a[0] = static_cast<uint32_t>(v.lo >> 32);
    set_imm64(v.hi);
  }
  /// Of what names a stack slot.
  Slot slot() const { return Slot(imm); }
  uint32_t slot_offset() const { return a[2]; }
  void set_slot(Slot slot, uint32_t offset) {
    imm = slot.raw();
    a[2] = offset;
  }
};

inline bool may_trap(const InstData& d) {
  unsigned effects = info(d.op).effects;
  return (effects & kTraps) != 0 || ((effects & (kReads | kWrites)) != 0 && d.trap != 0);
}
/// Whether nobody misses it if nobody uses its results.
inline bool is_removable(const InstData& d) {
  return only_reads(d.op) && d.trap == 0;
}
/// The bytes that a load or store touches.
inline uint32_t access_bytes(const InstData& d) {
  return bytes_of(d.mem(), d.type);
}

enum class ValueKind : uint8_t { Result, Param, Alias };

struct ValueData {
  uint32_t def;  // Inst, Block or (alias) Value, by kind
  uint16_t num;  // which result or parameter
  Type type;
  ValueKind kind;
};

struct BlockData {
  Inst first, last;  // the instructions, linked
  std::vector<Value> params;
  uint8_t cold = 0;    // seldom reached: ends in a trap, or hinted so
  uint8_t placed = 0;  // in the layout
};

/// A call that was replaced by the callee's body.
struct InlineSite {
  uint32_t parent;  // the site whose body contained the call; kNoSite: the function itself
  uint32_t symbol;  // of the callee: a function of the same module
  uint32_t srcloc;  // of the call, in the caller's body
};
inline constexpr uint32_t kNoSite = ~0u;

/// Where an instruction that came by inlining is from: an offset in the callee's body, and which call brought it.
struct InlinedLoc {
  uint32_t srcloc;
  uint32_t site = kNoSite;
};
/// An instruction's srcloc with this bit is an index into Func::inlined_locs, so that passes copy it like any other.
inline constexpr uint32_t kInlinedBit = 1u << 31;

/// Invariant: no two block calls share arguments in the pool.
class Func {
 public:
  Signature sig;
  std::string name;
  uint32_t symbol = 0;
  uint32_t srcloc = 0;  // where the body begins, as InstData::srcloc: what its prologue is from
  // A callee may tail-call out of the instance and return with another context in the pinned register: every call is
  // followed by a reload of it, not only calls whose args[0] is another context.
  bool restore_context_after_calls = false;

  IndexTable<SigRef, Signature> sigs;
  IndexTable<FuncRef, FuncRefData> funcs;
  IndexTable<Slot, SlotData> slots;
  std::vector<BlockCall> block_calls;
  std::vector<Value> pool;
  std::vector<Block> layout;  // the order of the blocks; entry first
  std::vector<InlineSite> inline_sites;
  std::vector<InlinedLoc> inlined_locs;

  // -- entities
  Block make_block();  // not yet in the layout
  /// Puts `block` at the end of the layout, unless it is in it.
  void place(Block block);
  Value add_param(Block block, Type type);
  /// To be called after parameters were taken out of `block`'s list: the others learn their new places.
  void renumber_params(Block block);
  /// A new instruction with fresh results; not yet in the layout. `results` has one type per result.
  Inst make_inst(const InstData& data, std::span<const Type> results);
  /// Begins an instruction with one result or none, to be filled in where it is going to stay (a copy of what was just
  /// written in small pieces would wait for them). `finish_draft` or `drop_draft` comes before any other is made.
  InstData& draft(Op op, Type type, uint32_t srcloc) {
    InstData& d = insts_.emplace().data;
    d.op = op;
    d.type = type;
    d.srcloc = srcloc;
    return d;
  }
  Inst finish_draft(Type result) {
    Inst i(insts_.size() - 1);
    InstData& d = (*this)[i];
    d.result_count = 1;
    d.result = values_.push({i.raw(), 0, result, ValueKind::Result});
    return i;
  }
  Inst finish_draft(std::span<const Type> results) {
    Inst i(insts_.size() - 1);
    InstData& d = (*this)[i];
    d.result_count = static_cast<uint16_t>(results.size());
    d.result = values_.next();
    for (uint16_t n = 0; n < d.result_count; ++n) values_.push({i.raw(), n, results[n], ValueKind::Result});
    return i;
  }
  Inst finish_draft() { return Inst(insts_.size() - 1); }
  void drop_draft() { insts_.pop(); }
  Inst make_inst1(const InstData& data, Type result) {
    Inst i = insts_.push({data, Inst(), Inst()});
    InstData& d = (*this)[i];
    d.block = Block();
    d.result_count = 1;
    d.result = values_.push({i.raw(), 0, result, ValueKind::Result});
    return i;
  }

  /// A copy with fresh results and argument lists of its own; not yet in the layout. Its successors are not copied.
  Inst copy_inst(Inst i);

  uint32_t num_values() const { return values_.size(); }
  uint32_t num_insts() const { return insts_.size(); }
  uint32_t num_blocks() const { return block_count_; }
  InstData& operator[](Inst i) { return insts_[i].data; }
  const InstData& operator[](Inst i) const { return insts_[i].data; }
  BlockData& operator[](Block b) { return blocks_[b]; }
  const BlockData& operator[](Block b) const { return blocks_[b]; }
  const ValueData& operator[](Value v) const { return values_[v]; }

  // -- values
  Type type_of(Value v) const { return values_[v].type; }
  /// Follows aliases (and shortens the chain).
  Value resolve(Value v) {
    while (values_[v].kind == ValueKind::Alias) {
      Value to(values_[v].def);
      // Halve the path, so that a long chain is walked in full only once.
      if (values_[to].kind == ValueKind::Alias) values_[v].def = values_[to].def;
      v = to;
    }
    return v;
  }
  Value resolved(Value v) const {
    while (values_[v].kind == ValueKind::Alias) v = Value(values_[v].def);
    return v;
  }
  /// From now on `from` means `to`; `from`'s definition must go. To alias a value to itself changes nothing.
  void make_alias(Value from, Value to);
  /// Replaces every alias that an instruction or a block call in the layout mentions by what it stands for.
  void resolve_all();
  /// The instruction that defines `v` or none if it is a parameter. `v` must be resolved.
  Inst def_inst(Value v) const {
    const ValueData& d = values_[v];
    return d.kind == ValueKind::Result ? Inst(d.def) : Inst();
  }
  /// The value of an integer constant, if it is one.
  bool is_iconst(Value v, uint64_t* out = nullptr) const {
    const ValueData& d = values_[resolved(v)];
    if (d.kind != ValueKind::Result) return false;
    const InstData& i = (*this)[Inst(d.def)];
    if (i.op != Op::IConst) return false;
    if (out) *out = i.imm64();
    return true;
  }
  /// The bits of a vector constant, if it is one.
  bool is_vconst(Value v, Bits128* out = nullptr) const {
    const ValueData& d = values_[resolved(v)];
    if (d.kind != ValueKind::Result || (*this)[Inst(d.def)].op != Op::VConst) return false;
    if (out) *out = (*this)[Inst(d.def)].imm128();
    return true;
  }
  /// The bits of a constant, integer or float, if it is one.
  bool is_const(Value v, uint64_t* out = nullptr) const {
    const ValueData& d = values_[resolved(v)];
    if (d.kind != ValueKind::Result) return false;
    const InstData& i = (*this)[Inst(d.def)];
    if (i.op != Op::IConst && i.op != Op::FConst) return false;
    if (out) *out = i.imm64();
    return true;
  }

  // -- instructions
  std::span<Value> args(Inst i) {
    InstData& d = (*this)[i];
    uint32_t n = info(d.op).args;
    // SAFETY: a Value is its raw index and nothing else.
    static_assert(sizeof(Value) == sizeof(uint32_t), "inline arguments are stored as raw indices");
    if (n <= kInlineArgs) return {reinterpret_cast<Value*>(d.a), n};
    return {pool.data() + d.a[0], d.a[1]};
  }
  std::span<const Value> args(Inst i) const { return const_cast<Func*>(this)->args(i); }
  /// Gives a new list of arguments to an instruction that has one.
  void set_arg_list(InstData& d, std::span<const Value> list) {
    uint32_t first = pool_list(list);
    d.a[0] = first;
    d.a[1] = static_cast<uint32_t>(list.size());
  }
  std::span<BlockCall> succs(Inst i) {
    InstData& d = (*this)[i];
    switch (info(d.op).group) {
      case Group::Branch:
        return {block_calls.data() + d.a[1], d.a[2]};
      case Group::Invoke:
        return {block_calls.data() + d.a[2], 2};
      default:
        return {};
    }
  }
  std::span<const BlockCall> succs(Inst i) const { return const_cast<Func*>(this)->succs(i); }
  /// The number of the first successor's block call; the others follow.
  uint32_t first_succ(Inst terminator) const {
    const InstData& d = (*this)[terminator];
    return info(d.op).group == Group::Invoke ? d.a[2] : d.a[1];
  }
  /// The successors of a terminator that has some.
  static void set_succs(InstData& d, uint32_t first, uint32_t count) {
    if (info(d.op).group == Group::Invoke) {
      VITRINE_DCHECK(count == 2);
      d.a[2] = first;
    } else {
      d.a[1] = first;
      d.a[2] = count;
    }
  }
  /// What a call, tail call or invoke calls.
  SigRef callee_sig(const InstData& d) const { return is_direct(d.op) ? funcs[FuncRef(d.imm)].sig : SigRef(d.imm); }
  /// Which successor's edge a value that a terminator defines belongs to: an index into succs.
  uint32_t edge_of_result(Inst invoke, uint32_t n) const {
    const InstData& d = (*this)[invoke];
    return n < uint32_t{d.result_count} - d.aux ? 0 : 1;
  }
  /// Whether two edges lead to one block with the same arguments.
  bool same_call(const BlockCall& x, const BlockCall& y) const {
    return x.target == y.target && std::ranges::equal(args(x), args(y));
  }
  std::span<Value> args(const BlockCall& c) { return {pool.data() + c.first_arg, c.arg_count}; }
  std::span<const Value> args(const BlockCall& c) const { return {pool.data() + c.first_arg, c.arg_count}; }
  Value result(Inst i) const { return (*this)[i].result; }
  Value result(Inst i, uint32_t n) const { return Value((*this)[i].result.raw() + n); }
  /// Calls `each` with every result.
  template <class F>
  void for_each_result(Inst i, F&& each) const {
    const InstData& d = (*this)[i];
    for (uint32_t n = 0; n < d.result_count; ++n) each(Value(d.result.raw() + n));
  }
  /// Puts a list into the pool and answers its start.
  uint32_t pool_list(std::span<const Value> list);
  uint32_t pool_calls(std::span<const BlockCall> calls);

  /// The source of an instruction with this srcloc; follow `site` through inline_sites for the calls around it.
  InlinedLoc location(uint32_t srcloc) const {
    return srcloc & kInlinedBit ? inlined_locs[srcloc & ~kInlinedBit] : InlinedLoc{srcloc, kNoSite};
  }
  /// Keeps those parameters for which `keep` has a nonzero byte; the callers pass arguments for the rest no more.
  void filter_params(Block b, std::span<const uint8_t> keep);
  void filter_args(BlockCall& c, std::span<const uint8_t> keep);
  /// The parameter becomes number `num` of `block`, whose list the caller has set.
  void move_param(Value param, Block block, uint16_t num) {
    values_[param].def = block.raw();
    values_[param].num = num;
  }

  // -- layout
  Inst next(Inst i) const { return insts_[i].next; }
  Inst prev(Inst i) const { return insts_[i].prev; }
  Inst terminator(Block b) const { return blocks_[b].last; }
  void append(Block b, Inst i) {
    BlockData& bd = blocks_[b];
    Node& node = insts_[i];
    VITRINE_DCHECK(!node.data.block.valid());
    node.data.block = b;
    node.prev = bd.last;
    node.next = Inst();
    (bd.last.valid() ? insts_[bd.last].next : bd.first) = i;
    bd.last = i;
  }
  void insert_before(Inst i, Inst before);
  void insert_after(Inst i, Inst after);
  void remove(Inst i);  // from the layout; the number stays
  /// Moves all instructions of `from` to the end of `to`. O(instructions of `from`).
  void splice(Block to, Block from);
  void reset();  // for reuse: keeps the memory

 private:
  struct Node {
    InstData data = {};
    Inst prev, next;  // in its block
  };
  IndexTable<Value, ValueData> values_;
  IndexTable<Inst, Node> insts_;
  IndexTable<Block, BlockData> blocks_;  // at its largest so far: the parameter lists keep their memory
  uint32_t block_count_ = 0;
  bool has_aliases_ = false;  // make_alias was called
};

}  // namespace vitrine::ir
