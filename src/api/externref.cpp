#include <vitrine/externref.hpp>

#include "api/impl.hpp"
#include "base/assert.hpp"

namespace vitrine {

ExternRef ExternRef::make_any(const Context& context, std::shared_ptr<void> value, const std::type_info& type) {
  StoreImpl& store = api::Access::impl(context);
  if (store.externrefs().is_due()) store.collect_garbage();
  auto* object = new detail::ExternObject;
  object->store_id = store.id();
  object->value = std::move(value);
  object->type = &type;
  object->retain();
  // 2^32 of these would take 200 GB.
  auto added = store.externrefs().add(object);
  VITRINE_ASSERT(added.has_value());
  return ExternRef(object);
}

}  // namespace vitrine
