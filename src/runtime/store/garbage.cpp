// Which extern references a store's guests can still reach.
//
// Where no guest is active, whatever guests hold stands in tables and globals: the host's own references are counted.
// While one is active its frames may hold words that nothing describes, so then nothing is dropped.
#include "runtime/code/compiled_module.hpp"
#include "runtime/store/store.hpp"

namespace vitrine::runtime {

namespace {

bool holds_externs(wasm::ValType type) {
  return type.is_ref() && type.heap() == wasm::HeapType::Extern;
}

}  // namespace

size_t Store::collect_garbage() {
  if (vm_.activation) return 0;
  size_t looked_at = externrefs_.count();
  externrefs_.begin_marking();
  for (const Table& table : tables_) {
    if (!holds_externs(table.type().element)) continue;
    looked_at += table.size();
    for (uint64_t word : table.elements()) externrefs_.mark(word);
  }
  looked_at += globals_.size();
  for (Global& global : globals_) {
    if (holds_externs(global.type().type)) externrefs_.mark(global.get().ref);
  }
  for (const auto& instance : instances_) {
    const wasm::Module& m = instance->module().module();
    looked_at += m.globals.size();
    for (uint32_t i = m.imported_globals; i < m.globals.size(); ++i) {
      if (holds_externs(m.globals[i].type.type)) externrefs_.mark(instance->global_value(i).ref);
    }
  }
  return externrefs_.sweep(looked_at);
}

}  // namespace vitrine::runtime
