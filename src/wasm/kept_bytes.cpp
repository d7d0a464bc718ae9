#include "wasm/kept_bytes.hpp"

#include <algorithm>

#include "base/casts.hpp"

namespace vitrine::wasm {

namespace {

class Mover {
 public:
  Mover(std::span<const uint8_t> copy, const KeptBytes& kept) : copy_(copy), runs_(kept.runs) {}

  /// Where the copy has `bytes`; none if it does not. Bytes may be none: they stand in the run that they end.
  std::optional<std::span<const uint8_t>> find(std::span<const uint8_t> bytes) const {
    auto after = std::ranges::upper_bound(runs_, bytes.data(), {}, [](const auto& run) { return run.from.data(); });
    if (after == runs_.begin()) return std::nullopt;
    const auto& [from, to] = *std::prev(after);
    const auto at = static_cast<size_t>(bytes.data() - from.data());
    if (at > from.size() || bytes.size() > from.size() - at) return std::nullopt;
    return copy_.subspan(to + at, bytes.size());
  }

  std::span<const uint8_t> move(std::span<const uint8_t> bytes) const {
    return find(bytes).value_or(std::span<const uint8_t>());
  }
  std::string_view move(std::string_view name) const { return text_of(move(bytes_of(name))); }

 private:
  std::span<const uint8_t> copy_;
  std::span<const KeptBytes::Run> runs_;
};

}  // namespace

void move_to_copy(Module& module, std::span<const uint8_t> copy, const KeptBytes& kept) {
  const Mover mover(copy, kept);
  for (Import& import : module.imports) {
    import.module = mover.move(import.module);
    import.name = mover.move(import.name);
  }
  for (Export& e : module.exports) e.name = mover.move(e.name);
  for (DataSegment& segment : module.datas) segment.bytes = mover.move(segment.bytes);
  std::ranges::fill(module.code, CodeBody());
  std::erase_if(module.customs, [&](CustomSection& section) {
    auto bytes = mover.find(section.bytes);
    if (!bytes) return true;
    section.name = mover.move(section.name);
    section.bytes = *bytes;
    section.offset = static_cast<uint32_t>(bytes->data() - copy.data());
    return false;
  });
  module.bytes = copy;
}

}  // namespace vitrine::wasm
