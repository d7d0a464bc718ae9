#include "runtime/store/externrefs.hpp"

#include <atomic>

namespace vitrine::runtime {

ExternRefs::~ExternRefs() {
  for (Object* object : objects_) {
    if (object) object->release();
  }
}

Result<> ExternRefs::add(Object* object) {
  if (free_.empty()) {
    if (objects_.size() >= UINT32_MAX - 1) {
      object->release();
      return fail("more than 2^32 - 2 extern references in one store", ErrorKind::Limit);
    }
    object->index = static_cast<uint32_t>(objects_.size());
    objects_.push_back(object);
  } else {
    object->index = free_.back();
    free_.pop_back();
    objects_[object->index] = object;
  }
  ++count_;
  return {};
}

void ExternRefs::begin_marking() {
  marked_.assign(objects_.size(), false);
}

size_t ExternRefs::sweep(size_t looked_at) {
  std::vector<Object*> dead;
  for (uint32_t i = 0; i < objects_.size(); ++i) {
    Object*& object = objects_[i];
    // The last holder is the list's: new ones come from there only, or from another holder.
    if (!object || marked_[i] || object->holders.load(std::memory_order_acquire) > 1) continue;
    dead.push_back(std::exchange(object, nullptr));
    free_.push_back(i);
  }
  count_ -= dead.size();
  // Paid for by what is added until the next one, whatever there is to look through.
  due_at_ = 2 * count_ + kFirstCollection + looked_at / 16;
  for (Object* object : dead) object->release();
  return dead.size();
}

}  // namespace vitrine::runtime
