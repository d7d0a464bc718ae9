#include "cli/vector_inst.hpp"

#include <fmt/format.h>

#include <cstring>

namespace vitrine::cli {

namespace {

// What the ModRM byte and the prefix's own register are, in the order in which they are written. K is a mask register.
enum class Form : uint8_t { RegVexRm, RegRm, RmReg, VexRm, KVexRm, KRm, RegK };

struct Row {
  uint8_t map, prefix, w, opcode;  // prefix: 1 is 66, 2 is F3, 3 is F2
  int8_t digit;                    // in ModRM; -1: a register is there
  Form form;
  uint8_t narrower;  // an operand in memory has 1/2^narrower of a vector
  const char* name;
};

constexpr Row kRows[] = {
    {1, 0, 0, 0x78, -1, Form::RegRm, 0, "vcvttps2udq"},    {1, 0, 1, 0x5b, -1, Form::RegRm, 0, "vcvtqq2ps"},
    {1, 0, 1, 0x78, -1, Form::RegRm, 0, "vcvttpd2udq"},    {1, 1, 0, 0x72, 1, Form::VexRm, 0, "vprold"},
    {1, 1, 1, 0x72, 1, Form::VexRm, 0, "vprolq"},          {1, 1, 1, 0x72, 4, Form::VexRm, 0, "vpsraq"},
    {1, 1, 0, 0x78, -1, Form::RegRm, 1, "vcvttps2uqq"},    {1, 1, 1, 0x78, -1, Form::RegRm, 0, "vcvttpd2uqq"},
    {1, 1, 0, 0x7a, -1, Form::RegRm, 1, "vcvttps2qq"},     {1, 1, 1, 0x7a, -1, Form::RegRm, 0, "vcvttpd2qq"},
    {1, 1, 1, 0xe2, -1, Form::RegVexRm, 0, "vpsraq"},      {1, 2, 0, 0x7a, -1, Form::RegRm, 1, "vcvtudq2pd"},
    {1, 2, 1, 0x7a, -1, Form::RegRm, 0, "vcvtuqq2pd"},     {1, 2, 1, 0xe6, -1, Form::RegRm, 0, "vcvtqq2pd"},
    {1, 3, 0, 0x7a, -1, Form::RegRm, 0, "vcvtudq2ps"},     {1, 3, 1, 0x7a, -1, Form::RegRm, 0, "vcvtuqq2ps"},
    {2, 1, 1, 0x10, -1, Form::RegVexRm, 0, "vpsrlvw"},     {2, 1, 1, 0x11, -1, Form::RegVexRm, 0, "vpsravw"},
    {2, 1, 1, 0x12, -1, Form::RegVexRm, 0, "vpsllvw"},     {2, 1, 0, 0x14, -1, Form::RegVexRm, 0, "vprorvd"},
    {2, 1, 1, 0x14, -1, Form::RegVexRm, 0, "vprorvq"},     {2, 1, 0, 0x15, -1, Form::RegVexRm, 0, "vprolvd"},
    {2, 1, 1, 0x15, -1, Form::RegVexRm, 0, "vprolvq"},     {2, 1, 1, 0x1f, -1, Form::RegRm, 0, "vpabsq"},
    {2, 1, 0, 0x26, -1, Form::KVexRm, 0, "vptestmb"},      {2, 1, 1, 0x26, -1, Form::KVexRm, 0, "vptestmw"},
    {2, 1, 0, 0x27, -1, Form::KVexRm, 0, "vptestmd"},      {2, 1, 1, 0x27, -1, Form::KVexRm, 0, "vptestmq"},
    {2, 1, 0, 0x44, -1, Form::RegRm, 0, "vplzcntd"},       {2, 1, 1, 0x44, -1, Form::RegRm, 0, "vplzcntq"},
    {2, 1, 1, 0x46, -1, Form::RegVexRm, 0, "vpsravq"},     {2, 1, 0, 0x75, -1, Form::RegVexRm, 0, "vpermi2b"},
    {2, 1, 1, 0x75, -1, Form::RegVexRm, 0, "vpermi2w"},    {2, 1, 0, 0x76, -1, Form::RegVexRm, 0, "vpermi2d"},
    {2, 1, 1, 0x76, -1, Form::RegVexRm, 0, "vpermi2q"},    {2, 1, 0, 0x7d, -1, Form::RegVexRm, 0, "vpermt2b"},
    {2, 1, 1, 0x7d, -1, Form::RegVexRm, 0, "vpermt2w"},    {2, 1, 0, 0x7e, -1, Form::RegVexRm, 0, "vpermt2d"},
    {2, 1, 1, 0x7e, -1, Form::RegVexRm, 0, "vpermt2q"},    {2, 1, 1, 0x83, -1, Form::RegVexRm, 0, "vpmultishiftqb"},
    {2, 1, 0, 0x8d, -1, Form::RegVexRm, 0, "vpermb"},      {2, 1, 1, 0x8d, -1, Form::RegVexRm, 0, "vpermw"},
    {2, 2, 0, 0x10, -1, Form::RmReg, 1, "vpmovuswb"},      {2, 2, 0, 0x13, -1, Form::RmReg, 1, "vpmovusdw"},
    {2, 2, 0, 0x15, -1, Form::RmReg, 1, "vpmovusqd"},      {2, 2, 0, 0x20, -1, Form::RmReg, 1, "vpmovswb"},
    {2, 2, 0, 0x23, -1, Form::RmReg, 1, "vpmovsdw"},       {2, 2, 0, 0x25, -1, Form::RmReg, 1, "vpmovsqd"},
    {2, 2, 0, 0x26, -1, Form::KVexRm, 0, "vptestnmb"},     {2, 2, 1, 0x26, -1, Form::KVexRm, 0, "vptestnmw"},
    {2, 2, 0, 0x27, -1, Form::KVexRm, 0, "vptestnmd"},     {2, 2, 1, 0x27, -1, Form::KVexRm, 0, "vptestnmq"},
    {2, 2, 1, 0x28, -1, Form::RegK, 0, "vpmovm2w"},        {2, 2, 0, 0x29, -1, Form::KRm, 0, "vpmovb2m"},
    {2, 2, 1, 0x29, -1, Form::KRm, 0, "vpmovw2m"},         {2, 2, 0, 0x30, -1, Form::RmReg, 1, "vpmovwb"},
    {2, 2, 0, 0x31, -1, Form::RmReg, 2, "vpmovdb"},        {2, 2, 0, 0x32, -1, Form::RmReg, 3, "vpmovqb"},
    {2, 2, 0, 0x33, -1, Form::RmReg, 1, "vpmovdw"},        {2, 2, 0, 0x34, -1, Form::RmReg, 2, "vpmovqw"},
    {2, 2, 0, 0x35, -1, Form::RmReg, 1, "vpmovqd"},        {2, 2, 0, 0x38, -1, Form::RegK, 0, "vpmovm2d"},
    {2, 2, 1, 0x38, -1, Form::RegK, 0, "vpmovm2q"},        {2, 2, 0, 0x39, -1, Form::KRm, 0, "vpmovd2m"},
    {2, 2, 1, 0x39, -1, Form::KRm, 0, "vpmovq2m"},         {3, 1, 0, 0x03, -1, Form::RegVexRm, 0, "valignd"},
    {3, 1, 1, 0x03, -1, Form::RegVexRm, 0, "valignq"},     {3, 1, 0, 0x08, -1, Form::RegRm, 0, "vrndscaleps"},
    {3, 1, 1, 0x09, -1, Form::RegRm, 0, "vrndscalepd"},    {3, 1, 0, 0x1e, -1, Form::KVexRm, 0, "vpcmpud"},
    {3, 1, 1, 0x1e, -1, Form::KVexRm, 0, "vpcmpuq"},       {3, 1, 0, 0x1f, -1, Form::KVexRm, 0, "vpcmpd"},
    {3, 1, 1, 0x1f, -1, Form::KVexRm, 0, "vpcmpq"},        {3, 1, 0, 0x25, -1, Form::RegVexRm, 0, "vpternlogd"},
    {3, 1, 1, 0x25, -1, Form::RegVexRm, 0, "vpternlogq"},  {3, 1, 0, 0x42, -1, Form::RegVexRm, 0, "vdbpsadbw"},
    {3, 1, 0, 0x50, -1, Form::RegVexRm, 0, "vrangeps"},    {3, 1, 1, 0x50, -1, Form::RegVexRm, 0, "vrangepd"},
    {3, 1, 0, 0x54, -1, Form::RegVexRm, 0, "vfixupimmps"}, {3, 1, 1, 0x54, -1, Form::RegVexRm, 0, "vfixupimmpd"},
    {3, 1, 0, 0x66, -1, Form::KRm, 0, "vfpclassps"},       {3, 1, 1, 0x66, -1, Form::KRm, 0, "vfpclasspd"},
};

constexpr const char* kWords[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                  "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

/// A number as Capstone writes it.
std::string number(int64_t n) {
  return n >= -9 && n <= 9 ? fmt::format("{}", n) : n < 0 ? fmt::format("-{:#x}", -n) : fmt::format("{:#x}", n);
}

/// Reads along the code, and notes that it ended.
class Bytes {
 public:
  explicit Bytes(std::span<const uint8_t> code) : code_(code) {}
  uint8_t next() { return at_++ < code_.size() ? code_[at_ - 1] : uint8_t{0}; }
  int32_t next32() {
    uint32_t value = 0;
    for (unsigned shift = 0; shift < 32; shift += 8) value |= uint32_t{next()} << shift;
    return static_cast<int32_t>(value);
  }
  size_t length() const { return at_ <= code_.size() ? at_ : 0; }

 private:
  std::span<const uint8_t> code_;
  size_t at_ = 0;
};

/// The three bytes of an EVEX prefix, whose register bits are inverted.
struct Evex {
  uint8_t p0 = 0, p1 = 0, p2 = 0;
  unsigned map() const { return p0 & 7; }
  unsigned prefix() const { return p1 & 3; }
  unsigned w() const { return p1 >> 7; }
  unsigned reg(unsigned low) const { return low | (~p0 >> 7 & 1) << 3 | (~p0 >> 4 & 1) << 4; }
  unsigned rm(unsigned low) const { return low | (~p0 >> 5 & 1) << 3 | (~p0 >> 6 & 1) << 4; }
  unsigned base(unsigned low) const { return low | (~p0 >> 5 & 1) << 3; }
  unsigned index(unsigned low) const { return low | (~p0 >> 6 & 1) << 3; }
  unsigned vex() const { return (~p1 >> 3 & 15) | (~p2 >> 3 & 1) << 4; }
  unsigned size_log2() const { return 4 + (p2 >> 5 & 3); }  // of the vector, bytes
  bool broadcasts() const { return p2 >> 4 & 1; }
  unsigned mask() const { return p2 & 7; }
  bool zeroes() const { return p2 >> 7; }
};

struct ModRm {
  unsigned mode = 0, reg = 0, rm = 0, sib = 0;
  int32_t displacement = 0;
  bool has_sib() const { return mode != 3 && rm == 4; }
  bool has_base() const { return mode != 0 || (has_sib() ? sib & 7 : rm) != 5; }
};

ModRm read_mod_rm(Bytes& bytes) {
  const unsigned byte = bytes.next();
  ModRm m{.mode = byte >> 6, .reg = byte >> 3 & 7, .rm = byte & 7};
  if (m.has_sib()) m.sib = bytes.next();
  if (m.mode == 1) {
    m.displacement = static_cast<int8_t>(bytes.next());
  } else if (m.mode == 2 || (m.mode == 0 && !m.has_base())) {
    m.displacement = bytes.next32();
  }
  return m;
}

std::string vector_register(unsigned n, unsigned size_log2) {
  return fmt::format("{}mm{}", size_log2 == 4 ? "x" : size_log2 == 5 ? "y" : "z", n);
}

std::string memory(const Evex& e, const ModRm& m, unsigned narrower) {
  constexpr const char* kSizes[] = {"byte", "word", "dword", "qword", "xmmword", "ymmword", "zmmword"};
  const unsigned size_log2 = e.broadcasts() ? 2 + e.w() : e.size_log2() - narrower;
  std::string at;
  auto add = [&at](const std::string& part) { at += (at.empty() ? "" : " + ") + part; };
  if (!m.has_base() && !m.has_sib()) add("rip");
  if (m.has_base()) add(kWords[e.base(m.has_sib() ? m.sib & 7 : m.rm)]);
  if (const unsigned index = e.index(m.sib >> 3 & 7); m.has_sib() && index != 4) {
    add(fmt::format("{}{}", kWords[index], m.sib >> 6 ? fmt::format("*{}", 1 << (m.sib >> 6)) : ""));
  }
  // A displacement of one byte counts operands.
  const int64_t displacement = m.mode == 1 ? int64_t{m.displacement} << size_log2 : m.displacement;
  if (at.empty()) {
    at = number(displacement);
  } else if (displacement != 0) {
    at += fmt::format(" {} {}", displacement < 0 ? "-" : "+", number(displacement < 0 ? -displacement : displacement));
  }
  std::string text = fmt::format("{} ptr [{}]", kSizes[size_log2], at);
  if (e.broadcasts()) text += fmt::format("{{1to{}}}", 1u << (e.size_log2() - size_log2));
  return text;
}

std::string operands(const Row& row, const Evex& e, const ModRm& m) {
  const unsigned size = e.size_log2();
  const std::string vex = vector_register(e.vex(), size), reg = vector_register(e.reg(m.reg), size);
  // What is narrower than half a vector, or as wide, is in a register of the least size.
  const unsigned rm_size = row.narrower >= size - 4 ? 4 : size - row.narrower;
  const std::string rm = m.mode != 3              ? memory(e, m, row.narrower)
                         : row.form == Form::RegK ? fmt::format("k{}", m.rm)
                                                  : vector_register(e.rm(m.rm), rm_size);
  auto masked = [&](const std::string& to) {
    return to + (e.mask() ? fmt::format(" {{k{}}}", e.mask()) : "") + (e.zeroes() ? " {z}" : "");
  };
  switch (row.form) {
    case Form::RegVexRm:
      return fmt::format("{}, {}, {}", masked(reg), vex, rm);
    case Form::RegRm:
    case Form::RegK:
      return fmt::format("{}, {}", masked(reg), rm);
    case Form::RmReg:
      return fmt::format("{}, {}", masked(rm), reg);
    case Form::VexRm:
      return fmt::format("{}, {}", masked(vex), rm);
    case Form::KVexRm:
      return fmt::format("{}, {}, {}", masked(fmt::format("k{}", m.reg)), vex, rm);
    case Form::KRm:
      return fmt::format("{}, {}", masked(fmt::format("k{}", m.reg)), rm);
  }
  return {};
}

const Row* find_row(const Evex& e, unsigned opcode, unsigned digit) {
  if (e.size_log2() > 6) return nullptr;
  for (const Row& row : kRows) {
    const bool is_it = row.map == e.map() && row.prefix == e.prefix() && row.w == e.w() && row.opcode == opcode &&
                       (row.digit < 0 || static_cast<unsigned>(row.digit) == digit);
    if (is_it) return &row;
  }
  return nullptr;
}

}  // namespace

VectorInst read_vector_inst(std::span<const uint8_t> code) {
  Bytes bytes(code);
  Evex evex;
  unsigned map = 0;
  const unsigned first = bytes.next();
  if (first == 0xc5) {
    bytes.next();
    map = 1;
  } else if (first == 0xc4) {
    map = bytes.next() & 0x1f;
    bytes.next();
  } else if (first == 0x62) {
    evex = {bytes.next(), bytes.next(), bytes.next()};
    map = evex.map();
  } else {
    return {};
  }
  const unsigned opcode = bytes.next();
  if (map == 1 && opcode == 0x77) return {bytes.length(), {}};  // vzeroupper has no operands
  const ModRm mod_rm = read_mod_rm(bytes);
  // Shuffles, shifts by a constant, comparisons, insertion and extraction; and all of the third map.
  const bool has_immediate =
      map == 3 ||
      (map == 1 && ((opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 || (opcode >= 0xc4 && opcode <= 0xc6)));
  const unsigned immediate = has_immediate ? bytes.next() : 0;
  VectorInst inst{bytes.length(), {}};
  const Row* row = first == 0x62 && inst.length ? find_row(evex, opcode, mod_rm.reg) : nullptr;
  if (row) {
    inst.text = fmt::format("{} {}", row->name, operands(*row, evex, mod_rm));
    if (has_immediate) inst.text += ", " + number(immediate);
  }
  return inst;
}

}  // namespace vitrine::cli
