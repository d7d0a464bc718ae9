// Loop rotation: a loop that tests at the top and jumps back to the test becomes one that tests at the bottom.
//
//   H: ..; brif c, B, E     =>   H: ..; brif c, B, E        the test before the first iteration
//   B: ..; jump L                B: ..; jump L
//   L: ..; jump H                L: ..; ..'; brif c', B, E  a copy of the header, then the test of the next iteration
//
// That saves a jump each iteration, and what B does first now happens whenever the loop is entered, which lets licm
// move more. What H defines and others use arrives at B and E from two sides then, so it becomes a parameter there. A
// loop is left alone if the header is big or has a call, or if a value of the header is used where neither B nor E
// dominates. Cost: O(instructions); the copies are bounded by kMaxHeader a loop and kMaxGrowth a function.
#include "compiler/opt/passes.hpp"

namespace vitrine::opt {
namespace {

using namespace ir;

constexpr uint32_t kMaxHeader = 8;     // instructions
constexpr size_t kMaxValues = 64;      // parameters of the header, arguments of its branch
constexpr uint32_t kMaxGrowth = 2000;  // instructions
constexpr uint32_t kNone = ~0u;

struct Candidate {
  Block header, body, exit, latch;
  uint32_t body_index;  // which successor of the header the body is: 0 or 1
};

/// Where a value of a candidate's header is used outside it.
struct Use {
  uint32_t inst = kNone, call = kNone;  // an argument of an instruction, or of a block call
  uint32_t position = 0;
  Block block;
  uint32_t next = kNone;
};

class Rotation {
 public:
  void run(Func& f, PassCtx& ctx);

 private:
  bool find(Block header, Candidate* c);
  void collect_uses();
  void add_use(Value v, Use use);
  bool is_possible(const Candidate& c);
  void rotate(const Candidate& c);
  void carry(const Candidate& c, Value v);
  Value copy_of(Value v);
  BlockCall extended(const BlockCall& call, std::span<const Value> more);
  void add_term_args(Block from, uint32_t index, std::span<const Value> more);

