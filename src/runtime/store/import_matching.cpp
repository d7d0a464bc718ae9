#include "runtime/store/import_matching.hpp"

#include <fmt/format.h>

#include "runtime/code/compiled_module.hpp"
#include "runtime/store/store.hpp"
#include "runtime/types/type_words.hpp"

namespace vitrine::runtime {

using wasm::ExternKind;

namespace {

std::string words(const TypeRegistry& types, const wasm::TableType& type) {
  return table_in_words(type.limits, in_words(types, type.element));
}
std::string words(const TypeRegistry& types, const wasm::GlobalType& type) {
  return global_in_words(type.is_mutable, in_words(types, type.type));
}

bool limits_match(const wasm::Limits& found, uint64_t size, const wasm::Limits& expected) {
  if (found.is_64 != expected.is_64 || found.is_shared != expected.is_shared) return false;
  if (size < expected.min) return false;
  return !expected.max || (found.max && *found.max <= *expected.max);
}

wasm::TableType in_engine(const CompiledModule& module, wasm::TableType type) {
  type.element = TypeRegistry::canonical(type.element, module.type_ids());
  return type;
}
wasm::GlobalType in_engine(const CompiledModule& module, wasm::GlobalType type) {
  type.type = TypeRegistry::canonical(type.type, module.type_ids());
  return type;
}

bool belongs_to(Store& store, const Extern& value) {
  switch (value.kind) {
    case ExternKind::Func:
      return value.func->context->store == &store.vm();
    case ExternKind::Table:
      return &value.table->store() == &store;
    case ExternKind::Memory:
      return &value.memory->store() == &store;
    case ExternKind::Global:
      return &value.global->store() == &store;
    case ExternKind::Tag:
      break;
  }
  return false;
}

bool is_of_type(const CompiledModule& module, const wasm::Import& import, const Extern& found) {
  if (found.kind != import.kind) return false;
  const wasm::Module& m = module.module();
  const TypeRegistry& types = module.engine().types();
  switch (import.kind) {
    case ExternKind::Func:
      return types.is_subtype(found.func->type_id, module.type_id_of_function(import.index));
    case ExternKind::Table: {
      wasm::TableType expected = in_engine(module, m.tables[import.index].type);
      return found.table->type().element == expected.element &&
             limits_match(found.table->type().limits, found.table->size(), expected.limits);
    }
    case ExternKind::Memory: {
      const wasm::MemoryType& expected = m.memories[import.index];
      return found.memory->type().page_size_log2 == expected.page_size_log2 &&
             limits_match(found.memory->type().limits, found.memory->pages(), expected.limits);
    }
    case ExternKind::Global: {
      wasm::GlobalType expected = in_engine(module, m.globals[import.index].type);
      const wasm::GlobalType& type = found.global->type();
      if (type.is_mutable != expected.is_mutable) return false;
      return expected.is_mutable ? type.type == expected.type : types.matches(type.type, expected.type);
    }
    case ExternKind::Tag:
      break;
  }
  return false;
}

}  // namespace

std::string describe_import(const CompiledModule& module, uint32_t i) {
  const wasm::Module& m = module.module();
  const wasm::Import& import = m.imports[i];
  const TypeRegistry& types = module.engine().types();
  switch (import.kind) {
    case ExternKind::Func:
      return in_words(types, types.get(module.type_id_of_function(import.index)));
    case ExternKind::Table:
      return words(types, in_engine(module, m.tables[import.index].type));
    case ExternKind::Memory:
      return memory_in_words(m.memories[import.index]);
    case ExternKind::Global:
      return words(types, in_engine(module, m.globals[import.index].type));
    case ExternKind::Tag:
      break;
  }
  return "tag";
}

std::string describe(Store& store, const Extern& value) {
  const TypeRegistry& types = store.engine().types();
  switch (value.kind) {
    case ExternKind::Func:
      return in_words(types, types.get(value.func->type_id));
    case ExternKind::Table: {
      wasm::TableType type = value.table->type();
      type.limits.min = value.table->size();
      return words(types, type);
    }
    case ExternKind::Memory: {
      wasm::MemoryType type = value.memory->type();
      type.limits.min = value.memory->pages();
      return memory_in_words(type);
    }
    case ExternKind::Global:
      return words(types, value.global->type());
    case ExternKind::Tag:
      break;
  }
  return "tag";
}

Result<> match_imports(Store& store, const CompiledModule& module, std::span<const Extern> imports) {
  const auto& wanted = module.module().imports;
  if (imports.size() != wanted.size()) {
    return fail(fmt::format("the module has {} imports, {} were given", wanted.size(), imports.size()));
  }
  for (uint32_t i = 0; i < wanted.size(); ++i) {
    if (!belongs_to(store, imports[i])) {
      return fail(fmt::format("what was given for import `{}`.`{}` belongs to another store", wanted[i].module,
                              wanted[i].name));
    }
    if (!is_of_type(module, wanted[i], imports[i])) {
      return fail(fmt::format("incompatible import type for `{}`.`{}`: expected {}, found {}", wanted[i].module,
                              wanted[i].name, describe_import(module, i), describe(store, imports[i])),
                  ErrorKind::Link);
    }
  }
  return {};
}

}  // namespace vitrine::runtime
