// A host for modules that emscripten made as libraries: calls exports as the lines of standard input say.
//
//   emscripten_host MODULE.WASM [-O LEVEL] [--memory EXPORT] [--malloc EXPORT] [--copy IMPORT] [--grow IMPORT] < LINES
//
//   NAME = bytes HEX           these bytes, in memory that the guest's malloc gave; NAME is where
//   NAME = zeros COUNT         the same of so many zeros
//   [NAME =] call EXPORT ARGUMENT...    a number, or a NAME; without a NAME for it, the result is printed
//   show NAME COUNT            prints so many bytes from there, in hexadecimal
//
// Names of exports and imports (by their second half) are options, because emscripten shortens them to letters: `copy`
// is its emscripten_memcpy_big, `grow` its emscripten_resize_heap. What else is imported traps; also WASI, whose
// functions emscripten declares with other types.
#include <algorithm>
#include <iostream>
#include <map>
#include <sstream>

#include "host.hpp"

using namespace vitrine;
using host::die, host::take;

namespace {

struct Options {
  uint8_t opt_level = 2;
  std::string memory = "memory", malloc = "malloc", copy = "emscripten_memcpy_big", grow = "emscripten_resize_heap";
};

[[noreturn]] void refuse(const std::string& why) {
  die(Error(why, ErrorKind::Host));
}

/// emscripten_memcpy_big(to, from, count): in some versions it answers `to`.
Result<> copy(Caller& caller, std::span<const Val> params, std::span<Val> results) {
  std::span<uint8_t> memory = caller.memory();
  const size_t to = static_cast<uint32_t>(params[0].i32()), from = static_cast<uint32_t>(params[1].i32());
  const size_t count = static_cast<uint32_t>(params[2].i32());
  if (std::max(to, from) + count > memory.size()) return fail("a copy that leaves the memory", ErrorKind::Host);
  std::copy_n(memory.begin() + static_cast<ptrdiff_t>(from), count, memory.begin() + static_cast<ptrdiff_t>(to));
  if (!results.empty()) results[0] = params[0];
  return {};
}

/// emscripten_resize_heap(bytes): whether it could.
Func::Dynamic grow(const std::string& name) {
  return [name](Caller& caller, std::span<const Val> params, std::span<Val> results) -> Result<> {
    std::optional<Memory> memory = caller.memory(name);
    if (!memory) return fail("the guest exports no memory " + name, ErrorKind::Host);
    const uint64_t wanted = (static_cast<uint32_t>(params[0].i32()) + 65535ull) / 65536, has = memory->size();
    results[0] = Val(static_cast<int32_t>(wanted <= has || memory->grow(wanted - has).has_value()));
    return {};
  };
}

class Guest {
 public:
  Guest(const Instance& instance, const Options& options)
      : instance_(instance),
        memory_(take(instance.memory(options.memory))),
        malloc_(take(instance.typed<uint32_t(uint32_t)>(options.malloc))) {}

  void obey(const std::string& line) {
    std::istringstream words(line);
    std::string verb, name, equals;
    words >> verb;
    if (line.find(" = ") != std::string::npos) {
      name = verb;
      words >> equals >> verb;
    }
    if (verb == "bytes") {
      std::string hex;
      words >> hex;
      names_[name] = place(bytes_of(hex));
    } else if (verb == "zeros") {
      size_t count = 0;
      words >> count;
      names_[name] = place(std::vector<uint8_t>(count));
    } else if (verb == "call") {
      call(name, words);
    } else if (verb == "show") {
      std::string what;
      size_t count = 0;
      words >> what >> count;
      std::vector<uint8_t> bytes(count);
      take(memory_.read(static_cast<uint32_t>(number(what)), bytes));
      for (uint8_t byte : bytes) std::printf("%02x", byte);
      std::printf("\n");
    } else {
      refuse("unknown line: " + line);
    }
  }

 private:
  static std::vector<uint8_t> bytes_of(const std::string& hex) {
    std::vector<uint8_t> bytes(hex.size() / 2);
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<uint8_t>(std::stoul(hex.substr(2 * i, 2), nullptr, 16));
    return bytes;
  }
  int64_t place(const std::vector<uint8_t>& bytes) {
    const uint32_t where = take(malloc_(static_cast<uint32_t>(bytes.size())));
    if (where == 0) refuse("the guest's malloc has no memory");
    take(memory_.write(where, bytes));
    return where;
  }
  int64_t number(const std::string& word) const {
    if (auto found = names_.find(word); found != names_.end()) return found->second;
    try {
      return std::stoll(word);
    } catch (const std::exception&) {
      refuse("neither a number nor a name: " + word);
    }
  }
  Val value(const std::string& word, ValKind kind) const {
    switch (kind) {
      case ValKind::I32:
        return Val(static_cast<int32_t>(number(word)));
      case ValKind::I64:
        return Val(number(word));
      case ValKind::F32:
        return Val(std::stof(word));
      case ValKind::F64:
        return Val(std::stod(word));
      default:
        refuse("a parameter that is no number");
    }
  }
  void call(const std::string& name, std::istringstream& words) {
    std::string what;
    words >> what;
    const Func func = take(instance_.func(what));
    const FuncType type = take(func.type());
    std::vector<Val> args;
    for (std::string word; words >> word;) {
      if (args.size() == type.params.size()) refuse(what + " takes fewer arguments");
      args.push_back(value(word, type.params[args.size()].kind()));
    }
    const std::vector<Val> results = take(func.call(args));
    if (results.empty()) return;
    if (name.empty()) {
      std::printf("%d\n", results[0].i32());
    } else {
      names_[name] = results[0].i32();
    }
  }

  Instance instance_;
  Memory memory_;
  TypedFunc<uint32_t(uint32_t)> malloc_;
  std::map<std::string, int64_t> names_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc % 2 != 0) {
    std::fprintf(stderr, "usage: emscripten_host MODULE.WASM [OPTION VALUE]... < LINES\n");
    return 2;
  }
  Options options;
  for (int i = 2; i < argc; i += 2) {
    const std::string option = argv[i], value = argv[i + 1];
    if (option == "-O")
      options.opt_level = static_cast<uint8_t>(std::stoi(value));
    else if (option == "--memory")
      options.memory = value;
    else if (option == "--malloc")
      options.malloc = value;
    else if (option == "--copy")
      options.copy = value;
    else if (option == "--grow")
      options.grow = value;
    else
      refuse("unknown option: " + option);
  }
  Config config;
  config.opt_level(options.opt_level);
  Engine engine = take(Engine::make(config));
  Module module = take(Module::compile(engine, host::read_file(argv[1])));
  Store store(engine);
  Linker linker(engine);
  for (const ImportType& import : module.imports()) {
    const auto* type = std::get_if<FuncType>(&import.type);
    if (type == nullptr) continue;
    if (import.name == options.copy) take(linker.func_dynamic(import.module, import.name, *type, copy));
    if (import.name == options.grow) take(linker.func_dynamic(import.module, import.name, *type, grow(options.memory)));
  }
  take(linker.unknown_imports_trap(module));
  Guest guest(take(linker.instantiate(store, module)), options);
  for (std::string line; std::getline(std::cin, line);) guest.obey(line);
}
