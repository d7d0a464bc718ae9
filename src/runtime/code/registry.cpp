#include "runtime/code/registry.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/code/compiled_module.hpp"

namespace vitrine::runtime {

namespace {

struct Entry {
  uintptr_t begin;
  uintptr_t end;
  const CompiledModule* module;
};
using Snapshot = std::vector<Entry>;  // by increasing address

// Never destroyed: a fault may come while the process is exiting.
struct Registry {
  std::mutex mutex;  // writers
  std::atomic<const Snapshot*> current{nullptr};
  std::atomic<uint32_t> readers{0};
  std::vector<const Snapshot*> retired;  // replaced, but a reader may still look into it
};
Registry& registry() {
  static auto* r = new Registry;
  return *r;
}

void replace(Registry& r, std::unique_ptr<Snapshot> next) {
  // SAFETY: a reader counts itself in before it loads `current`. Both sides are sequentially consistent: if no reader
  // is counted after the exchange, whoever comes later sees the new snapshot, and none can hold an old one.
  if (const Snapshot* old = r.current.exchange(next.release())) r.retired.push_back(old);
  if (r.readers.load() != 0) return;
  for (const Snapshot* old : r.retired) delete old;
  r.retired.clear();
}

}  // namespace

void register_code(const CompiledModule& module) {
  auto begin = reinterpret_cast<uintptr_t>(module.text().data());
  Registry& r = registry();
  std::lock_guard lock(r.mutex);
  const Snapshot* now = r.current.load();
  auto next = now ? std::make_unique<Snapshot>(*now) : std::make_unique<Snapshot>();
  Entry entry{begin, begin + module.text().size(), &module};
  next->insert(std::ranges::upper_bound(*next, begin, {}, &Entry::begin), entry);
  replace(r, std::move(next));
}

void unregister_code(const CompiledModule& module) {
  Registry& r = registry();
  std::lock_guard lock(r.mutex);
  auto next = std::make_unique<Snapshot>(*r.current.load());
  std::erase_if(*next, [&](const Entry& e) { return e.module == &module; });
  replace(r, std::move(next));
  // A reader that came before may still look into the module. None of them waits for anything, so this ends.
  while (r.readers.load() != 0) std::this_thread::yield();
}

CodeLookup::CodeLookup(uintptr_t pc) {
  Registry& r = registry();
  r.readers.fetch_add(1);
  const Snapshot* now = r.current.load();
  if (!now) return;
  auto after =
      std::upper_bound(now->begin(), now->end(), pc, [](uintptr_t at, const Entry& e) { return at < e.begin; });
  if (after == now->begin()) return;
  const Entry& entry = *std::prev(after);
  if (pc < entry.end) module_ = entry.module;
}

CodeLookup::~CodeLookup() {
  registry().readers.fetch_sub(1);
}

}  // namespace vitrine::runtime
