#include "compiler/opt/inline.hpp"

#include <algorithm>
#include <unordered_map>

namespace vitrine::opt {
namespace {

using namespace ir;

/// The number of instructions, or limit + 1 if there are more.
uint32_t size_of(const Func& f, uint32_t limit) {
  uint32_t n = 0;
  for (Block b : f.layout)
    for (Inst i = f[b].first; i.valid(); i = f.next(i))
      if (++n > limit) return n;
  return n;
}

class Inliner {
 public:
  Inliner(Func& caller, const CalleeProvider& provider, const InlineLimits& limits)
      : f_(caller), provider_(provider), limits_(limits) {}
  uint32_t run();

 private:
  struct Site {
    Inst call;
    const Func* callee;
  };
  bool wants(Inst call, Site* site);
  Block inline_call(const Site& site, std::vector<Block>& reversed);
  Block split_after(Inst call);
  void copy_blocks(const Func& callee, Block into, Block after);
  void copy_inst(const Func& callee, Inst i, Block into, Block after);
  void fix_operands(const Func& callee);
  uint32_t location(const Func& callee, uint32_t srcloc);
  uint32_t add_sites(const Func& callee, Inst call);
  FuncRef import(const Func& callee, FuncRef fn);
  SigRef import(const Signature& sig);
  Value mapped(const Func& callee, Value v) { return f_.resolve(values_[callee.resolved(v).raw()]); }
  uint32_t copy_list(const Func& callee, std::span<const Value> list);

