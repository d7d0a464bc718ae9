// Damaged images: the loader of precompiled modules and the view of their code, without the checksum that refuses damage
// at once. An image belongs to the build that made it, so the bytes are damage done to one that is made here: four of
// offset and one of value, again and again; what is left over truncates it. What is loaded is not run: its code is
// trusted, as whoever can change it can make it do anything.
#include <vitrine/inspect.hpp>
#include <vitrine/module.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

using namespace vitrine;

namespace {

constexpr const char* kModule = R"((module $m
  (type $t (func (param i32) (result i32)))
  (import "host" "f" (func $f (type $t)))
  (memory (export "memory") 1 2) (table (export "table") 2 4 funcref) (global $g (export "g") (mut i64) (i64.const 7))
  (data (i32.const 8) "some text") (data $passive "more") (elem (i32.const 0) $f $h)
  (func $h (export "h") (type $t)
    (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 2))
    (global.set $g (i64.load (local.get 0)))
    (i32.div_s (call_indirect (type $t) (call $f (local.get 0)) (i32.const 1)) (local.get 0)))))";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Engine engine = *Engine::make(Config().verify_images(false).parallel_compilation(false));
  static const std::vector<uint8_t> whole = *Module::compile(engine, kModule)->serialize();
  std::vector<uint8_t> image = whole;
  std::span<const uint8_t> input(data, size);
  for (; input.size() >= 5; input = input.subspan(5)) {
    uint32_t offset = 0;
    std::memcpy(&offset, input.data(), 4);
    image[offset % image.size()] = input[4];
  }
  uint32_t cut = 0;
  std::memcpy(&cut, input.data(), std::min<size_t>(input.size(), 4));
  image.resize(image.size() - cut % image.size());
  if (auto module = Module::deserialize(engine, image)) {
    // What a host may ask of it.
    (void)module->imports();
    (void)module->exports();
    (void)module->name();
    (void)module->custom_sections("name");
    (void)CodeView::of(*module);
  }
  (void)CodeView::of_image(image);
  return 0;
}
