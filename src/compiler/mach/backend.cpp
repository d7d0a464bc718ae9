#include "compiler/mach/backend.hpp"

namespace vitrine::mach {

void encode_sources(const ir::Func& func, std::span<abi::AddressEntry> places, abi::CodeUnit& out) {
  auto number = [](uint32_t site) { return site == ir::kNoSite ? 0 : site + 1; };
  for (const ir::InlineSite& s : func.inline_sites) {
    out.tables.inline_sites.push_back({number(s.parent), s.symbol, s.srcloc});
  }
  if (!func.inlined_locs.empty()) {
    for (abi::AddressEntry& a : places) {
      ir::InlinedLoc loc = func.location(a.srcloc);
      a.srcloc = loc.srcloc;
      a.inline_site = number(loc.site);
    }
  }
  abi::encode_addresses(places, out.tables.address_chunks, out.tables.address_bytes);
}

}  // namespace vitrine::mach
