#include "compiler/x64/emit_asm.hpp"

#include <cstdio>
#include <cstdlib>

#include <algorithm>
#include <cstring>

// AsmJit's own helpers for debugging write to `stderr` from code that is not position-independent, so a shared library
// cannot hold them. These take their place: the linker finds them first and leaves AsmJit's where they are.
ASMJIT_BEGIN_NAMESPACE
namespace DebugUtils {
const char* errorAsString(Error) noexcept {
  return "";
}
void debugOutput(const char*) noexcept {}
void assertionFailed(const char* file, int line, const char* what) noexcept {
  std::fprintf(stderr, "vitrine: internal error: %s:%d: %s\n", file, line, what);
  std::abort();
}
}  // namespace DebugUtils
ASMJIT_END_NAMESPACE

namespace vitrine::x64 {

void Asm::not_encodable(asmjit::InstId id, std::span<const asmjit::Operand> ops) {
  asmjit::String text;
  asmjit::InstAPI::instIdToString(asmjit::Arch::kX64, id, text);
  for (const asmjit::Operand& op : ops) {
    text.append(' ');
    asmjit::Formatter::formatOperand(text, asmjit::FormatFlags::kNone, nullptr, asmjit::Arch::kX64, op);
  }
  std::fprintf(stderr, "vitrine: internal error: no encoding: %s\n", text.data());
  std::abort();
}

Asm::Asm() {
  asmjit::Environment env(asmjit::Arch::kX64);
  VITRINE_ASSERT(code_.init(env) == asmjit::kErrorOk);
  VITRINE_ASSERT(code_.attach(&a_) == asmjit::kErrorOk);
}

void Asm::reset(uint32_t labels, unsigned rounds) {
  VITRINE_ASSERT(a_.setOffset(0) == asmjit::kErrorOk);
  labels_.assign(labels, {~0u, 0});
  events_.clear();
  const_refs_.clear();
  label_refs_.clear();
  symbol_refs_.clear();
  traps_.clear();
  handlers_.clear();
  addresses_.clear();
  table_labels_.clear();
  first_const_ = 0;
  srcloc_ = ~0u;
  rounds_ = rounds;
}

void Asm::reserve_tables(uint32_t count) {
  for (uint32_t n = 0; n < count; ++n) table_labels_.push_back(make_label());
}

void Asm::enlarge_word(uint32_t at, int32_t by) {
  int32_t value;
  std::memcpy(&value, a_.bufferData() + at, 4);
  value += value < 0 ? -by : by;
  std::memcpy(a_.bufferData() + at, &value, 4);
}

size_t Asm::memory() const {
  auto bytes = [](const auto&... lists) { return ((lists.size() * sizeof(lists[0])) + ...); };
  return 2 * a_.offset() + bytes(events_, labels_, table_labels_, const_refs_, label_refs_) +
         events_.size() * (sizeof(delta_[0]) + sizeof(saved_[0])) +
         2 * bytes(symbol_refs_, traps_, handlers_, addresses_);
}

void Asm::append(uint64_t bytes, unsigned count) {
  static_assert(plain::kRoom >= sizeof bytes);
  if (has_room()) [[likely]] {
    std::memcpy(a_._bufferPtr, &bytes, sizeof bytes);
    a_._bufferPtr += count;
  } else {
    say_where_it_ends();
    VITRINE_ASSERT(a_.embed(&bytes, count) == asmjit::kErrorOk);
  }
}

void Asm::jump(Label to, uint8_t kind) {
  events_.push_back({static_cast<uint32_t>(a_.offset()), kind, 0, to});
  const bool is_jmp = kind == Event::kJmp;
  append(is_jmp ? 0xe9 : 0x800f + (uint64_t{kind} << 8), is_jmp ? 5 : 6);
}

void Asm::symbol_ref(uint8_t opcode, uint32_t symbol) {
  append(opcode, 5);
  symbol_refs_.push_back({{static_cast<uint32_t>(a_.offset()) - 4, here().event}, symbol, abi::RelocKind::Call});
}

void Asm::lea_symbol(x86::Gp r, uint32_t symbol) {
  e(Inst::kIdLea, r, x86::ptr(x86::rip, 0));
  symbol_refs_.push_back({{static_cast<uint32_t>(a_.offset()) - 4, here().event}, symbol, abi::RelocKind::Address});
}

void Asm::lea_label(x86::Gp r, Label l) {
  e(Inst::kIdLea, r, x86::ptr(x86::rip, 0));
  label_refs_.push_back({{static_cast<uint32_t>(a_.offset()) - 4, here().event}, l});
}

// Short where it surely reaches. Distances are those with all jumps long, less what was already shortened in between,
// plus the most that padding in between can take: they only shrink, so a choice never has to be taken back.
void Asm::choose_short() {
  const size_t n = events_.size();
  saved_.assign(n + 1, 0);  // prefix sums: bytes saved by events before; padding counts as negative (modulo 2^32)
  for (unsigned round = 0; round < rounds_; ++round) {
    for (size_t i = 0; i < n; ++i) {
      const Event& ev = events_[i];
      uint32_t gain = ev.kind == Event::kAlign ? -15u : ev.is_short ? ev.long_size() - 2 : 0;
      saved_[i + 1] = saved_[i] + gain;
    }
    bool changed = false;
    for (size_t i = 0; i < n; ++i) {
      Event& ev = events_[i];
      if (ev.kind == Event::kAlign || ev.is_short) continue;
      const Place to = labels_[ev.target];
      VITRINE_ASSERT(to.offset != ~0u);
      int64_t distance;
      if (to.event > i)
        distance =
            int64_t{to.offset} - (ev.offset + ev.long_size()) - static_cast<int32_t>(saved_[to.event] - saved_[i + 1]);
      else  // back to before this jump; its own short form counts
        distance = int64_t{ev.offset} + 2 - to.offset - static_cast<int32_t>(saved_[i] - saved_[to.event]);
      if (to.event > i ? distance <= 127 : distance <= 128) {
        ev.is_short = 1;
        changed = true;
      }
    }
    if (!changed) break;
  }
}

uint32_t Asm::finish(std::span<const mach::PoolConst> consts, std::span<const std::vector<uint32_t>> tables,
                     abi::CodeUnit& out, std::vector<abi::AddressEntry>& places) {
  out.clear();
  choose_short();
  const size_t n = events_.size();
  const uint8_t* from = a_.bufferData();
  const auto encoded = static_cast<uint32_t>(a_.offset());
  delta_.resize(n + 1);
  int32_t delta = 0;
  for (size_t i = 0; i < n; ++i) {
    const Event& ev = events_[i];
    delta_[i] = delta;
    if (ev.kind == Event::kAlign)
      delta += static_cast<int32_t>(-(ev.offset + static_cast<uint32_t>(delta)) & 15);
    else if (ev.is_short)
      delta -= static_cast<int32_t>(ev.long_size() - 2);
  }
  delta_[n] = delta;
  const uint32_t code_size = encoded + static_cast<uint32_t>(delta);

  // The read-only tail: widest constants first, then jump tables.
  uint32_t tail = code_size;
  const_offsets_.resize(consts.size());
  if (!consts.empty()) {
    for (uint8_t bytes : {uint8_t{16}, uint8_t{8}, uint8_t{4}}) {
      for (size_t c = 0; c < consts.size(); ++c) {
        if (consts[c].bytes != bytes) continue;
        tail = (tail + bytes - 1) & ~(uint32_t{bytes} - 1);
        const_offsets_[c] = tail;
        tail += bytes;
      }
    }
  }
  uint32_t table_start = (tail + 3) & ~3u;
  const auto table_count = static_cast<uint32_t>(table_labels_.size());
  if (table_count) tail = table_start;
  for (uint32_t t = 0; t < table_count; ++t) tail += static_cast<uint32_t>(tables[t].size()) * 4;

  out.text.resize(tail);
  uint8_t* to = out.text.data();
  auto patch = [&](uint32_t at, uint32_t value) { std::memcpy(to + at, &value, 4); };

  uint32_t position = 0;
  for (size_t i = 0; i < n; ++i) {
    const Event& ev = events_[i];
    const uint32_t place_to = ev.offset + static_cast<uint32_t>(delta_[i]);
    std::memcpy(to + position + delta_[i], from + position, ev.offset - position);
    position = ev.offset + ev.long_size();
    if (ev.kind == Event::kAlign) {
      // Multi-byte nops, the longest first.
      static constexpr uint8_t kNops[10][9] = {{},
                                               {0x90},
                                               {0x66, 0x90},
                                               {0x0f, 0x1f, 0x00},
                                               {0x0f, 0x1f, 0x40, 0x00},
                                               {0x0f, 0x1f, 0x44, 0x00, 0x00},
                                               {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
                                               {0x0f, 0x1f, 0x80, 0, 0, 0, 0},
                                               {0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0},
                                               {0x66, 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0}};
      auto padding = static_cast<uint32_t>(delta_[i + 1] - delta_[i]);
      for (uint32_t at = place_to; padding;) {
        uint32_t step = std::min(padding, 9u);
        std::memcpy(to + at, kNops[step], step);
        at += step;
        padding -= step;
      }
      continue;
    }
    const uint32_t target = place(labels_[ev.target]);
    if (ev.is_short) {
      const auto distance = static_cast<int32_t>(target - (place_to + 2));
      VITRINE_ASSERT(distance >= -128 && distance <= 127);
      to[place_to] = ev.kind == Event::kJmp ? 0xeb : static_cast<uint8_t>(0x70 + ev.kind);
      to[place_to + 1] = static_cast<uint8_t>(distance);
    } else {
      std::memcpy(to + place_to, from + ev.offset, ev.long_size());
      patch(place_to + ev.long_size() - 4, target - (place_to + ev.long_size()));
    }
  }
  std::memcpy(to + position + delta, from + position, encoded - position);
  // What lies between code and constants is never executed; it is zero.
  std::memset(to + code_size, 0, tail - code_size);

  for (size_t c = 0; c < consts.size(); ++c) {
    std::memcpy(to + const_offsets_[c], &consts[c].lo, std::min<size_t>(consts[c].bytes, 8));
    if (consts[c].bytes == 16) std::memcpy(to + const_offsets_[c] + 8, &consts[c].hi, 8);
  }
  for (const ConstRef& r : const_refs_) {
    uint32_t at = place(r.at);
    patch(at, const_offsets_[r.constant] - (at + 4 + r.trailing));
  }
  uint32_t table_at = table_start;
  for (uint32_t t = 0; t < table_count; ++t) {
    labels_[table_labels_[t]] = {table_at - static_cast<uint32_t>(delta), static_cast<uint32_t>(n)};
    for (size_t k = 0; k < tables[t].size(); ++k)
      patch(table_at + static_cast<uint32_t>(k) * 4, place(labels_[tables[t][k]]) - table_at);
    table_at += static_cast<uint32_t>(tables[t].size()) * 4;
  }
  for (const LabelRef& r : label_refs_) {
    uint32_t at = place(r.at);
    patch(at, place(labels_[r.label]) - (at + 4));
  }
  for (const SymbolRef& r : symbol_refs_) out.relocs.push_back({place(r.at), r.symbol, -4, r.kind});
  for (const Trap& t : traps_) out.tables.traps.push_back({place(t.at), t.code});
  for (const Handler& h : handlers_) {
    abi::HandlerEntry entry{.offset = place(h.at), .landing = place(labels_[h.landing]), .payload = {}};
    std::memcpy(entry.payload, h.payload.data(), sizeof entry.payload);
    out.tables.handlers.push_back(entry);
  }
  places.clear();
  for (const Address& a : addresses_) {
    uint32_t at = place(a.at);
    // Of several for no code at all, the last one counts.
    if (!places.empty() && places.back().offset == at) places.pop_back();
    places.push_back({at, a.srcloc, 0});
  }
  return code_size;
}

}  // namespace vitrine::x64
