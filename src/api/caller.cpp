#include <vitrine/caller.hpp>

#include <fmt/format.h>

#include "api/convert.hpp"

namespace vitrine {

using api::Access;

namespace {

abi::VMContext* context_of(CallerContext* guest) {
  // SAFETY: CallerContext is the public name of a VMContext, and never anything else.
  return reinterpret_cast<abi::VMContext*>(guest);
}
StoreImpl* store_of(CallerContext* guest) {
  return api::impl_of(context_of(guest)->store);
}

template <class T>
std::optional<T> find_export(const Caller& caller, std::string_view name) {
  auto found = caller.get(name);
  if (auto* handle = found ? std::get_if<T>(&*found) : nullptr) return *handle;
  return std::nullopt;
}

}  // namespace

Caller::Caller(CallerContext* guest) : Context(store_of(guest)), guest_(guest) {}

std::span<uint8_t> Caller::memory() const {
  runtime::Instance* instance = runtime::instance_of(context_of(guest_));
  if (!instance) return {};
  const auto memory = instance->module().main_memory();
  return memory ? instance->memory(*memory)->data() : std::span<uint8_t>();
}

std::optional<Extern> Caller::get(std::string_view name) const {
  runtime::Instance* instance = runtime::instance_of(context_of(guest_));
  if (!instance) return std::nullopt;
  auto found = instance->find_export(name);
  if (!found) return std::nullopt;
  return api::to_public(*impl_, *found);
}

std::optional<Func> Caller::func(std::string_view name) const {
  return find_export<Func>(*this, name);
}
std::optional<Memory> Caller::memory(std::string_view name) const {
  return find_export<Memory>(*this, name);
}
std::optional<Table> Caller::table(std::string_view name) const {
  return find_export<Table>(*this, name);
}
std::optional<Global> Caller::global(std::string_view name) const {
  return find_export<Global>(*this, name);
}

std::optional<Instance> Caller::instance() const {
  runtime::Instance* instance = runtime::instance_of(context_of(guest_));
  if (!instance) return std::nullopt;
  return Access::make<Instance>(impl_->handle(instance));
}

int32_t Caller::raise(Error error) const {
  return detail::raise(guest_, std::move(error));
}
int32_t Caller::raise(TrapCode code) const {
  impl_->raise(runtime::Failure::trap(static_cast<abi::TrapCode>(static_cast<uint8_t>(code) + 1)));
  return 1;
}

namespace detail {

int32_t raise(CallerContext* guest, Error error) {
  store_of(guest)->raise(runtime::Failure::of(std::move(error)));
  return 1;
}

int32_t carry_exception(CallerContext* guest) {
  store_of(guest)->carry_exception();
  return 1;
}

int32_t raise_wrong_data(CallerContext* guest, const std::type_info& wanted) {
  return raise(guest,
               Error(fmt::format("a host function takes a CallerOf<T>, and the store has no T: it is no StoreOf<T> "
                                 "(T is {} to the compiler)",
                                 wanted.name()),
                     ErrorKind::Host));
}

}  // namespace detail
}  // namespace vitrine
