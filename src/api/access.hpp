// The one friend of the public classes: makes them, and answers what they stand for.
#pragma once

#include <vitrine/vitrine.hpp>

#include <utility>

namespace vitrine::detail {

struct Access {
  static const std::shared_ptr<EngineImpl>& impl(const Engine& engine) { return engine.impl_; }
  static const std::shared_ptr<ModuleImpl>& impl(const Module& module) { return module.impl_; }
  static const std::shared_ptr<const DefinedTypeImpl>& impl(const DefinedType& type) { return type.impl_; }
  static StoreImpl& impl(const Context& context) { return *context.impl_; }

  static Engine engine(std::shared_ptr<EngineImpl> impl) { return Engine(std::move(impl)); }
  static Module module(std::shared_ptr<ModuleImpl> impl) { return Module(std::move(impl)); }
  static DefinedType defined_type(std::shared_ptr<const DefinedTypeImpl> impl) { return DefinedType(std::move(impl)); }

  /// Handles of Func, Memory, Table, Global, Instance.
  template <class T>
  static const Handle& handle(const T& t) {
    return t.handle_;
  }
  template <class T>
  static T make(const Handle& handle) {
    return T(handle);
  }

  // -- references in values; the caller has looked at the kind

  static uint64_t func_store(const Val& v) { return v.owner_.store_id; }
  static ExternObject* extern_object(const Val& v) { return v.owner_.object; }
  static Val func_val(uint64_t store_id, uint64_t word) {
    Val v;
    v.kind_ = ValKind::FuncRef;
    v.raw_.ref = word;
    v.owner_.store_id = store_id;
    return v;
  }
  /// Of one number or vector, another; the caller has looked at both kinds.
  static void set_number(Val& v, ValKind kind, const RawVal& raw) {
    v.raw_ = raw;
    v.kind_ = kind;
  }
  /// Takes a holder over.
  static ExternRef extern_ref(ExternObject* object) { return ExternRef(object); }
};

/// A Context outside of a Store and a Caller: what callbacks are given.
class ContextOf : public Context {
 public:
  explicit ContextOf(StoreImpl* impl) : Context(impl) {}
};

}  // namespace vitrine::detail
