#include "runtime/code/registry.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "base/assert.hpp"
#include "base/casts.hpp"
#include "runtime/code/compiled_module.hpp"

namespace vitrine::runtime {

// Never freed, so that a reader may count itself into one that has just been given up.
struct CodeSlot {
  std::atomic<const CompiledModule*> module{nullptr};
  std::atomic<uint32_t> readers{0};
  CodeSlot* next = nullptr;       // of all there are
  CodeSlot* next_free = nullptr;  // of those without a module
};

namespace {

constexpr unsigned kPageBits = 12, kLeafBits = 18, kAddressBits = 47;
constexpr uintptr_t kLeafSize = uintptr_t{1} << kLeafBits;

using Entry = std::atomic<CodeSlot*>;

// The directory is touched only where there is code, and so is a leaf, which is mapped as a whole. Constant-initialised
// and never destroyed: a fault may come before and after everything else. Leaves stay: code comes and goes in the same
// few.
constinit std::atomic<Entry*> directory[uintptr_t{1} << (kAddressBits - kPageBits - kLeafBits)] = {};

/// The entry for the page of `pc`; null if there is no leaf.
Entry* find_entry(uintptr_t pc) {
  if (pc >> kAddressBits) return nullptr;
  Entry* leaf = directory[pc >> (kPageBits + kLeafBits)].load(std::memory_order_acquire);
  return leaf ? &leaf[(pc >> kPageBits) % kLeafSize] : nullptr;
}

/// The same, making the leaf; null if the system has no room for it.
Entry* make_entry(uintptr_t pc) {
  if (Entry* entry = find_entry(pc)) return entry;
  VITRINE_ASSERT(pc >> kAddressBits == 0);
  constexpr size_t kBytes = kLeafSize * sizeof(Entry);
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  // SAFETY: zero bytes are null pointers, and an atomic of a pointer has its layout.
  static_assert(sizeof(Entry) == sizeof(void*) && Entry::is_always_lock_free);
  Entry* none = nullptr;
  if (!directory[pc >> (kPageBits + kLeafBits)].compare_exchange_strong(none, static_cast<Entry*>(memory))) {
    munmap(memory, kBytes);  // somebody else was faster
  }
  return find_entry(pc);
}

// Writers only.
constinit std::mutex slots_mutex;
constinit CodeSlot* all_slots = nullptr;
constinit CodeSlot* free_slots = nullptr;

CodeSlot& take_slot() {
  std::lock_guard lock(slots_mutex);
  if (CodeSlot* slot = free_slots) {
    free_slots = slot->next_free;
    return *slot;
  }
  auto* slot = new CodeSlot;
  slot->next = all_slots;
  all_slots = slot;
  return *slot;
}

void give_back(CodeSlot& slot) {
  std::lock_guard lock(slots_mutex);
  slot.next_free = free_slots;
  free_slots = &slot;
}

/// A child of fork has only the thread that called it, which was in no lookup: what others had counted is nobody's.
void forget_readers() {
  for (CodeSlot* slot = all_slots; slot; slot = slot->next) slot->readers.store(0);
}

constexpr uintptr_t kPage = uintptr_t{1} << kPageBits;

/// Calls `f` with an address in each page of the module's text, until it answers false.
template <class F>
bool each_page(const CompiledModule& module, F&& f) {
  const auto begin = address_of(module.text().data());
  for (uintptr_t at = begin & ~(kPage - 1); at < begin + module.text().size(); at += kPage) {
    if (!f(at)) return false;
  }
  return true;
}

}  // namespace

bool register_code(const CompiledModule& module) {
  static const int at_fork = pthread_atfork([] { slots_mutex.lock(); }, [] { slots_mutex.unlock(); },
                                            [] {
                                              forget_readers();
                                              slots_mutex.unlock();
                                            });
  (void)at_fork;
  if (module.text().empty()) return true;
  if (!each_page(module, [](uintptr_t at) { return make_entry(at) != nullptr; })) return false;
  CodeSlot& slot = take_slot();
  slot.module.store(&module);
  return each_page(module, [&](uintptr_t at) {
    find_entry(at)->store(&slot);
    return true;
  });
}

void unregister_code(const CompiledModule& module) {
  CodeSlot* slot = nullptr;
  each_page(module, [&](uintptr_t at) {
    slot = find_entry(at)->exchange(nullptr);
    return true;
  });
  if (!slot) return;  // no text
  slot->module.store(nullptr);
  // SAFETY: a reader counts itself in before it loads `module`, and both sides are sequentially consistent: whoever is
  // not counted now finds null. Only readers of this very module are waited for, and none of them waits for anything.
  while (slot->readers.load() != 0) std::this_thread::yield();
  give_back(*slot);
}

CodeLookup::CodeLookup(uintptr_t pc) {
  const Entry* entry = find_entry(pc);
  CodeSlot* slot = entry ? entry->load() : nullptr;
  if (!slot) return;
  slot->readers.fetch_add(1);
  slot_ = slot;
  // The slot may have gone to another module meanwhile: its own code says which it has.
  const CompiledModule* module = slot->module.load();
  if (module && module->contains(pc)) module_ = module;
}

CodeLookup::~CodeLookup() {
  if (slot_) slot_->readers.fetch_sub(1);
}

}  // namespace vitrine::runtime
