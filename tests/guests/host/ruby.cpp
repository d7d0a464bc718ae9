// A host for Ruby as a WebAssembly reactor: evaluates pieces of Ruby and prints what each answers.
//
//   ruby_host RUBY.WASM [-O LEVEL] [--dir HOST::GUEST] CODE...
//
// For each CODE a line `=> TEXT` (the result's to_s) or `!! MESSAGE (CLASS)`, with line ends as \n; the guest has
// standard error, but no standard output of its own to mix with these. The module exchanges values with its host by
// handles, as an early form of the canonical ABI has it: a handle is a number that the host makes for a Ruby VALUE and
// takes back; strings are pointer and length in the guest's memory. Of what the module imports, WASI and the two
// functions about handles are here; its JavaScript imports trap.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "host.hpp"

using namespace vitrine;
using host::die, host::take;

namespace {

/// Handles that the guest may hold: indices into a list of its VALUEs. Never reused; a test makes few.
class Handles {
 public:
  uint32_t insert(uint32_t value) {
    values_.push_back(value);
    return static_cast<uint32_t>(values_.size());
  }
  Result<uint32_t> get(uint32_t handle) const {
    if (handle == 0 || handle > values_.size())
      return fail("the guest used a handle that does not exist", ErrorKind::Host);
    return values_[handle - 1];
  }

 private:
  std::vector<uint32_t> values_;
};

class Ruby {
 public:
  explicit Ruby(Instance instance)
      : instance_(instance),
        realloc_(take(instance.typed<uint32_t(uint32_t, uint32_t, uint32_t, uint32_t)>("cabi_realloc"))),
        eval_(take(instance.typed<uint32_t(uint32_t, uint32_t)>(
            "rb-eval-string-protect: func(str: string) -> tuple<handle<rb-abi-value>, s32>"))),
        funcall_(take(instance.typed<uint32_t(uint32_t, uint32_t, uint32_t, uint32_t)>(
            "rb-funcallv-protect: func(recv: handle<rb-abi-value>, mid: u32, args: list<handle<rb-abi-value>>) -> "
            "tuple<handle<rb-abi-value>, s32>"))),
        string_(take(instance.typed<uint32_t(uint32_t)>("rstring-ptr: func(value: handle<rb-abi-value>) -> string"))),
        intern_(take(instance.typed<uint32_t(uint32_t, uint32_t)>("rb-intern: func(name: string) -> u32"))) {}

  void init(const std::vector<std::string>& args) {
    take(take(instance_.typed<void()>("_initialize"))());
    const uint32_t list = alloc(4, static_cast<uint32_t>(args.size() * 8));
    for (size_t i = 0; i < args.size(); ++i) {
      auto [pointer, length] = pass(args[i]);
      const uint32_t words[] = {pointer, length};
      take(memory().write(list + 8 * i, bytes_of(words)));
    }
    take(take(instance_.typed<void(uint32_t, uint32_t)>("ruby-init: func(args: list<string>) -> ()"))(
        list, static_cast<uint32_t>(args.size())));
  }

  /// Evaluates, and prints what came of it.
  void eval(const std::string& code) {
    auto [pointer, length] = pass(code);
    Value value = result(take(eval_(pointer, length)));
    if (value.status == 0) {
      std::printf("=> %s\n", text(value.handle, "to_s").c_str());
    } else {
      uint32_t error = take(take(instance_.typed<uint32_t()>("rb-errinfo: func() -> handle<rb-abi-value>"))());
      take(take(instance_.typed<void()>("rb-clear-errinfo: func() -> ()"))());
      std::printf("!! %s (%s)\n", text(error, "message").c_str(), text(call(error, "class"), "to_s").c_str());
    }
    std::fflush(stdout);
  }

 private:
  struct Value {
    uint32_t handle;
    int32_t status;
  };
  struct Text {
    uint32_t pointer, length;
  };

