#include <vitrine/store.hpp>

#include "api/impl.hpp"
#include "base/result.hpp"
#include "runtime/entry/stack.hpp"

namespace vitrine {

Store::Store(const Engine& engine) : impl_(std::make_unique<StoreImpl>(engine)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

const Engine& Store::engine() const {
  return impl_->api_engine;
}

void Store::limits(const StoreLimits& limits) {
  impl_->set_limits({.memory_bytes = limits.memory_bytes,
                     .table_elements = limits.table_elements,
                     .instances = limits.instances,
                     .memories = limits.memories,
                     .tables = limits.tables,
                     .trap_on_grow_failure = limits.trap_on_grow_failure});
}

namespace {

Result<void> check_fuel(const StoreImpl& store) {
  if (!store.api_engine.config().consume_fuel())
    return fail("fuel is not counted: make the engine with Config::consume_fuel");
  return {};
}

}  // namespace

Result<void> Store::set_fuel(uint64_t fuel) {
  if (auto ok = check_fuel(*impl_); !ok) return ok;
  impl_->set_fuel(fuel);
  return {};
}

Result<uint64_t> Store::fuel() const {
  if (auto ok = check_fuel(*impl_); !ok) return std::unexpected(std::move(ok).error());
  return impl_->fuel();
}

void Store::set_epoch_deadline(uint64_t ticks) {
  impl_->set_epoch_deadline(ticks);
}

void Store::epoch_callback(std::function<EpochDecision()> callback) {
  impl_->set_epoch_callback([callback = std::move(callback)](runtime::Store&) -> Result<runtime::EpochDecision> {
    const auto ticks = callback().extend_by;
    return ticks ? runtime::EpochDecision::go_on(*ticks) : runtime::EpochDecision::stop();
  });
}

void CancelHandle::cancel() const {
  static_cast<runtime::Cancellation*>(shared_.get())->cancel();
}
bool CancelHandle::cancelled() const {
  return static_cast<runtime::Cancellation*>(shared_.get())->is_cancelled();
}

CancelHandle Store::canceller() const {
  return CancelHandle(impl_->cancellation());
}
void Store::cancel() {
  impl_->cancellation()->cancel();
}
bool Store::cancelled() const {
  return impl_->is_cancelled();
}
void Store::on_cancel(std::function<void()> wake) {
  impl_->cancellation()->on_cancel(std::move(wake));
}

Result<void> Store::cancel_after(std::chrono::nanoseconds delay) {
  const bool added = impl_->engine().timer()->after(delay, [self = std::weak_ptr(impl_->cancellation())] {
    if (const auto cancellation = self.lock()) cancellation->cancel();
    return false;
  });
  if (!added) return fail("the system has no room for the timer's thread", ErrorKind::Io);
  return {};
}

Stack::Stack(void* low, size_t size) : low_(low), size_(size) {
  const auto address = reinterpret_cast<uintptr_t>(low);
  runtime::declare_stack({address, address + size});
}
Stack::~Stack() {
  const auto address = reinterpret_cast<uintptr_t>(low_);
  runtime::forget_stack({address, address + size_});
}

void Store::set_data(const void* key, std::shared_ptr<void> data) {
  for (auto& [k, value] : impl_->data) {
    if (k == key) {
      value = std::move(data);
      return;
    }
  }
  impl_->data.emplace_back(key, std::move(data));
}

void* Store::data(const void* key) const {
  for (auto& [k, value] : impl_->data) {
    if (k == key) return value.get();
  }
  return nullptr;
}

}  // namespace vitrine
