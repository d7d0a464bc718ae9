#include "compiler/ir/func.hpp"

#include <algorithm>

namespace vitrine::ir {

Block Func::make_block() {
  if (block_count_ < blocks_.size()) {
    BlockData& b = blocks_[Block(block_count_)];
    b.first = b.last = Inst();
    b.params.clear();
    b.cold = b.placed = 0;
  } else {
    blocks_.push({});
  }
  return Block(block_count_++);
}

void Func::place(Block block) {
  BlockData& b = blocks_[block];
  if (b.placed) return;
  b.placed = 1;
  layout.push_back(block);
}

Value Func::add_param(Block block, Type type) {
  auto& params = blocks_[block].params;
  Value v = values_.push({block.raw(), static_cast<uint16_t>(params.size()), type, ValueKind::Param});
  params.push_back(v);
  return v;
}

void Func::renumber_params(Block block) {
  uint16_t n = 0;
  for (Value v : blocks_[block].params) values_[v].num = n++;
}

Inst Func::make_inst(const InstData& data, std::span<const Type> results) {
  VITRINE_ASSERT(results.size() <= 0xffff);
  Inst i = insts_.push({data, Inst(), Inst()});
  InstData& d = (*this)[i];
  d.block = Block();
  d.result_count = static_cast<uint16_t>(results.size());
  d.result = results.empty() ? Value() : values_.next();
  for (uint32_t n = 0; n < results.size(); ++n)
    values_.push({i.raw(), static_cast<uint16_t>(n), results[n], ValueKind::Result});
  return i;
}

Inst Func::copy_inst(Inst i) {
  const InstData d = (*this)[i];
  Inst copy = insts_.push({d, Inst(), Inst()});
  InstData& c = (*this)[copy];
  c.block = Block();
  if (has_arg_list(d.op)) c.a[0] = pool_list(args(i));
  if (d.result_count != 0) c.result = values_.next();
  for (uint32_t n = 0; n < d.result_count; ++n)
    values_.push({copy.raw(), static_cast<uint16_t>(n), type_of(result(i, n)), ValueKind::Result});
  return copy;
}

void Func::make_alias(Value from, Value to) {
  to = resolve(to);
  if (from == to) return;
  VITRINE_DCHECK(values_[from].type == values_[to].type);
  values_[from].def = to.raw();
  values_[from].kind = ValueKind::Alias;
  has_aliases_ = true;
}

void Func::resolve_all() {
  if (!has_aliases_) return;
  for (Block b : layout) {
    for (Inst i = blocks_[b].first; i.valid(); i = next(i)) {
      for (Value& v : args(i)) v = resolve(v);
      for (const BlockCall& c : succs(i))
        for (Value& v : args(c)) v = resolve(v);
    }
  }
}

uint32_t Func::pool_list(std::span<const Value> list) {
  uint32_t first = static_cast<uint32_t>(pool.size());
  // The list may lie in the pool itself, which moves when it grows.
  if (!list.empty() && list.data() >= pool.data() && list.data() < pool.data() + pool.size()) {
    size_t from = static_cast<size_t>(list.data() - pool.data()), n = list.size();
    pool.resize(pool.size() + n);
    std::copy_n(pool.begin() + static_cast<ptrdiff_t>(from), n, pool.begin() + first);
  } else {
    pool.insert(pool.end(), list.begin(), list.end());
  }
  return first;
}

uint32_t Func::pool_calls(std::span<const BlockCall> calls) {
  uint32_t first = static_cast<uint32_t>(block_calls.size());
  if (!calls.empty() && calls.data() >= block_calls.data() && calls.data() < block_calls.data() + block_calls.size()) {
    size_t from = static_cast<size_t>(calls.data() - block_calls.data()), n = calls.size();
    block_calls.resize(block_calls.size() + n);
    std::copy_n(block_calls.begin() + static_cast<ptrdiff_t>(from), n, block_calls.begin() + first);
  } else {
    block_calls.insert(block_calls.end(), calls.begin(), calls.end());
  }
  return first;
}

void Func::filter_params(Block b, std::span<const uint8_t> keep) {
  auto& params = blocks_[b].params;
  VITRINE_DCHECK(params.size() == keep.size());
  uint32_t n = 0;
  for (uint32_t k = 0; k < params.size(); ++k) {
    if (!keep[k]) continue;
    params[n] = params[k];
    // A parameter that became an alias keeps pointing at what it stands for; it is not kept.
    values_[params[n]].num = static_cast<uint16_t>(n);
    ++n;
  }
  params.resize(n);
}

void Func::filter_args(BlockCall& c, std::span<const uint8_t> keep) {
  auto list = args(c);
  VITRINE_DCHECK(list.size() == keep.size());
  uint32_t n = 0;
  for (uint32_t k = 0; k < list.size(); ++k)
    if (keep[k]) list[n++] = list[k];
  c.arg_count = n;
}

void Func::insert_before(Inst i, Inst before) {
  VITRINE_DCHECK(!(*this)[i].block.valid());
  Block b = (*this)[before].block;
  (*this)[i].block = b;
  Inst p = insts_[before].prev;
  insts_[i].prev = p;
  insts_[i].next = before;
  insts_[before].prev = i;
  if (p.valid())
    insts_[p].next = i;
  else
    blocks_[b].first = i;
}

void Func::insert_after(Inst i, Inst after) {
  VITRINE_DCHECK(!(*this)[i].block.valid());
  Block b = (*this)[after].block;
  (*this)[i].block = b;
  Inst n = insts_[after].next;
  insts_[i].prev = after;
  insts_[i].next = n;
  insts_[after].next = i;
  if (n.valid())
    insts_[n].prev = i;
  else
    blocks_[b].last = i;
}

void Func::remove(Inst i) {
  Block b = (*this)[i].block;
  VITRINE_DCHECK(b.valid());
  const Inst p = prev(i), n = next(i);
  if (p.valid())
    insts_[p].next = n;
  else
    blocks_[b].first = n;
  if (n.valid())
    insts_[n].prev = p;
  else
    blocks_[b].last = p;
  (*this)[i].block = Block();
  insts_[i].prev = insts_[i].next = Inst();
}

void Func::splice(Block to, Block from) {
  BlockData& t = blocks_[to];
  BlockData& f = blocks_[from];
  if (!f.first.valid()) return;
  for (Inst i = f.first; i.valid(); i = insts_[i].next) (*this)[i].block = to;
  insts_[f.first].prev = t.last;
  if (t.last.valid())
    insts_[t.last].next = f.first;
  else
    t.first = f.first;
  t.last = f.last;
  f.first = f.last = Inst();
}

void Func::reset() {
  sig = {};
  name.clear();
  symbol = 0;
  srcloc = 0;
  restore_context_after_calls = false;
  sigs.clear();
  funcs.clear();
  slots.clear();
  block_calls.clear();
  pool.clear();
  layout.clear();
  inline_sites.clear();
  inlined_locs.clear();
  values_.clear();
  insts_.clear();
  block_count_ = 0;
  has_aliases_ = false;
}

}  // namespace vitrine::ir
