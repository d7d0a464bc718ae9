#include <vitrine/store.hpp>

#include "api/convert.hpp"
#include "base/casts.hpp"
#include "base/result.hpp"
#include "runtime/entry/call.hpp"
#include "runtime/entry/stack.hpp"

namespace vitrine {

using api::Access;

Store::Store(const Engine& engine) : Context(new StoreImpl(engine)) {}
Store::~Store() {
  delete impl_;
}
Store::Store(Store&& other) noexcept : Context(std::exchange(other.impl_, nullptr)) {}
Store& Store::operator=(Store&& other) noexcept {
  if (this != &other) delete std::exchange(impl_, std::exchange(other.impl_, nullptr));
  return *this;
}

const Engine& Context::engine() const {
  return impl_->api_engine;
}

void Context::limits(const StoreLimits& limits) const {
  impl_->set_limits(limits);
}

void Context::limiter(Limiter limiter) const {
  runtime::Limiter inner;
  if (limiter.may_grow) {
    inner.may_grow = [ask = std::move(limiter.may_grow), store = impl_](const Growth& growth) {
      return ask(detail::ContextOf(store), growth);
    };
  }
  if (limiter.grow_failed) {
    inner.grow_failed = [tell = std::move(limiter.grow_failed), store = impl_](const Growth& growth, const Error& why) {
      tell(detail::ContextOf(store), growth, why);
    };
  }
  impl_->set_limiter(std::move(inner));
}

namespace {

Result<> check_fuel(const StoreImpl& store) {
  if (!store.api_engine.config().consume_fuel())
    return fail("fuel is not counted: make the engine with Config::consume_fuel");
  return {};
}

}  // namespace

Result<> Context::set_fuel(uint64_t fuel) const {
  TRY(check_fuel(*impl_));
  impl_->set_fuel(fuel);
  return {};
}

Result<uint64_t> Context::fuel() const {
  TRY(check_fuel(*impl_));
  return impl_->fuel();
}

void Context::set_epoch_deadline(uint64_t ticks) const {
  impl_->set_epoch_deadline(ticks);
}

void Context::epoch_callback(EpochCallback callback) const {
  if (!callback) return impl_->set_epoch_callback({});
  impl_->set_epoch_callback([callback = std::move(callback)](runtime::Store& store) {
    return callback(detail::ContextOf(static_cast<StoreImpl*>(&store)));
  });
}

void Context::yield_hook(YieldHook hook) const {
  if (!hook) return impl_->set_yield_hook({});
  impl_->set_yield_hook([hook = std::move(hook)](runtime::Store& store) {
    return hook(detail::ContextOf(static_cast<StoreImpl*>(&store)));
  });
}

void CancelHandle::cancel() const {
  static_cast<runtime::Cancellation*>(shared_.get())->cancel();
}
bool CancelHandle::cancelled() const {
  return static_cast<runtime::Cancellation*>(shared_.get())->is_cancelled();
}

CancelHandle Context::canceller() const {
  return CancelHandle(impl_->cancellation());
}
void Context::cancel() const {
  impl_->cancellation()->cancel();
}
bool Context::cancelled() const {
  return impl_->is_cancelled();
}
CancelCallback Context::on_cancel(std::function<void()> wake) const {
  return CancelCallback(impl_->cancellation()->on_cancel(std::move(wake)));
}
Result<> Context::cancel_after(std::optional<std::chrono::nanoseconds> delay) const {
  if (impl_->cancellation()->cancel_after(delay)) return {};
  return fail("the system has no room for the timer's thread", ErrorKind::Io);
}

void Context::goes_on_here() const {
  runtime::go_on_here(*impl_);
}

Stack::Stack(void* low, size_t size) : low_(low), size_(size) {
  const auto address = address_of(low);
  runtime::declare_stack({address, address + size});
}
Stack::~Stack() {
  const auto address = address_of(low_);
  runtime::forget_stack({address, address + size_});
}

void Context::set_data(const void* key, std::shared_ptr<void> data) const {
  for (auto& [k, value] : impl_->data) {
    if (k == key) {
      value = std::move(data);
      return;
    }
  }
  impl_->data.emplace_back(key, std::move(data));
}

void* Context::data(const void* key) const {
  for (auto& [k, value] : impl_->data) {
    if (k == key) return value.get();
  }
  return nullptr;
}

size_t Context::collect_garbage() const {
  return impl_->collect_garbage();
}

std::shared_ptr<const Trap> Context::last_exception() const {
  return impl_->last_exception;
}

Result<RawVal> Context::to_raw(const Val& value) const {
  if (!value.is_ref()) return value.raw();
  RawVal raw{.v128 = {}};
  raw.ref = TRY(api::to_word(*impl_, value, TRY(api::to_wasm(impl_->engine(), value.kind()))));
  return raw;
}

Val Context::from_raw(ValKind kind, const RawVal& raw) const {
  if (kind <= ValKind::V128) return Val::from_raw(kind, raw);
  return api::to_ref_val(*impl_, kind, raw.ref);
}

}  // namespace vitrine
