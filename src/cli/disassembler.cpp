#include "cli/disassembler.hpp"

#include <capstone/capstone.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/assert.hpp"
#include "base/result.hpp"
#include "cli/vector_inst.hpp"

namespace vitrine::cli {

namespace {

/// Capstone, loaded when it is first needed: its tables hold more relocations than all else together, and `run` should
/// not spend its start on them.
struct Capstone {
  decltype(&::cs_open) open;
  decltype(&::cs_close) close;
  decltype(&::cs_malloc) malloc;
  decltype(&::cs_free) free;
  decltype(&::cs_disasm_iter) disasm_iter;
};

template <class F>
bool load(void* library, const char* name, F& function) {
  // SAFETY: `name` is that of a function whose declaration F was taken from.
  function = reinterpret_cast<F>(dlsym(library, name));
  return function != nullptr;
}

Result<Capstone> load_capstone() {
  void* library = dlopen("libcapstone.so.4", RTLD_NOW | RTLD_LOCAL);
  Capstone c{};
  if (!library || !load(library, "cs_open", c.open) || !load(library, "cs_close", c.close) ||
      !load(library, "cs_malloc", c.malloc) || !load(library, "cs_free", c.free) ||
      !load(library, "cs_disasm_iter", c.disasm_iter)) {
    const char* why = dlerror();
    return fail(
        fmt::format("the disassembler cannot be loaded: {}; install libcapstone4", why ? why : "unknown version"),
        ErrorKind::Io);
  }
  return c;
}

std::string as_bytes(std::span<const uint8_t> bytes) {
  return fmt::format(".byte {:#04x}", fmt::join(bytes, ", "));
}

}  // namespace

Result<std::vector<DisassembledInst>> disassemble(std::span<const uint8_t> code, uint64_t address) {
  static const Result<Capstone> loaded = load_capstone();
  if (!loaded) return fail(loaded.error().message(), loaded.error().kind());
  const Capstone& capstone = *loaded;
  csh handle = 0;
  VITRINE_ASSERT(capstone.open(CS_ARCH_X86, CS_MODE_64, &handle) == CS_ERR_OK);
  cs_insn* insn = capstone.malloc(handle);
  std::vector<DisassembledInst> all;
  const uint8_t* at = code.data();
  size_t left = code.size();
  uint64_t pc = address;
  while (left) {
    const uint8_t* begin = at;
    uint64_t begin_pc = pc;
    if (capstone.disasm_iter(handle, &at, &left, &pc, insn)) {
      std::string text = insn->op_str[0] ? fmt::format("{} {}", insn->mnemonic, insn->op_str) : insn->mnemonic;
      all.push_back({begin_pc, {begin, insn->size}, std::move(text)});
    } else {
      // Version 4 of Capstone knows AVX, but not half of AVX-512.
      VectorInst vector = read_vector_inst({begin, left});
      const size_t length = std::max<size_t>(1, vector.length);
      if (vector.text.empty()) vector.text = as_bytes({begin, length});
      all.push_back({begin_pc, {begin, length}, std::move(vector.text)});
      at = begin + length;
      left -= length;
      pc = begin_pc + length;
    }
  }
  capstone.free(insn, 1);
  capstone.close(&handle);
  return all;
}

}  // namespace vitrine::cli
