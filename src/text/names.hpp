// Which index a name stands for, within a scope.
//
// An open-addressing table: text may define millions of names. The hash is seeded per process, because the text is
// hostile and must not choose collisions. Clearing is O(1), so that one table serves the locals of every function in
// turn. The table does not own names: they are views into the text or into the cursor.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace vitrine::text {

class NameTable {
 public:
  static constexpr uint32_t kNone = 0xffff'ffff;

  /// What `name` stands for in `scope`, or kNone.
  uint32_t find(std::string_view name, uint32_t scope = 0) const;
  /// Gives it a meaning (kNone takes it away) and answers the one it had.
  uint32_t set(std::string_view name, uint32_t value, uint32_t scope = 0);
  void clear();

 private:
  struct Slot {
    std::string_view name;
    uint64_t hash = 0;
    uint32_t scope = 0;
    uint32_t value = kNone;
    uint32_t generation = 0;  // empty unless it is the table's
  };
  size_t slot_of(std::string_view name, uint32_t scope, uint64_t hash) const;
  void grow();

  std::vector<Slot> slots_;  // a power of two of them
  size_t used_ = 0;
  uint32_t generation_ = 1;
};

}  // namespace vitrine::text
