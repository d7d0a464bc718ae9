// A value of the host that guests can hold and hand round, but not look into.
//
//   auto file = ExternRef::make(store, File("x"));
//   auto results = open.call({file});
//   if (!results) return std::unexpected(std::move(results).error());
//   auto back = (*results)[0].externref();
//   File* f = back->get<File>();
//
// The value lives while the host holds an ExternRef (or a Val) of it, or a table, global or running guest of its store
// can reach it. The store looks for those that nobody can reach any more when many new ones were made and no guest is
// running, and when told to (Context::collect_garbage): over a long life there are at most about twice as many as were
// reachable at once, plus those made during one call into a guest.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "vitrine/export.hpp"

namespace vitrine {

class Context;

namespace detail {

struct Access;

/// What an extern reference stands for. Counted: one for the store while it may be reached from there, one for each
/// holder outside.
struct ExternObject {
  std::atomic<uint32_t> holders{1};
  uint32_t index = 0;     // in the store's list
  uint64_t store_id = 0;  // of the only store whose guests may hold it
  std::shared_ptr<void> value;
  const std::type_info* type = nullptr;

  void retain() { holders.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (holders.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};

}  // namespace detail

/// Cheap to copy (counted). May be dropped on any thread, and after its store: the value then goes with the last one.
/// What was moved from refers to nothing, and may only be copied, assigned to and dropped.
class VITRINE_API ExternRef {
 public:
  /// Gives `value` to the store's guests.
  template <class T>
  static ExternRef make(const Context& store, T value) {
    return share(store, std::make_shared<T>(std::move(value)));
  }
  /// The same of a value that is shared with the host. A `shared_ptr<void>` with a deleter does for a C pointer with
  /// its finalizer.
  template <class T>
  static ExternRef share(const Context& store, std::shared_ptr<T> value) {
    return make_any(store, std::const_pointer_cast<std::remove_const_t<T>>(std::move(value)), typeid(T));
  }

  ExternRef(const ExternRef& other) : object_(other.object_) {
    if (object_) object_->retain();
  }
  ExternRef(ExternRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  ExternRef& operator=(ExternRef other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~ExternRef() {
    if (object_) object_->release();
  }

  /// The value, or null if it is of another type than T. Lives as long as this reference.
  template <class T>
  T* get() const {
    return *object_->type == typeid(T) ? static_cast<T*>(object_->value.get()) : nullptr;
  }
  /// The value whatever it is.
  void* data() const { return object_->value.get(); }
  /// Whether both are the same reference, as a guest would see it.
  friend bool operator==(const ExternRef& a, const ExternRef& b) { return a.object_ == b.object_; }

 private:
  friend struct detail::Access;
  friend class Val;
  static ExternRef make_any(const Context& store, std::shared_ptr<void> value, const std::type_info& type);
  explicit ExternRef(detail::ExternObject* object) : object_(object) {}  // takes a holder over
  detail::ExternObject* object_;
};

}  // namespace vitrine
