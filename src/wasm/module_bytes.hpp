// Modules put together byte by byte, for the tests of this folder.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace vitrine::wasm {

using Bytes = std::vector<uint8_t>;

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
inline Bytes leb(uint64_t v) {
  ByteWriter w;
  w.uleb(v);
  return w.take();
}
inline Bytes name_bytes(std::string_view text) {
  ByteWriter w;
  w.name(text);
  return w.take();
}
/// `count`, then the items one behind the other.
inline Bytes vec(std::initializer_list<Bytes> items) {
  Bytes all = leb(items.size());
  for (const Bytes& item : items) all = all + item;
  return all;
}
inline Bytes section(uint8_t id, const Bytes& content) {
  return Bytes{id} + leb(content.size()) + content;
}
inline Bytes header() {
  return {0, 'a', 's', 'm', 1, 0, 0, 0};
}
/// One body: local declarations and operators, without the size.
inline Bytes body(const Bytes& operators, const Bytes& locals = {0}) {
  Bytes content = locals + operators;
  return leb(content.size()) + content;
}
/// A module of one function of type `type` (0x60 ...) with the given body; `before_code` are sections 4 to 9 and 12.
inline Bytes one_function(const Bytes& type, const Bytes& operators, const Bytes& locals = {0},
                          const Bytes& before_code = {}) {
  return header() + section(1, vec({type})) + section(3, {1, 0}) + before_code +
         section(10, vec({body(operators, locals)}));
}

}  // namespace vitrine::wasm