  Func* f_ = nullptr;
  const Cfg* cfg_ = nullptr;
  const DomTree* dom_ = nullptr;
  const LoopForest* loops_ = nullptr;
  std::vector<Candidate> candidates_;
  std::vector<uint32_t> owner_;  // by value: 1 + the candidate whose header defines it
  std::vector<uint32_t> first_use_;
  std::vector<Use> uses_;
  std::vector<uint8_t> touched_;  // by block: its predecessors are not as `cfg_` says
  // Of the candidate at hand
  std::vector<Value> values_;                     // what its header defines
  std::vector<std::pair<Value, Value>> copies_;   // header's value, its value in the latch
  std::vector<Value> body_values_, exit_values_;  // carried: the header's value
  std::vector<Value> body_params_, exit_params_;  // and the parameter it becomes; none: by value
  std::vector<Value> more_;
};

void Rotation::run(Func& f, PassCtx& ctx) {
  f_ = &f;
  loops_ = &ctx.loops(f);
  if (loops_->num_loops() == 0) return;
  cfg_ = &ctx.cfg(f);
  dom_ = &ctx.dom(f);
  candidates_.clear();
  uint32_t growth = 0;
  // Outermost first, as their numbers are larger.
  for (uint32_t l = loops_->num_loops(); l-- > 0;) {
    Candidate c;
    if (find((*loops_)[Loop(l)].header, &c) && growth < kMaxGrowth) {
      candidates_.push_back(c);
      growth += kMaxHeader;
    }
  }
  if (candidates_.empty()) return;
  collect_uses();
  touched_.assign(f.num_blocks(), 0);
  bool any = false;
  for (const Candidate& c : candidates_) {
    if (!is_possible(c)) continue;
    rotate(c);
    any = true;
  }
  if (!any) return;
  ctx.graph_changed();
  branches(f, ctx);  // a header may have one predecessor now
}

bool Rotation::find(Block header, Candidate* c) {
  Func& f = *f_;
  Inst t = f[header].last;
  if (f[t].op != Op::BrIf) return false;
  Loop loop = loops_->loop_of(header);
  // O(difference in depth) would add up in a deep nest; a body or exit a few levels away is enough.
  auto inside = [&](Block b) {
    Loop l = loops_->loop_of(b);
    for (int steps = 0; l.valid() && steps < 4; ++steps, l = (*loops_)[l].parent)
      if (l == loop) return true;
    return false;
  };
  auto s = f.succs(t);
  bool in0 = inside(s[0].target), in1 = inside(s[1].target);
  if (in0 == in1) return false;
  *c = {header, s[in0 ? 0 : 1].target, s[in0 ? 1 : 0].target, Block(), in0 ? 0u : 1u};
  // "Not inside" must mean outside, however deep: an exit is not dominated by the body and leads to no back edge.
  if (loops_->depth(c->exit) > (*loops_)[loop].depth) return false;
  if (f[header].params.size() > kMaxValues || s[0].arg_count > kMaxValues || s[1].arg_count > kMaxValues) return false;
  if (c->body == header || cfg_->preds(c->body).size() != 1 || loops_->is_header(c->exit)) return false;
  for (const Edge& e : cfg_->preds(header)) {
    if (cfg_->number(e.from) < cfg_->number(header)) continue;
    if (c->latch.valid()) return false;
    c->latch = e.from;
  }
  if (!c->latch.valid() || c->latch == header || f[f[c->latch].last].op != Op::Jump) return false;
  uint32_t size = 0;
  for (Inst i = f[header].first; i != t; i = f.next(i))
    if (++size > kMaxHeader || is_call(f[i].op)) return false;
  return true;
}

void Rotation::add_use(Value v, Use use) {
  use.next = first_use_[v.raw()];
  first_use_[v.raw()] = static_cast<uint32_t>(uses_.size());
  uses_.push_back(use);
}

void Rotation::collect_uses() {
  Func& f = *f_;
  owner_.assign(f.num_values(), 0);
  first_use_.assign(f.num_values(), kNone);
  uses_.clear();
  for (uint32_t k = 0; k < candidates_.size(); ++k) {
    Block h = candidates_[k].header;
    for (Value v : f[h].params) owner_[v.raw()] = k + 1;
    for (Inst i = f[h].first; i.valid(); i = f.next(i)) f.for_each_result(i, [&](Value v) { owner_[v.raw()] = k + 1; });
  }
  for (Block b : cfg_->rpo()) {
    for (Inst i = f[b].first; i.valid(); i = f.next(i)) {
      auto note = [&](Value& v, uint32_t inst, uint32_t call, size_t position) {
        v = f.resolve(v);
        uint32_t o = owner_[v.raw()];
        if (o != 0 && candidates_[o - 1].header != b)
          add_use(v, {inst, call, static_cast<uint32_t>(position), b, kNone});
      };
      auto args = f.args(i);
      for (size_t n = 0; n < args.size(); ++n) note(args[n], i.raw(), kNone, n);
      for (const BlockCall& c : f.succs(i)) {
        auto list = f.args(c);
        for (size_t n = 0; n < list.size(); ++n)
          note(list[n], kNone, static_cast<uint32_t>(&c - f.block_calls.data()), n);
      }
    }
  }
}

bool Rotation::is_possible(const Candidate& c) {
  Func& f = *f_;
  if (touched_[c.exit.raw()] || touched_[c.header.raw()] || touched_[c.body.raw()]) return false;
  // Whoever else leads to the exit must come through the body.
  uint32_t from_header = 0;
  for (const Edge& e : cfg_->preds(c.exit)) {
    if (e.from == c.header)
      ++from_header;
    else if (!dom_->dominates(c.body, e.from))
      return false;
  }
  if (from_header != 1) return false;
  values_.assign(f[c.header].params.begin(), f[c.header].params.end());
  for (Inst i = f[c.header].first; i.valid(); i = f.next(i))
    f.for_each_result(i, [&](Value v) { values_.push_back(v); });
  for (Value v : values_)
    for (uint32_t u = first_use_[v.raw()]; u != kNone; u = uses_[u].next)
      if (!dom_->dominates(c.body, uses_[u].block) && !dom_->dominates(c.exit, uses_[u].block)) return false;
  return true;
}

/// Makes `v` of the header a parameter of the body, and of the exit if it is used there, and rewrites its uses.
void Rotation::carry(const Candidate& c, Value v) {
  Func& f = *f_;
  if (first_use_[v.raw()] == kNone) return;
  Value in_body = f.add_param(c.body, f.type_of(v)), in_exit;
  body_values_.push_back(v);
  body_params_.push_back(in_body);
  for (uint32_t u = first_use_[v.raw()]; u != kNone; u = uses_[u].next) {
    const Use& use = uses_[u];
    bool body = dom_->dominates(c.body, use.block);
    if (!body && !in_exit.valid()) {
      in_exit = f.add_param(c.exit, f.type_of(v));
      exit_values_.push_back(v);
      exit_params_.push_back(in_body);
    }
    Value to = body ? in_body : in_exit;
    if (use.inst != kNone)
      f.args(Inst(use.inst))[use.position] = to;
    else
      f.args(f.block_calls[use.call])[use.position] = to;
  }
  first_use_[v.raw()] = kNone;
}

Value Rotation::copy_of(Value v) {
  for (auto [from, to] : copies_)  // a header has few values
    if (from == v) return to;
  return v;
}

BlockCall Rotation::extended(const BlockCall& call, std::span<const Value> more) {
  Func& f = *f_;
  BlockCall c{call.target, static_cast<uint32_t>(f.pool.size()), call.arg_count + static_cast<uint32_t>(more.size())};
  for (uint32_t n = 0; n < call.arg_count; ++n) f.pool.push_back(f.pool[call.first_arg + n]);
  f.pool.insert(f.pool.end(), more.begin(), more.end());
  return c;
}

void Rotation::rotate(const Candidate& c) {
  Func& f = *f_;
  body_values_.clear();
  exit_values_.clear();
  body_params_.clear();
  exit_params_.clear();
  for (Value v : values_) carry(c, v);

  // The edges that are there: from the header with its values, to the exit from inside with the body's.
  Inst t = f[c.header].last;
  uint32_t to_body = f.first_succ(t) + c.body_index, to_exit = f.first_succ(t) + 1 - c.body_index;
  const BlockCall old_body = f.block_calls[to_body], old_exit = f.block_calls[to_exit];
  if (!body_values_.empty()) f.block_calls[to_body] = extended(old_body, body_values_);
  if (!exit_values_.empty()) {
    f.block_calls[to_exit] = extended(old_exit, exit_values_);
    for (const Edge& e : cfg_->preds(c.exit))
      if (e.from != c.header) f.block_calls[e.call] = extended(f.block_calls[e.call], exit_params_);
  }

  // The copy in the latch.
  Inst back = f[c.latch].last;
  const BlockCall entry = f.succs(back)[0];
  copies_.clear();
  const auto& params = f[c.header].params;
  for (size_t k = 0; k < params.size(); ++k) copies_.push_back({params[k], f.args(entry)[k]});
  f.remove(back);
  auto track = [&](Value v, Use use) {
    if (v.raw() < owner_.size() && owner_[v.raw()] != 0) add_use(v, use);
  };
  for (Inst i = f[c.header].first; i != t; i = f.next(i)) {
    Inst copy = f.copy_inst(i);
    f.append(c.latch, copy);
    auto args = f.args(copy);
    for (uint32_t n = 0; n < args.size(); ++n) {
      args[n] = copy_of(args[n]);
      track(args[n], {copy.raw(), kNone, n, c.latch, kNone});
    }
    for (uint32_t n = 0; n < f[i].result_count; ++n) copies_.push_back({f.result(i, n), f.result(copy, n)});
  }
  InstData d = f[t];
  BlockCall calls[2];
  for (int side = 0; side < 2; ++side) {
    const BlockCall& old = side ? old_exit : old_body;
    BlockCall call{old.target, static_cast<uint32_t>(f.pool.size()), 0};
    for (uint32_t n = 0; n < old.arg_count; ++n) f.pool.push_back(copy_of(f.pool[old.first_arg + n]));
    for (Value v : side ? exit_values_ : body_values_) f.pool.push_back(copy_of(v));
    call.arg_count = static_cast<uint32_t>(f.pool.size()) - call.first_arg;
    calls[side ? 1 - c.body_index : c.body_index] = call;
  }
  d.a[1] = f.pool_calls(calls);
  Inst brif = f.make_inst(d, {});
  f.append(c.latch, brif);
  f.args(brif)[0] = copy_of(f.args(brif)[0]);
  track(f.args(brif)[0], {brif.raw(), kNone, 0, c.latch, kNone});
  for (uint32_t k = 0; k < 2; ++k) {
    auto list = f.args(calls[k]);
    for (uint32_t n = 0; n < list.size(); ++n) track(list[n], {kNone, d.a[1] + k, n, c.latch, kNone});
  }
  touched_[c.exit.raw()] = touched_[c.body.raw()] = touched_[c.header.raw()] = 1;
}

}  // namespace

void rotate(Func& f, PassCtx& ctx) {
  ctx.scratch<Rotation>().run(f, ctx);
}

}  // namespace vitrine::opt
