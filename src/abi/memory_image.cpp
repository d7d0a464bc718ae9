#include "abi/memory_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "wasm/byte_reader.hpp"

namespace vitrine::abi {

namespace {

constexpr uint64_t kSparseBudget = 16ull << 20;  // bytes of a module's images that need not be dense

/// The value of an expression that depends on nothing but itself.
std::optional<uint64_t> constant_value(const wasm::Module& module, wasm::ConstExpr expr) {
  std::vector<uint64_t> stack;
  for (const wasm::ConstOp& op : module.ops(expr)) {
    auto binary = [&stack](auto compute) {
      uint64_t right = stack.back();
      stack.pop_back();
      stack.back() = compute(stack.back(), right);
    };
    switch (op.op) {
      case wasm::Op::I32Const:
      case wasm::Op::I64Const:
        stack.push_back(op.bits);
        break;
      case wasm::Op::I32Add:
        binary([](uint64_t a, uint64_t b) { return uint64_t{static_cast<uint32_t>(a + b)}; });
        break;
      case wasm::Op::I32Sub:
        binary([](uint64_t a, uint64_t b) { return uint64_t{static_cast<uint32_t>(a - b)}; });
        break;
      case wasm::Op::I32Mul:
        binary([](uint64_t a, uint64_t b) { return uint64_t{static_cast<uint32_t>(a * b)}; });
        break;
      case wasm::Op::I64Add:
        binary([](uint64_t a, uint64_t b) { return a + b; });
        break;
      case wasm::Op::I64Sub:
        binary([](uint64_t a, uint64_t b) { return a - b; });
        break;
      case wasm::Op::I64Mul:
        binary([](uint64_t a, uint64_t b) { return a * b; });
        break;
      default:
        return std::nullopt;
    }
  }
  if (stack.size() != 1) return std::nullopt;
  return stack.back();
}

uint64_t min_bytes(const wasm::MemoryType& type) {
  unsigned __int128 bytes = static_cast<unsigned __int128>(type.limits.min) << type.page_size_log2;
  return bytes > UINT64_MAX ? UINT64_MAX : static_cast<uint64_t>(bytes);
}

struct Extent {
  uint64_t low = UINT64_MAX;  // page-aligned
  uint64_t high = 0;
  uint64_t bytes = 0;  // in segments
  bool worth_it = false;

  uint64_t size() const { return high > low ? high - low : 0; }
};

}  // namespace

MemoryImagePlan plan_memory_images(const wasm::Module& module, uint64_t page_size) {
  MemoryImagePlan plan;
  plan.covered.resize(module.datas.size());
  std::vector<Extent> extents(module.memories.size());
  std::vector<uint64_t> offsets(module.datas.size());

  // Candidates: up to the first active segment of which it is not certain that it does not trap.
  size_t end = 0;
  for (; end < module.datas.size(); ++end) {
    const wasm::DataSegment& segment = module.datas[end];
    if (segment.mode != wasm::SegmentMode::Active) continue;
    std::optional<uint64_t> offset = constant_value(module, segment.offset);
    const wasm::MemoryType& type = module.memories[segment.memory];
    uint64_t limit = min_bytes(type);
    if (!offset || *offset > limit || segment.bytes.size() > limit - *offset) break;
    // An imported memory is at least that large, but its other contents are not ours to map.
    if (segment.memory < module.imported_memories) continue;
    if ((uint64_t{1} << type.page_size_log2) % page_size != 0) continue;
    plan.covered[end] = true;
    offsets[end] = *offset;
    if (segment.bytes.empty()) continue;
    Extent& extent = extents[segment.memory];
    extent.low = std::min(extent.low, *offset / page_size * page_size);
    const uint64_t past = *offset + segment.bytes.size();
    extent.high = std::max(extent.high, (past + page_size - 1) / page_size * page_size);
    extent.bytes += segment.bytes.size();
  }

  std::vector<uint64_t> place(module.memories.size());  // in `pages`
  uint64_t size = 0, sparse = 0;
  for (uint32_t m = 0; m < module.memories.size(); ++m) {
    Extent& extent = extents[m];
    if (extent.size() == 0) continue;
    bool dense = extent.bytes >= extent.size() / 2;
    if (!dense && extent.size() > kSparseBudget - sparse) continue;
    if (!dense) sparse += extent.size();
    extent.worth_it = true;
    place[m] = size;
    plan.images.push_back(
        {.memory = m, .reserved = 0, .guest_offset = extent.low, .size = extent.size(), .file_offset = size});
    size += extent.size();
  }
  plan.pages.resize(size);
  for (size_t i = 0; i < end; ++i) {
    if (!plan.covered[i]) continue;
    const wasm::DataSegment& segment = module.datas[i];
    const Extent& extent = extents[segment.memory];
    plan.covered[i] = extent.worth_it;
    if (!plan.covered[i] || segment.bytes.empty()) continue;
    std::memcpy(plan.pages.data() + place[segment.memory] + (offsets[i] - extent.low), segment.bytes.data(),
                segment.bytes.size());
  }
  return plan;
}

namespace {

/// Puts a stripped module together.
class Stripper {
 public:
  ByteWriter& between() { return between_; }
  void keep(std::span<const uint8_t> bytes) {
    kept_.runs.push_back({bytes, size()});
    kept_size_ += bytes.size();
  }
  void append(const StrippedModule& part) {
    for (const auto& [from, to] : part.kept.runs) kept_.runs.push_back({from, size() + to});
    kept_size_ += part.size - part.between.size();
    between_.append(part.between);
  }
  size_t size() const { return between_.size() + kept_size_; }
  StrippedModule take() {
    size_t all = size();
    return {std::move(kept_), between_.take(), all};
  }

