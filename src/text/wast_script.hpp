// Test scripts (.wast) as data: commands with their modules, actions and expected results.
//
// A module's text is not read here, only delimited: a module that does not parse fails its own command and no other.
// Spans are offsets into the script's text, which has to outlive the script.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::text {

struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;
};

// -- values

/// An argument of an action.
struct Const {
  enum class Kind : uint8_t {
    I32,
    I64,
    F32,
    F64,
    V128,
    RefNull,    // `heap_type`
    RefExtern,  // `number`: an externref that the host makes
    RefHost,    // `number`: an anyref that the host makes
    Other       // a component value, or a form not known here: see `span`
  };
  Kind kind = Kind::Other;
  uint64_t bits = 0;  // I32, I64, F32, F64
  std::array<uint8_t, 16> v128{};
  uint32_t number = 0;
  std::string heap_type;  // as written: `func`, `$t`, `(shared any)`
  Span span;
};

/// What a floating-point result may be, beyond a bit pattern.
enum class NanPattern : uint8_t {
  None,
  Canonical,  // either sign, payload just the quiet bit
  Arithmetic  // either sign, the quiet bit set, any payload
};

bool matches_f32(NanPattern nan, uint32_t expected, uint32_t actual);
bool matches_f64(NanPattern nan, uint64_t expected, uint64_t actual);

enum class Shape : uint8_t { I8x16, I16x8, I32x4, I64x2, F32x4, F64x2 };
inline constexpr std::string_view kShapeNames[] = {"i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2"};
constexpr std::string_view name_of(Shape shape) {
  return kShapeNames[static_cast<size_t>(shape)];
}
constexpr bool has_float_lanes(Shape shape) {
  return shape >= Shape::F32x4;
}
constexpr unsigned lane_bits(Shape shape) {
  constexpr unsigned kBits[] = {8, 16, 32, 64, 32, 64};
  return kBits[static_cast<size_t>(shape)];
}
constexpr unsigned lane_count(Shape shape) {
  return 128 / lane_bits(shape);
}

struct LanePattern {
  uint64_t bits = 0;
  NanPattern nan = NanPattern::None;
};

/// An expected result.
struct Pattern {
  enum class Kind : uint8_t {
    I32,
    I64,
    F32,
    F64,
    V128,       // `shape`, `lanes`
    RefNull,    // a null reference; of `heap_type` if that is not empty
    Ref,        // any reference that is not null
    RefFunc,    // a function; if there is a `number`, that of a module's function
    RefExtern,  // an externref; if there is a `number`, that one
    RefHost,    // an anyref made by the host, with `number`
    RefI31,
    RefEq,
    RefStruct,
    RefArray,
    RefExn,
    Either,  // one of `alternatives`
    Other    // a component value, or a form not known here: see `span`
  };
  Kind kind = Kind::Other;
  uint64_t bits = 0;
  NanPattern nan = NanPattern::None;
  Shape shape = Shape::I32x4;
  std::vector<LanePattern> lanes;
  std::optional<uint32_t> number;
  std::string heap_type;
  std::vector<Pattern> alternatives;
  Span span;

  /// For kinds I32 to F64: whether bits of the same type satisfy it.
  bool matches_bits(uint64_t actual) const;
  /// For kind V128; bytes are little-endian.
  bool matches_v128(std::span<const uint8_t, 16> actual) const;
};

// -- modules, actions, commands

struct ScriptModule {
  enum class Form : uint8_t {
    Text,      // `text` is its form, `(module ...)` or bare fields
    Binary,    // `bytes`
    Quote,     // `bytes` are text to be parsed as a module
    Instance,  // `(module instance $instance $definition)`: `name` and `definition`
    Component  // any of these forms of a component: `text` is the whole form
  };
  Form form = Form::Text;
  bool is_definition = false;  // defined, not instantiated
  std::string name;            // without `$`; empty if there is none
  std::string definition;      // of an instance; empty: the latest
  Span text;
  std::string bytes;
};

struct Action {
  enum class Kind : uint8_t { Invoke, Get };
  Kind kind = Kind::Invoke;
  std::string instance;  // without `$`; empty: the latest
  std::string name;
  std::vector<Const> args;
};

struct Command {
  enum class Kind : uint8_t {
    Module,     // `module`
    Component,  // `module`, with form Component
    Register,   // `name` is what to import it as, `instance` which (empty: the latest)
    Action,     // `action`
    AssertReturn,
    AssertTrap,  // `action` or `module`; the message is in `message`, as of the assertions below
    AssertExhaustion,
    AssertException,
    AssertSuspension,
    AssertInvalid,
    AssertMalformed,
    AssertUnlinkable,
    AssertUninstantiable,
    AssertInvalidCustom,
    AssertMalformedCustom,
    Thread,    // `name`, `shared`, `commands`
    Wait,      // `name`
    Malformed  // could not be read; `message` says why
  };
  Kind kind = Kind::Malformed;
  uint32_t line = 0;
  Span span;
  std::optional<ScriptModule> module;
  std::optional<Action> action;
  std::vector<Pattern> expected;
  std::string message;
  std::string name, instance;
  std::vector<std::string> shared;  // modules that a thread shares with its parent
  std::vector<Command> commands;
};

/// "assert_return" and the like; for an action "invoke" or "get" as the case may be is in the action.
std::string_view command_name(Command::Kind kind);
constexpr bool is_assertion(Command::Kind kind) {
  return kind >= Command::Kind::AssertReturn && kind <= Command::Kind::AssertMalformedCustom;
}

struct Script {
  std::string_view source;
  std::vector<Command> commands;
};

/// How many commands of each kind a script has; those inside threads count as well.
struct CommandCounts {
  std::array<uint32_t, static_cast<size_t>(Command::Kind::Malformed) + 1> by_kind{};
  uint32_t of(Command::Kind kind) const { return by_kind[static_cast<size_t>(kind)]; }
  uint32_t assertions() const;
  uint32_t commands() const;  // all but Malformed
};
CommandCounts count_commands(const Script& script);

}  // namespace vitrine::text
