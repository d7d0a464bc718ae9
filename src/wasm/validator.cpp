#include "wasm/validator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include "base/parallel.hpp"
#include "wasm/function_reader.hpp"
#include "wasm/names.hpp"

namespace vitrine::wasm {

namespace {

struct NoConsumer {
  void begin(uint32_t, const FuncType&, std::span<const LocalRun>) {}
  void op(const Operator&, const OperandInfo&) {}
  void finish() {}
};

/// Functions are handed out in chunks, because one may be only a few bytes.
constexpr uint32_t kChunk = 64;

}  // namespace

Result<> validate_function(const Module& module, const Features& features, uint32_t index) {
  NoConsumer consumer;
  return FunctionReader<NoConsumer>(module, features).read(index, consumer);
}

Result<> validate_module(const Module& module, const Features& features, WorkerPool* pool) {
  // Per rank of error (0: not merely invalid, 1: invalid), the first function that has one.
  struct Found {
    uint32_t function = UINT32_MAX;
    std::optional<Error> error;
  };
  Found found[2];
  std::mutex mutex;
  std::atomic<uint32_t> first_invalid = UINT32_MAX, first_other = UINT32_MAX;
  uint32_t defined = static_cast<uint32_t>(module.code.size());
  std::vector<std::unique_ptr<FunctionReader<NoConsumer>>> readers(workers_of(pool));
  parallel_for(pool, (defined + kChunk - 1) / kChunk, [&](size_t chunk, unsigned worker) {
    auto& reader = readers[worker];
    if (!reader) reader = std::make_unique<FunctionReader<NoConsumer>>(module, features);
    uint32_t begin = static_cast<uint32_t>(chunk) * kChunk;
    for (uint32_t i = begin; i < std::min(defined, begin + kChunk); ++i) {
      uint32_t function = module.imported_functions + i;
      if (function > first_other) return;
      // Behind an invalid function only malformed ones are of interest, which spares hostile input a message for each.
      NoConsumer consumer;
      auto result = function > first_invalid ? reader->decode_only(function) : reader->read(function, consumer);
      if (result) continue;
      std::lock_guard lock(mutex);
      bool invalid = result.error().kind() == ErrorKind::Invalid;
      auto& first = invalid ? first_invalid : first_other;
      first = std::min(first.load(), function);
      Found& slot = found[invalid];
      if (function >= slot.function) continue;
      slot.function = function;
      slot.error.emplace(std::move(result).error());
    }
  });
  for (Found& slot : found) {
    if (!slot.error) continue;
    std::string_view name = Names::read(module).function(slot.function);
    if (name.empty()) return std::unexpected(std::move(*slot.error));
    return std::unexpected(std::move(*slot.error).in(fmt::format("named \"{}\"", name)));
  }
  return {};
}

}  // namespace vitrine::wasm