 private:
  wasm::KeptBytes kept_;
  size_t kept_size_ = 0;
  ByteWriter between_;
};

/// The data section's contents with covered segments empty.
StrippedModule strip_data(const wasm::Module& module, std::span<const uint8_t> section,
                          const std::vector<bool>& covered) {
  Stripper out;
  ByteWriter& own = out.between();
  own.uleb(module.datas.size());
  wasm::ByteReader count(section);
  count.u32();
  const uint8_t* from = section.data() + count.offset();  // where the next segment begins
  for (size_t i = 0; i < module.datas.size(); ++i) {
    const wasm::DataSegment& segment = module.datas[i];
    const uint8_t* end = segment.bytes.data() + segment.bytes.size();
    if (!covered[i]) {
      out.keep({from, end});
    } else {
      if (segment.memory == 0) {
        own.u8(0);
      } else {
        own.u8(2);
        own.uleb(segment.memory);
      }
      uint64_t offset = *constant_value(module, segment.offset);
      if (module.memories[segment.memory].limits.is_64) {
        own.u8(0x42);  // i64.const
        own.sleb(static_cast<int64_t>(offset));
      } else {
        own.u8(0x41);  // i32.const
        own.sleb(static_cast<int32_t>(offset));
      }
      own.u8(0x0b);  // end
      own.uleb(0);
    }
    from = end;
  }
  return out.take();
}

}  // namespace

Result<StrippedModule> strip_module(const wasm::Module& module, const std::vector<bool>& covered) {
  constexpr uint8_t kCustom = 0, kCode = 10, kData = 11;
  size_t custom_bytes = 0;
  Stripper out;
  wasm::ByteReader reader(module.bytes);
  out.between().append(reader.bytes(8));
  while (reader.ok() && !reader.at_end()) {
    uint8_t id = reader.u8();
    auto contents = reader.bytes(reader.length());
    if (!reader.ok() || id == kCode) continue;
    if (id == kCustom && wasm::ByteReader(contents).name() != "name") {
      if (contents.size() > kMaxCustomBytes - custom_bytes) continue;
      custom_bytes += contents.size();
    }
    out.between().u8(id);
    if (id == kData && std::ranges::find(covered, true) != covered.end()) {
      StrippedModule data = strip_data(module, contents, covered);
      out.between().uleb(data.size);
      out.append(data);
    } else {
      out.between().uleb(contents.size());
      out.keep(contents);
    }
  }
  if (!reader.ok()) return std::unexpected(reader.take_error());
  return out.take();
}

void StrippedModule::write(std::span<uint8_t> to) const {
  VITRINE_ASSERT(to.size() == size);
  std::span<const uint8_t> rest = between;
  auto put = [&to](std::span<const uint8_t> bytes) {
    if (!bytes.empty()) std::memcpy(to.first(bytes.size()).data(), bytes.data(), bytes.size());
    to = to.subspan(bytes.size());
  };
  for (const auto& [from, start] : kept.runs) {
    const size_t gap = start - (size - to.size());
    put(rest.first(gap));
    rest = rest.subspan(gap);
    put(from);
  }
  put(rest);
}

}  // namespace vitrine::abi
