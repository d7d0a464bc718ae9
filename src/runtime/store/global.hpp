// A global of a store.
#pragma once

#include "abi/vmcontext.hpp"
#include "wasm/types.hpp"

namespace vitrine::runtime {

class Store;

class Global {
 public:
  /// `type` in terms of the engine; `definition` is the slot in the context of the defining instance; null: of its own.
  Global(Store& store, const wasm::GlobalType& type, const abi::ValRaw& value, abi::VMGlobal* definition)
      : store_(store), type_(type), definition_(definition ? definition : &own_) {
    *definition_ = value;
  }
  /// One that stands in the context already, with its value.
  Global(Store& store, const wasm::GlobalType& type, abi::VMGlobal* definition)
      : store_(store), type_(type), definition_(definition) {}
  Global(const Global&) = delete;
  Global& operator=(const Global&) = delete;

  Store& store() const { return store_; }
  const wasm::GlobalType& type() const { return type_; }
  abi::VMGlobal* definition() { return definition_; }
  const abi::ValRaw& get() const { return *definition_; }
  /// The value is of the global's type and the global mutable (the caller has checked that).
  void set(const abi::ValRaw& value) { *definition_ = value; }

 private:
  Store& store_;
  wasm::GlobalType type_;
  abi::VMGlobal own_{};
  abi::VMGlobal* definition_;
};

}  // namespace vitrine::runtime
