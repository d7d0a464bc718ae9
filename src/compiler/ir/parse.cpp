#include "compiler/ir/parse.hpp"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstdlib>
#include <unordered_map>

#include "compiler/ir/fold.hpp"
#include "compiler/ir/print.hpp"

namespace vitrine::ir {
namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Func> run() {
    TRY(word("function"));
    f_.name = TRY(quoted());
    f_.symbol = TRY(numbered("sym"));
    f_.sig = TRY(signature());
    TRY(punct("{"));
    while (!try_punct("}")) {
      if (at("sig") && is_table_row()) {
        TRY(sig_row());
      } else if (at("fn") && is_table_row()) {
        TRY(func_row());
      } else if (at("ss") && is_table_row()) {
        TRY(slot_row());
      } else if (at("block")) {
        TRY(block_head());
      } else {
        if (!block_.valid()) return error("expected a block");
        TRY(inst());
      }
    }
    skip();
    if (pos_ != text_.size()) return error("expected the end of the text");
    if (f_.layout.empty()) return error("a function has at least one block");
    TRY(fix_values());
    return std::move(f_);
  }

 private:
  // -- characters

  std::unexpected<Error> error(std::string_view what) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < pos_ && i < text_.size(); ++i) {
      column = text_[i] == '\n' ? 1 : column + 1;
      line += text_[i] == '\n';
    }
    return fail(fmt::format("{} at {}:{}", what, line, column), ErrorKind::Malformed);
  }
  void skip() {
    while (pos_ < text_.size()) {
      char c = text_[pos_];
      if (c == ';') {
        while (pos_ < text_.size() && text_[pos_] != '\n') ++pos_;
      } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++pos_;
      } else {
        return;
      }
    }
  }
  static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }
  bool at(std::string_view s) {
    skip();
    return text_.substr(pos_).starts_with(s);
  }
  bool try_punct(std::string_view s) {
    if (!at(s)) return false;
    pos_ += s.size();
    return true;
  }
  Result<> punct(std::string_view s) {
    if (!try_punct(s)) return error(fmt::format("expected `{}`", s));
    return {};
  }
  std::string_view peek_word() {
    skip();
    size_t end = pos_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    return text_.substr(pos_, end - pos_);
  }
  bool try_word(std::string_view s) {
    if (peek_word() != s) return false;
    pos_ += s.size();
    return true;
  }
  Result<> word(std::string_view s) {
    if (!try_word(s)) return error(fmt::format("expected `{}`", s));
    return {};
  }
  Result<std::string> quoted() {
    TRY(punct("\""));
    size_t end = text_.find('"', pos_);
    if (end == std::string_view::npos) return error("unclosed string");
    std::string s(text_.substr(pos_, end - pos_));
    pos_ = end + 1;
    return s;
  }
  Result<uint32_t> u32() {
    skip();
    uint32_t v = 0;
    int base = 10;
    if (text_.substr(pos_).starts_with("0x")) {
      base = 16;
      pos_ += 2;
    }
    auto [end, ec] = std::from_chars(text_.data() + pos_, text_.data() + text_.size(), v, base);
    if (ec != std::errc()) return error("expected a number below 2^32");
    pos_ = static_cast<size_t>(end - text_.data());
    return v;
  }
  /// An entity such as `v7`: the prefix and its number.
  Result<uint32_t> numbered(std::string_view prefix) {
    if (!at(prefix)) return error(fmt::format("expected `{}` and a number", prefix));
    pos_ += prefix.size();
    return u32();
  }
  bool at_value() {
    std::string_view w = peek_word();
    return w.size() >= 2 && w[0] == 'v' && w[1] >= '0' && w[1] <= '9';
  }
  /// Whether `sig0 = ...` follows, and not `sig0` as an operand.
  bool is_table_row() {
    size_t end = pos_ + peek_word().size();
    return text_.substr(end).starts_with(" =");
  }

  // -- declarations

  Result<Type> type() {
    std::string_view w = peek_word();
    for (Type t : {Type::I32, Type::I64, Type::F32, Type::F64, Type::V128, Type::Ref}) {
      if (w != name_of(t)) continue;
      pos_ += w.size();
      return t;
    }
    return error(fmt::format("expected a type, found `{}`", w));
  }
  Result<Signature> signature() {
    Signature sig;
    sig.conv = try_word("host") ? CallConv::Host : CallConv::Wasm;
    if (sig.conv == CallConv::Wasm) TRY(word("wasm"));
    TRY(punct("("));
    while (!try_punct(")")) {
      if (!sig.params.empty()) TRY(punct(","));
      sig.params.push_back(TRY(type()));
    }
    if (!try_punct("->")) return sig;
    do {
      sig.results.push_back(TRY(type()));
    } while (try_punct(","));
    return sig;
  }
  Result<> sig_row() {
    if (TRY(numbered("sig")) != f_.sigs.size()) return error("signatures are numbered in order");
    TRY(punct("="));
    f_.sigs.push(TRY(signature()));
    return {};
  }
  Result<> func_row() {
    if (TRY(numbered("fn")) != f_.funcs.size()) return error("functions are numbered in order");
    TRY(punct("="));
    uint32_t sig = TRY(numbered("sig"));
    if (sig >= f_.sigs.size()) return error("no such signature");
    f_.funcs.push({SigRef(sig), TRY(numbered("sym"))});
    return {};
  }
  Result<> slot_row() {
    if (TRY(numbered("ss")) != f_.slots.size()) return error("slots are numbered in order");
    TRY(punct("="));
    SlotData d{TRY(u32()), 8};
    if (try_word("align")) d.align = TRY(u32());
    f_.slots.push(d);
    return {};
  }

  // -- blocks and values

  Result<Block> block_ref() {
    uint32_t n = TRY(numbered("block"));
    auto [it, fresh] = blocks_.try_emplace(n);
    if (fresh) it->second = f_.make_block();
    return it->second;
  }
  Result<> define(uint32_t name, Value v) {
    if (!values_.try_emplace(name, v).second) return error(fmt::format("v{} is defined twice", name));
    return {};
  }
  Result<> block_head() {
    block_ = TRY(block_ref());
    if (f_[block_].placed) return error("the block stands here twice");
    f_.place(block_);
    if (try_punct("(")) {
      do {
        uint32_t n = TRY(numbered("v"));
        TRY(punct(":"));
        Type t = TRY(type());
        TRY(define(n, f_.add_param(block_, t)));
      } while (try_punct(","));
      TRY(punct(")"));
    }
    TRY(punct(":"));
    if (try_word("cold")) f_[block_].cold = 1;
    return {};
  }
  /// Until the end of the text, arguments are the names as they stand there: they may be defined later.
  Result<Value> value() {
    if (!at_value()) return error("expected a value");
    return Value(TRY(numbered("v")));
  }
  Result<> value_list(std::string_view close) {
    list_.clear();
    if (try_punct(close)) return {};
    do {
      list_.push_back(TRY(value()));
    } while (try_punct(","));
    return punct(close);
  }
  Result<BlockCall> block_call() {
    BlockCall c{TRY(block_ref()), 0, 0};
    list_.clear();
    if (try_punct("(")) TRY(value_list(")"));
    c.first_arg = f_.pool_list(list_);
    c.arg_count = static_cast<uint32_t>(list_.size());
    return c;
  }
  void set_calls(InstData& d, std::span<const BlockCall> calls) {
    Func::set_succs(d, f_.pool_calls(calls), static_cast<uint32_t>(calls.size()));
  }

  // -- instructions

  Result<> inst() {
    std::vector<uint32_t> names;
    if (at_value()) {
      do {
        names.push_back(TRY(numbered("v")));
      } while (try_punct(","));
      TRY(punct("="));
    }
    InstData d{};
    d.op = TRY(opcode());
    TRY(type_suffix(d));
    std::vector<Type> results;
    if (info(d.op).results != kVariable)
      for (const char* letter = type_row(d.op).results; *letter; ++letter) results.push_back(type_of(*letter, d.type));
    TRY(body(d, names.size(), results));
    if (try_punct("@")) d.srcloc = TRY(u32());
    if (results.size() != names.size())
      return error(fmt::format("{} has {} results, found {} names", name_of(d.op), results.size(), names.size()));
    Inst i = f_.make_inst(d, results);
    f_.append(block_, i);
    for (uint32_t n = 0; n < names.size(); ++n) TRY(define(names[n], f_.result(i, n)));
    return {};
  }
  Result<> type_suffix(InstData& d) {
    const bool is_there = text_.substr(pos_).starts_with(".");
    if (is_there) ++pos_;
    if (has_lanes(d.op)) {
      static constexpr Lanes kAll[] = {Lanes::I8x16, Lanes::I16x8, Lanes::I32x4,
                                       Lanes::I64x2, Lanes::F32x4, Lanes::F64x2};
      if (!is_there) return error("expected lanes");
      d.aux = TRY(one_of(kAll, "lanes"));
    } else if (is_there) {
      d.type = TRY(type());
    }
    if (d.op == Op::VExtract)
      d.type = lane_type(d.vec().lanes());
    else if (!names_type(d.op) || info(d.op).group == Group::Vector)
      d.type = only_type(type_row(d.op).types);
    return {};
  }
  Result<Op> opcode() {
    std::string_view w = peek_word();
    for (uint32_t op = 0; op < static_cast<uint32_t>(Op::kCount); ++op) {
      if (w != name_of(static_cast<Op>(op))) continue;
      pos_ += w.size();
      return static_cast<Op>(op);
    }
    return error(fmt::format("no such instruction `{}`", w));
  }
  template <class E, size_t N>
  Result<uint8_t> one_of(const E (&all)[N], std::string_view what) {
    std::string_view w = peek_word();
    for (E e : all) {
      if (w != name_of(e)) continue;
      pos_ += w.size();
      return static_cast<uint8_t>(e);
    }
    return error(fmt::format("expected {}, found `{}`", what, w));
  }
  Result<uint8_t> int_condition() {
    static constexpr IntCC kAll[] = {IntCC::Eq,  IntCC::Ne,  IntCC::SLt, IntCC::SGe, IntCC::SGt,
                                     IntCC::SLe, IntCC::ULt, IntCC::UGe, IntCC::UGt, IntCC::ULe};
    return one_of(kAll, "an integer condition");
  }
  Result<uint8_t> float_condition() {
    static constexpr FloatCC kAll[] = {FloatCC::Eq, FloatCC::Ne, FloatCC::Lt, FloatCC::Gt, FloatCC::Le, FloatCC::Ge};
    return one_of(kAll, "a float condition");
  }
  Result<> fixed_args(InstData& d) {
    list_.clear();
    for (uint32_t k = 0; k < info(d.op).args; ++k) {
      if (k) TRY(punct(","));
      list_.push_back(TRY(value()));
    }
    if (has_arg_list(d.op))
      f_.set_arg_list(d, list_);
    else
      for (uint32_t k = 0; k < list_.size(); ++k) d.a[k] = list_[k].raw();
    return {};
  }
  Result<> trap_suffix(InstData& d) {
    if (!try_word("trap")) return {};
    TRY(punct("="));
    d.trap = static_cast<uint8_t>(TRY(u32()));
    return {};
  }
  Result<> constant(InstData& d) {
    skip();
    size_t end = pos_;
    while (end < text_.size() && (is_word(text_[end]) || text_[end] == '.' || text_[end] == '-' || text_[end] == '+'))
      ++end;
    std::string token(text_.substr(pos_, end - pos_));
    pos_ = end;
    if (d.op == Op::VConst) return vector_constant(d, token);
    char* stop = nullptr;
    uint64_t bits = 0;
    if (token.starts_with("0x")) {
      bits = std::strtoull(token.c_str(), &stop, 16);
    } else if (d.op == Op::IConst) {
      bits = token.starts_with("-") ? static_cast<uint64_t>(std::strtoll(token.c_str(), &stop, 10))
                                    : std::strtoull(token.c_str(), &stop, 10);
    } else if (d.type == Type::F32) {
      bits = std::bit_cast<uint32_t>(std::strtof(token.c_str(), &stop));
    } else {
      bits = std::bit_cast<uint64_t>(std::strtod(token.c_str(), &stop));
    }
    if (token.empty() || *stop) return error(fmt::format("expected a constant, found `{}`", token));
    d.set_imm64(canonical(d.type, bits));
    return {};
  }
  Result<> vector_constant(InstData& d, std::string_view token) {
    Bits128 bits;
    bool good = token.starts_with("0x") && token.size() > 2 && token.size() <= 2 + 32;
    for (char c : token.substr(good ? 2 : token.size())) {
      uint64_t digit = 0;
      good &= std::from_chars(&c, &c + 1, digit, 16).ec == std::errc();
      bits = {bits.lo << 4 | digit, bits.hi << 4 | bits.lo >> 60};
    }
    if (!good) return error(fmt::format("expected 128 bits in hexadecimal, found `{}`", token));
    d.set_imm128(bits);
    return {};
  }
  Result<> access(InstData& d) {
    static constexpr MemKind kKinds[] = {MemKind::U8,  MemKind::S8,  MemKind::U16, MemKind::S16,
                                         MemKind::U32, MemKind::S32, MemKind::U64};
    if (!at_value()) d.aux = TRY(one_of(kKinds, "an access kind or an address"));
    d.a[0] = TRY(value()).raw();
    if (!at("+") && !at("-")) return {};
    bool minus = text_[pos_] == '-';
    ++pos_;
    uint32_t n = TRY(u32());
    d.imm = minus ? 0 - n : n;
    return {};
  }
  Result<> access_end(InstData& d) {
    d.region = static_cast<AliasRegion>(TRY(numbered("r")));
    TRY(trap_suffix(d));
    if (try_word("readonly")) d.flags |= kReadonly;
    if (try_word("mapped")) d.flags |= kMapped;
    return {};
  }
  Result<uint32_t> table_ref(std::string_view prefix, uint32_t size) {
    uint32_t n = TRY(numbered(prefix));
    if (n >= size) return error(fmt::format("no such {}{}", prefix, n));
    return n;
  }

  /// What stands behind the name and its type. `results` are known already unless they go by signature.
  Result<> body(InstData& d, size_t names, std::vector<Type>& results) {
    switch (info(d.op).group) {
      case Group::Constant:
        return constant(d);
      case Group::IntCompare:
        d.aux = TRY(int_condition());
        return fixed_args(d);
      case Group::FloatCompare:
        d.aux = TRY(float_condition());
        return fixed_args(d);
      case Group::Vector: {
        const Lanes lanes = d.vec().lanes();
        if (d.op == Op::VICmp) d.aux = VecAux(lanes, static_cast<IntCC>(TRY(int_condition()))).bits;
        if (d.op == Op::VFCmp) d.aux = VecAux(lanes, static_cast<FloatCC>(TRY(float_condition()))).bits;
        TRY(fixed_args(d));
        if (!names_lane(d.op)) return {};
        TRY(punct(","));
        d.imm = TRY(u32());
        return {};
      }
      case Group::Memory:
        TRY(access(d));
        if (d.op == Op::Store) {
          TRY(punct(","));
          d.a[1] = TRY(value()).raw();
        }
        return access_end(d);
      case Group::Stack:
        d.set_slot(Slot(TRY(table_ref("ss", f_.slots.size()))), 0);
        if (try_punct("+")) d.set_slot(d.slot(), TRY(u32()));
        if (info(d.op).args != 0) TRY(punct(","));
        return fixed_args(d);
      case Group::Address:
        if (d.op == Op::FuncAddr) d.imm = TRY(table_ref("fn", f_.funcs.size()));
        return {};
      case Group::TrapIf:
        TRY(fixed_args(d));
        TRY(punct(","));
        d.trap = static_cast<uint8_t>(TRY(u32()));
        return {};
      case Group::Call:
        return call(d, results);
      case Group::Invoke: {
        TRY(call(d, results));
        if (names > results.size() && names - results.size() <= kMaxPayload) {
          d.aux = static_cast<uint8_t>(names - results.size());
          results.resize(names, Type::I64);
        }
        BlockCall c[2];
        for (BlockCall& call : c) {
          TRY(punct(","));
          call = TRY(block_call());
        }
        set_calls(d, c);
        return {};
      }
      case Group::Branch:
        return branch(d);
      case Group::Return:
        list_.clear();
        if (at_value()) {
          // On the next line a value would be a definition.
          do {
            list_.push_back(TRY(value()));
          } while (try_punct(","));
        }
        f_.set_arg_list(d, list_);
        return {};
      case Group::Trap:
        d.trap = static_cast<uint8_t>(TRY(u32()));
        return {};
      case Group::Piece:
        d.imm = TRY(u32());
        return {};
      default:
        TRY(fixed_args(d));
        TRY(trap_suffix(d));
        if (d.op == Op::Select && try_word("guard")) d.flags |= kGuard;
        return {};
    }
  }
  Result<> call(InstData& d, std::vector<Type>& results) {
    bool direct = is_direct(d.op);
    d.imm = TRY(direct ? table_ref("fn", f_.funcs.size()) : table_ref("sig", f_.sigs.size()));
    Value callee;
    if (!direct) callee = TRY(value());
    TRY(punct("("));
    TRY(value_list(")"));
    if (!direct) list_.insert(list_.begin(), callee);
    f_.set_arg_list(d, list_);
    if (info(d.op).results == kVariable) results = f_.sigs[f_.callee_sig(d)].results;
    return {};
  }
  Result<> branch(InstData& d) {
    if (d.op == Op::Jump) {
      BlockCall c = TRY(block_call());
      set_calls(d, {&c, 1});
      return {};
    }
    std::vector<BlockCall> calls;
    if (d.op == Op::Enter) {
      do {
        calls.push_back(TRY(block_call()));
      } while (try_punct(","));
      set_calls(d, calls);
      return {};
    }
    TRY(fixed_args(d));
    TRY(punct(","));
    if (d.op == Op::BrIf) {
      calls.push_back(TRY(block_call()));
    } else {
      TRY(punct("["));
      while (!try_punct("]")) {
        if (!calls.empty()) TRY(punct(","));
        calls.push_back(TRY(block_call()));
      }
    }
    TRY(punct(","));
    calls.push_back(TRY(block_call()));
    set_calls(d, calls);
    if (try_word("cold")) d.flags |= kCold;
    if (try_word("hot")) d.flags |= kHot;
    return {};
  }

  // -- names to values

  Result<> fix(Value& v) {
    auto it = values_.find(v.raw());
    if (it == values_.end()) return fail(fmt::format("{} is used but not defined", v), ErrorKind::Malformed);
    v = it->second;
    return {};
  }
  Result<> fix_values() {
    for (auto& [name, b] : blocks_)
      if (!f_[b].placed) return fail(fmt::format("block{} is used but not defined", name), ErrorKind::Malformed);
    for (Block b : f_.layout) {
      for (Inst i = f_[b].first; i.valid(); i = f_.next(i))
        if (!has_arg_list(f_[i].op))
          for (Value& v : f_.args(i)) TRY(fix(v));
    }
    for (Value& v : f_.pool) TRY(fix(v));
    return {};
  }

  std::string_view text_;
  size_t pos_ = 0;
  Func f_;
  Block block_;
  std::unordered_map<uint32_t, Value> values_;
  std::unordered_map<uint32_t, Block> blocks_;
  std::vector<Value> list_;
};

}  // namespace

Result<Func> parse(std::string_view text) {
  return Parser(text).run();
}

}  // namespace vitrine::ir