  Memory memory() const { return take(instance_.memory("memory")); }
  static std::span<const uint8_t> bytes_of(std::span<const uint32_t> words) {
    return {reinterpret_cast<const uint8_t*>(words.data()), words.size_bytes()};
  }
  Value result(uint32_t pointer) const {
    uint32_t words[2];
    take(memory().read(pointer, {reinterpret_cast<uint8_t*>(words), sizeof words}));
    return {words[0], static_cast<int32_t>(words[1])};
  }
  uint32_t alloc(uint32_t align, uint32_t size) { return take(realloc_(0, 0, align, size)); }
  /// The string, zero-terminated, in the guest's memory.
  Text pass(const std::string& s) {
    const auto length = static_cast<uint32_t>(s.size() + 1);
    const uint32_t pointer = alloc(1, length);
    take(memory().write(pointer, {reinterpret_cast<const uint8_t*>(s.c_str()), length}));
    return {pointer, length};
  }
  uint32_t call(uint32_t receiver, const std::string& method) {
    auto [pointer, length] = pass(method);
    const uint32_t id = take(intern_(pointer, length));
    Value value = result(take(funcall_(receiver, id, alloc(4, 0), 0)));
    if (value.status != 0) die(Error("the method " + method + " failed", ErrorKind::Host));
    return value.handle;
  }
  std::string text(uint32_t receiver, const std::string& method) {
    const uint32_t pair = take(string_(call(receiver, method)));
    Value where = result(pair);
    std::string s(static_cast<size_t>(where.status), '\0');
    take(memory().read(where.handle, {reinterpret_cast<uint8_t*>(s.data()), s.size()}));
    take(take(instance_.typed<void(uint32_t)>("cabi_post_rstring-ptr"))(pair));
    std::string line;
    for (char c : s) c == '\n' ? line.append("\\n") : line.append(1, c);
    return line;
  }

  Instance instance_;
  TypedFunc<uint32_t(uint32_t, uint32_t, uint32_t, uint32_t)> realloc_;
  TypedFunc<uint32_t(uint32_t, uint32_t)> eval_;
  TypedFunc<uint32_t(uint32_t, uint32_t, uint32_t, uint32_t)> funcall_;
  TypedFunc<uint32_t(uint32_t)> string_;
  TypedFunc<uint32_t(uint32_t, uint32_t)> intern_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: ruby_host RUBY.WASM [-O LEVEL] [--dir HOST::GUEST] CODE...\n");
    return 2;
  }
  Config config;
  WasiConfig wasi;
  wasi.args = {"ruby"};
  wasi.err = WasiStream::inherited(2);
  int next = 2;
  for (; next + 1 < argc; next += 2) {
    const std::string option = argv[next], value = argv[next + 1];
    if (option == "-O") {
      config.opt_level(static_cast<uint8_t>(std::atoi(value.c_str())));
    } else if (option == "--dir") {
      const size_t split = value.find("::");
      wasi.directories.push_back({value.substr(0, split), value.substr(split + 2), WasiAccess::ReadWrite});
    } else {
      break;
    }
  }
  Engine engine = take(Engine::make(config));
  Module module = take(Module::compile(engine, host::read_file(argv[1])));
  Store store(engine);
  Linker linker(engine);
  take(Wasi::define(linker));
  take(take(Wasi::make(wasi)).attach(store));
  Handles handles;
  take(
      linker.func("canonical_abi", "resource_new_rb-abi-value", [&](uint32_t value) { return handles.insert(value); }));
  take(linker.func("canonical_abi", "resource_get_rb-abi-value", [&](uint32_t handle) { return handles.get(handle); }));
  take(linker.unknown_imports_trap(module));
  Ruby ruby(take(linker.instantiate(store, module)));
  ruby.init({"ruby.wasm", "-EUTF-8", "-e_=0"});
  for (; next < argc; ++next) ruby.eval(argv[next]);
}
