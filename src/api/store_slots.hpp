// The places of living stores: what makes handles safe to keep (vitrine/handle.hpp).
#pragma once

#include <vitrine/handle.hpp>

namespace vitrine::api {

/// A slot with an id that no store had before. Any thread, as is giving it back.
detail::StoreSlot* take_slot(StoreImpl* store);
/// From here on every handle of the store is dead.
void retire_slot(detail::StoreSlot* slot);

}  // namespace vitrine::api