  Func& f_;
  const CalleeProvider& provider_;
  const InlineLimits& limits_;
  uint32_t budget_ = 0;
  std::unordered_map<uint32_t, FuncRef> functions_;  // of the caller, by symbol
  std::vector<Site> sites_;
  // Of the call at hand
  std::vector<Value> values_;  // the callee's to the caller's
  std::vector<Block> blocks_;
  struct Copy {
    Inst from, to;
  };
  std::vector<Copy> copies_;
  uint32_t site_ = 0, first_callee_site_ = 0, first_slot_ = 0;
};

uint32_t Inliner::run() {
  if (!provider_.find) return 0;
  uint32_t size = size_of(f_, ~0u - 1), count = 0;
  budget_ = std::max(limits_.growth, static_cast<uint32_t>(uint64_t{size} * limits_.growth_percent / 100));
  for (uint32_t k = 0; k < f_.funcs.size(); ++k) functions_.try_emplace(f_.funcs[FuncRef(k)].symbol, k);
  std::vector<Block> layout, reversed;
  for (size_t k = 0; k < f_.layout.size(); ++k) {
    Block b = f_.layout[k];
    sites_.clear();
    if (!f_[b].cold) {
      Site site;
      for (Inst i = f_[b].first; i.valid(); i = f_.next(i))
        if (f_[i].op == Op::Call && wants(i, &site)) sites_.push_back(site);
    }
    layout.push_back(b);
    // Last first: each call's block then ends soon after it, so that little is moved.
    reversed.clear();
    for (size_t s = sites_.size(); s-- > 0;) inline_call(sites_[s], reversed);
    layout.insert(layout.end(), reversed.rbegin(), reversed.rend());
    count += static_cast<uint32_t>(sites_.size());
  }
  if (count == 0) return 0;
  f_.layout = std::move(layout);
  for (Block b : f_.layout) f_[b].placed = 1;
  f_.resolve_all();
  return count;
}

bool Inliner::wants(Inst call, Site* site) {
  const FuncRefData& fn = f_.funcs[FuncRef(f_[call].imm)];
  if (fn.symbol == f_.symbol || budget_ == 0) return false;
  Callee callee = provider_.find(provider_.user, fn.symbol);
  if (!callee.body || callee.body->layout.empty()) return false;
  uint32_t limit = std::min(callee.only_call ? limits_.only_call : limits_.callee, budget_);
  uint32_t size = size_of(*callee.body, limit);
  if (size > limit) return false;
  // What an optimised body does not use any more still has numbers, and each copy clears tables of that size.
  const Func& body = *callee.body;
  if (body.num_values() > 4096 || body.num_blocks() > 512 || body.inline_sites.size() > 64) return false;
  budget_ -= size;
  *site = {call, callee.body};
  return true;
}

/// Replaces the call. What was after it is in the answer; it and the copied blocks are put in front of what `reversed`
/// has.
Block Inliner::inline_call(const Site& site, std::vector<Block>& reversed) {
  const Func& callee = *site.callee;
  Inst call = site.call;
  Block into = f_[call].block, after = split_after(call);
  site_ = add_sites(callee, call);
  first_slot_ = f_.slots.size();
  for (const SlotData& slot : callee.slots) f_.slots.push(slot);

  values_.assign(callee.num_values(), Value());
  auto args = f_.args(call);
  const auto& params = callee[callee.layout[0]].params;
  VITRINE_ASSERT(args.size() == params.size());
  for (size_t n = 0; n < args.size(); ++n) values_[params[n].raw()] = f_.resolve(args[n]);
  for (uint32_t n = 0; n < f_[call].result_count; ++n) {
    Value result = f_.result(call, n);
    f_.make_alias(result, f_.add_param(after, f_.type_of(result)));
  }
  f_.remove(call);
  reversed.push_back(after);
  copy_blocks(callee, into, after);
  for (size_t k = callee.layout.size(); k-- > 1;) reversed.push_back(blocks_[callee.layout[k].raw()]);
  return after;
}

Block Inliner::split_after(Inst call) {
  Block after = f_.make_block();
  f_[after].cold = f_[f_[call].block].cold;
  for (Inst i = f_.next(call); i.valid();) {
    Inst next = f_.next(i);
    f_.remove(i);
    f_.append(after, i);
    i = next;
  }
  return after;
}

/// The entry goes to the end of `into`; the other blocks are new.
void Inliner::copy_blocks(const Func& callee, Block into, Block after) {
  copies_.clear();
  blocks_.assign(callee.num_blocks(), Block());
  blocks_[callee.layout[0].raw()] = into;
  for (size_t k = 1; k < callee.layout.size(); ++k) {
    Block from = callee.layout[k], to = f_.make_block();
    blocks_[from.raw()] = to;
    f_[to].cold = callee[from].cold;
    for (Value p : callee[from].params) values_[p.raw()] = f_.add_param(to, callee.type_of(p));
  }
  for (Block b : callee.layout)
    for (Inst i = callee[b].first; i.valid(); i = callee.next(i)) copy_inst(callee, i, blocks_[b.raw()], after);
  fix_operands(callee);
}

/// Copies everything but the operands, which may be defined later.
void Inliner::copy_inst(const Func& callee, Inst i, Block into, Block after) {
  InstData d = callee[i];
  d.srcloc = location(callee, d.srcloc);
  std::vector<Type> results;
  callee.for_each_result(i, [&](Value v) { results.push_back(callee.type_of(v)); });
  const Group group = info(d.op).group;
  if (group == Group::Stack) d.imm += first_slot_;
  if (is_call(d.op) && !is_direct(d.op))
    d.imm = import(callee.sigs[SigRef(d.imm)]).raw();
  else if (is_call(d.op) || d.op == Op::FuncAddr)
    d.imm = import(callee, FuncRef(d.imm)).raw();
  // What left the callee comes back here: a tail call calls, and its results are the call's.
  if (d.op == Op::ReturnCall || d.op == Op::ReturnCallIndirect) {
    d.op = d.op == Op::ReturnCall ? Op::Call : Op::CallIndirect;
    results = callee.sig.results;
  }
  Inst to = f_.make_inst(d, results);
  for (uint32_t n = 0; n < callee[i].result_count; ++n) values_[callee.result(i, n).raw()] = f_.result(to, n);
  f_.append(into, to);
  copies_.push_back({i, to});
  if (group != Group::Return && !(group == Group::Call && is_terminator(callee[i].op))) return;
  // Return, or a tail call that became a call: go on after the call.
  InstData jump{};
  jump.op = Op::Jump;
  jump.srcloc = d.srcloc;
  BlockCall c{after, 0, 0};
  if (is_call(d.op)) {
    c.first_arg = static_cast<uint32_t>(f_.pool.size());
    c.arg_count = static_cast<uint32_t>(results.size());
    for (uint32_t n = 0; n < results.size(); ++n) f_.pool.push_back(f_.result(to, n));
    jump.a[1] = f_.pool_calls({&c, 1});
    jump.a[2] = 1;
    f_.append(into, f_.make_inst(jump, {}));
    return;
  }
  // The return itself becomes the jump; its arguments are filled in with the operands.
  jump.a[1] = f_.pool_calls({&c, 1});
  jump.a[2] = 1;
  InstData& r = f_[to];
  r.op = Op::Jump;
  r.type = Type::None;
  r.a[0] = ~0u;
  r.a[1] = jump.a[1];
  r.a[2] = 1;
}

uint32_t Inliner::copy_list(const Func& callee, std::span<const Value> list) {
  uint32_t first = static_cast<uint32_t>(f_.pool.size());
  for (Value v : list) f_.pool.push_back(mapped(callee, v));
  return first;
}

void Inliner::fix_operands(const Func& callee) {
  for (auto [from, to] : copies_) {
    auto args = callee.args(from);
    auto succs = callee.succs(from);
    if (callee[from].op == Op::Return) {
      uint32_t call = f_[to].a[1];
      f_.block_calls[call].first_arg = copy_list(callee, args);
      f_.block_calls[call].arg_count = static_cast<uint32_t>(args.size());
      continue;
    }
    if (has_arg_list(f_[to].op)) {
      f_[to].a[0] = copy_list(callee, args);
    } else {
      for (size_t n = 0; n < args.size(); ++n) f_[to].a[n] = mapped(callee, args[n]).raw();
    }
    if (succs.empty()) continue;
    uint32_t first = static_cast<uint32_t>(f_.block_calls.size());
    for (const BlockCall& c : succs) {
      uint32_t list = copy_list(callee, callee.args(c));
      f_.block_calls.push_back({blocks_[c.target.raw()], list, c.arg_count});
    }
    Func::set_succs(f_[to], first, static_cast<uint32_t>(succs.size()));
  }
}

/// The site of this call, with those inlined into the callee below it.
uint32_t Inliner::add_sites(const Func& callee, Inst call) {
  InlinedLoc at = f_.location(f_[call].srcloc);
  uint32_t site = static_cast<uint32_t>(f_.inline_sites.size());
  f_.inline_sites.push_back({at.site, f_.funcs[FuncRef(f_[call].imm)].symbol, at.srcloc});
  first_callee_site_ = site + 1;
  for (InlineSite s : callee.inline_sites) {
    s.parent = s.parent == kNoSite ? site : first_callee_site_ + s.parent;
    f_.inline_sites.push_back(s);
  }
  return site;
}

uint32_t Inliner::location(const Func& callee, uint32_t srcloc) {
  InlinedLoc loc = callee.location(srcloc);
  loc.site = loc.site == kNoSite ? site_ : first_callee_site_ + loc.site;
  auto& all = f_.inlined_locs;
  if (all.empty() || all.back().srcloc != loc.srcloc || all.back().site != loc.site) all.push_back(loc);
  return kInlinedBit | static_cast<uint32_t>(all.size() - 1);
}

SigRef Inliner::import(const Signature& sig) {
  for (uint32_t k = 0; k < std::min(f_.sigs.size(), 64u); ++k)
    if (f_.sigs[SigRef(k)] == sig) return SigRef(k);
  return f_.sigs.push(sig);
}

FuncRef Inliner::import(const Func& callee, FuncRef fn) {
  const FuncRefData& d = callee.funcs[fn];
  auto [it, fresh] = functions_.try_emplace(d.symbol);
  if (fresh) {
    SigRef sig = import(callee.sigs[d.sig]);
    it->second = f_.funcs.push({sig, d.symbol});
  }
  return it->second;
}

}  // namespace

uint32_t inline_calls(Func& caller, const CalleeProvider& provider, const InlineLimits& limits) {
  return Inliner(caller, provider, limits).run();
}

}  // namespace vitrine::opt
