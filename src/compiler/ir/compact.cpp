#include "compiler/ir/compact.hpp"

namespace vitrine::ir {

Func compact(const Func& func) {
  Func out;
  out.sig = func.sig;
  out.name = func.name;
  out.symbol = func.symbol;
  out.sigs = func.sigs;
  out.funcs = func.funcs;
  out.slots = func.slots;
  out.inline_sites = func.inline_sites;
  out.inlined_locs = func.inlined_locs;

  std::vector<Value> values(func.num_values());
  std::vector<Block> blocks(func.num_blocks());
  std::vector<Type> results;
  std::vector<std::pair<Inst, Inst>> copies;
  for (Block b : func.layout) {
    Block to = blocks[b.raw()] = out.make_block();
    out.place(to);
    out[to].cold = func[b].cold;
    for (Value p : func[b].params) values[p.raw()] = out.add_param(to, func.type_of(p));
    for (Inst i = func[b].first; i.valid(); i = func.next(i)) {
      results.clear();
      func.for_each_result(i, [&](Value v) { results.push_back(func.type_of(v)); });
      Inst copy = out.make_inst(func[i], results);
      for (uint32_t n = 0; n < results.size(); ++n) values[func.result(i, n).raw()] = out.result(copy, n);
      out.append(to, copy);
      copies.push_back({i, copy});
    }
  }
  // Operands, now that all values have their new names.
  auto list = [&](std::span<const Value> from) {
    uint32_t first = static_cast<uint32_t>(out.pool.size());
    for (Value v : from) out.pool.push_back(values[func.resolved(v).raw()]);
    return first;
  };
  for (auto [from, to] : copies) {
    auto args = func.args(from);
    if (has_arg_list(func[from].op))
      out[to].a[0] = list(args);
    else
      for (size_t n = 0; n < args.size(); ++n) out[to].a[n] = values[func.resolved(args[n]).raw()].raw();
    auto succs = func.succs(from);
    if (succs.empty()) continue;
    Func::set_succs(out[to], static_cast<uint32_t>(out.block_calls.size()), static_cast<uint32_t>(succs.size()));
    for (const BlockCall& c : succs) {
      uint32_t first = list(func.args(c));
      out.block_calls.push_back({blocks[c.target.raw()], first, c.arg_count});
    }
  }
  return out;
}

}  // namespace vitrine::ir
