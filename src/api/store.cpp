#include <vitrine/store.hpp>

#include "api/impl.hpp"

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
