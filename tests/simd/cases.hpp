// Instructions with their immediates, operand values worth trying, and the modules that try them.
//
// A `Kit` is a module of many small functions of one type, each of which applies one instruction in one way ("both
// operands in locals", "the right one from memory") to a record of operands and leaves what came out in another record;
// the guest itself walks over records, so that a call from the host tries thousands of them.
#pragma once

#include <vitrine/vitrine.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model.hpp"

namespace vitrine::simd {

using wasm::Op;

/// An instruction and its immediate.
struct Operation {
  Op op;
  V128 lanes{};
  std::string name() const;  // "i8x16.extract_lane_s 3"
};

/// Every instruction on vectors with every lane immediate, without those that touch memory, v128.const and shuffle.
const std::vector<Operation>& operations();

/// Operands as they lie in memory: three vectors, a scalar.
struct Record {
  std::array<V128, 3> v{};
  uint64_t x = 0;
  uint64_t unused = 0;
};
static_assert(sizeof(Record) == 64);

/// What is worth being tried with an instruction: every pair of bytes for those on two vectors of them, every pair of
/// boundary values for others, and mixtures.
std::vector<Record> records_of(Op op);
/// `count` of them, spread evenly.
std::vector<Record> thinned(const std::vector<Record>& from, size_t count);
/// Boundary values of lanes, as bits.
const std::vector<uint64_t>& boundary_values(Shape shape);
V128 random_vector(Shape shape, uint64_t& state);
uint64_t next_random(uint64_t& state);

Operands operands_of(const Operation& operation, const Record& record);

/// How an operand is written.
enum class Form : uint8_t {
  Params,   // all in parameters
  Memory0,  // the first, second, third vector (or the scalar) is loaded from the record
  Memory1,
  Memory2,
  MemoryX,
  Same,        // the first vector for all of them
  Live,        // operands and the result are used afterwards
  Pressure,    // twenty other vectors are alive
  AcrossCall,  // operands come over a call, and so does the result
  kCount
};
const char* name_of(Form form);
/// Whether it makes a difference for this instruction.
bool applies(Form form, Op op);

/// One way to compile. Levels that the host does not have are left out, which is printed once.
struct Way {
  std::string name;
  Config config;
};
const std::vector<Way>& ways();

/// Text of one function of a kit: `body` may use the locals $a $b $c (v128), $x (i64), $in and $out (i32).
class Kit {
 public:
  /// Answers the number to call it by.
  uint32_t add(std::string name, std::string_view body, std::string_view locals = "");
  /// Applies `operation` to `operands` (text of expressions) and stores the result at $out.
  uint32_t add_operation(std::string name, const Operation& operation, const std::vector<std::string>& operands);
  uint32_t add_form(const Operation& operation, Form form);
  /// For module fields of another kind.
  void field(std::string_view text) { fields_ += text; }
  std::string text() const;
  size_t size() const { return names_.size(); }
  const std::string& name(uint32_t f) const { return names_[f]; }

 private:
  std::string functions_, fields_;
  std::vector<std::string> names_;
};

std::string written(const Operation& operation, const std::vector<std::string>& operands);
/// Stores a value of type `type` at $out + offset.
std::string store_result(char type, const std::string& value, unsigned offset = 0);
std::string const_text(const V128& v);
std::string scalar_const(char type, uint64_t bits);
/// The operand texts of `op`, taken from $a $b $c $x.
std::vector<std::string> param_texts(Op op);

struct Out {
  std::array<V128, 4> v;
};
static_assert(sizeof(Out) == 64);

/// How a call ended.
struct Ended {
  enum Kind : uint8_t { Well, OutOfBounds, Otherwise } kind = Well;
  std::string message;
};

/// A kit compiled and instantiated. With VITRINE_SIMD_V8 set it runs in node, which tells whether a test is wrong.
class Running {
 public:
  Running(const Kit& kit, const Config& config);
  ~Running();
  /// Where twenty vectors lie to press with, records, and results: on purpose at addresses that are no multiples of 16.
  static constexpr uint32_t kPressure = 64, kIn = 4096 + 3, kMemorySize = 16 * 65536, kOut = kMemorySize / 2 + 5;
  static constexpr size_t kMostRecords = (kMemorySize - kOut) / 64 - 2;

  /// Applies function `f` to all records. No trap is expected.
  std::vector<Out> drive(uint32_t f, std::span<const Record> records);
  /// Applies `f` to one record, where it reads memory operands at `at` in place of it.
  Ended once(uint32_t f, const Record& record, uint32_t at);
  Out out() const;                            // of `once`
  std::span<uint8_t, 64> tail() const;        // the last bytes of memory
  V128 pressure_sum() const { return sum_; }  // the vectors to press with, all of them exclusive-or

 private:
  struct Ours;
  struct V8;
  std::unique_ptr<Ours> ours_;
  std::unique_ptr<V8> v8_;
  V128 sum_{};
};
bool in_v8();

}  // namespace vitrine::simd
