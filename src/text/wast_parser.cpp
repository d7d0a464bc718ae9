#include "text/wast_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "text/cursor.hpp"
#include "text/number.hpp"
#include "text/wat_parser.hpp"

namespace vitrine::text {
namespace {

using Kind = Command::Kind;

// How deep `(thread` and `(either` may nest; the specification's scripts go to two.
constexpr int kMaxDepth = 32;

// Finding the line of an error is linear in the text, so errors that are not the last have to be few.
constexpr int kMaxMalformed = 1000;

constexpr std::string_view kModuleFields[] = {"type",   "rec",    "import", "func", "table", "memory",
                                              "global", "export", "start",  "elem", "data",  "tag"};

class ScriptParser {
 public:
  ScriptParser(std::string_view source, std::vector<Token> tokens)
      : source_(source), cursor_(Source(source), std::move(tokens)) {}

  Result<Script> run() {
    Script script{.source = source_, .commands = {}};
    TRY(check_balance());
    if (cursor_.at(TokenKind::LeftParen) &&
        std::ranges::find(kModuleFields, cursor_.text(1)) != std::end(kModuleFields)) {
      script.commands.push_back(bare_module());
      return script;
    }
    commands(script.commands, 0);
    if (malformed_ > kMaxMalformed) {
      return fail(fmt::format("over {} malformed commands; the first: {}", kMaxMalformed, first_malformed_),
                  ErrorKind::Malformed);
    }
    return script;
  }

 private:
  // Whatever a command is, it has to end: checked once, so that skipping one never fails.
  Result<> check_balance() {
    std::vector<const Token*> open;
    for (const Token& token : cursor_.tokens()) {
      if (token.kind == TokenKind::LeftParen) {
        open.push_back(&token);
      } else if (token.kind == TokenKind::RightParen) {
        if (open.empty()) return std::unexpected(cursor_.error(token, "unexpected ')', expected a command"));
        open.pop_back();
      } else if (open.empty() && token.kind != TokenKind::Eof) {
        return std::unexpected(cursor_.error(token, "expected a command in parentheses"));
      }
    }
    if (!open.empty()) return std::unexpected(cursor_.error(*open.back(), "unclosed parenthesis"));
    return {};
  }

  Command bare_module() {
    Command command;
    command.kind = Kind::Module;
    command.line = line_at(cursor_.peek().offset);
    command.span = {cursor_.peek().offset, static_cast<uint32_t>(source_.size())};
    command.module.emplace();
    command.module->text = {0, static_cast<uint32_t>(source_.size())};
    return command;
  }

  // Commands up to the closing parenthesis (which stays) or the end.
  void commands(std::vector<Command>& to, int depth) {
    while (cursor_.at(TokenKind::LeftParen) && malformed_ <= kMaxMalformed) {
      size_t start = cursor_.position();
      Command command;
      command.span.begin = cursor_.peek().offset;
      command.line = line_at(command.span.begin);
      if (Result<> read = this->command(command, depth); !read) {
        command = Command{.kind = Kind::Malformed, .line = command.line, .span = command.span};
        command.message = read.error().message();
        if (malformed_++ == 0) first_malformed_ = command.message;
        cursor_.seek(start + 1);
        skip();
      }
      const Token& close = cursor_.tokens()[cursor_.position() - 1];
      command.span.end = close.offset + close.length;
      to.push_back(std::move(command));
    }
  }

  // From `(` to behind `)`.
  Result<> command(Command& command, int depth) {
    static constexpr std::pair<std::string_view, Kind> kKinds[] = {
        {"assert_return", Kind::AssertReturn},
        {"module", Kind::Module},
        {"assert_trap", Kind::AssertTrap},
        {"invoke", Kind::Action},
        {"get", Kind::Action},
        {"register", Kind::Register},
        {"assert_invalid", Kind::AssertInvalid},
        {"assert_malformed", Kind::AssertMalformed},
        {"assert_unlinkable", Kind::AssertUnlinkable},
        {"assert_uninstantiable", Kind::AssertUninstantiable},
        {"assert_exhaustion", Kind::AssertExhaustion},
        {"assert_exception", Kind::AssertException},
        {"assert_suspension", Kind::AssertSuspension},
        {"assert_invalid_custom", Kind::AssertInvalidCustom},
        {"assert_malformed_custom", Kind::AssertMalformedCustom},
        {"component", Kind::Component},
        {"thread", Kind::Thread},
        {"wait", Kind::Wait}};
    const auto* row = std::ranges::find(kKinds, cursor_.text(1), &std::pair<std::string_view, Kind>::first);
    if (row == std::end(kKinds)) {
      cursor_.next();
      return std::unexpected(cursor_.unexpected("a command"));
    }
    command.kind = row->second;
    switch (command.kind) {
      case Kind::Module:
      case Kind::Component:
        command.module.emplace();
        return module(*command.module);
      case Kind::Action:
        command.action.emplace();
        return action(*command.action);
      default:
        break;
    }
    cursor_.next();
    cursor_.next();
    switch (command.kind) {
      case Kind::Register:
        command.name = TRY(cursor_.expect_name("a name to register an instance as"));
        command.instance = optional_id();
        break;
      case Kind::AssertReturn:
        command.action.emplace();
        TRY(action(*command.action));
        while (cursor_.at(TokenKind::LeftParen)) TRY(pattern(command.expected.emplace_back(), 0));
        break;
      case Kind::AssertTrap:
      case Kind::AssertExhaustion:
      case Kind::AssertException:
      case Kind::AssertSuspension:
      case Kind::AssertInvalid:
      case Kind::AssertMalformed:
      case Kind::AssertUnlinkable:
      case Kind::AssertUninstantiable:
      case Kind::AssertInvalidCustom:
      case Kind::AssertMalformedCustom:
        if (cursor_.at_form("module") || cursor_.at_form("component")) {
          command.module.emplace();
          TRY(module(*command.module));
        } else {
          command.action.emplace();
          TRY(action(*command.action));
        }
        if (cursor_.at(TokenKind::String)) command.message = TRY(cursor_.expect_string("a message"));
        break;
      case Kind::Thread:
        if (depth >= kMaxDepth) return std::unexpected(cursor_.error_here("threads nest too deeply"));
        command.name = optional_id();
        while (cursor_.take_form("shared")) {
          TRY(cursor_.expect_left());
          TRY(cursor_.expect_keyword("module"));
          if (!cursor_.at(TokenKind::Id)) return std::unexpected(cursor_.unexpected("the name of a module"));
          command.shared.push_back(optional_id());
          TRY(cursor_.expect_right());
          TRY(cursor_.expect_right());
        }
        commands(command.commands, depth + 1);
        break;
      default:
        command.name = optional_id();
    }
    return cursor_.expect_right();
  }

  // `(module ...)` or `(component ...)`, whose end has been checked; text is only delimited.
  Result<> module(ScriptModule& module) {
    module.text.begin = cursor_.next().offset;
    bool component = cursor_.next().length != std::string_view("module").size();
    size_t inside = cursor_.position();
    module.is_definition = cursor_.take_keyword("definition");
    if (cursor_.take_keyword("instance")) {
      module.form = ScriptModule::Form::Instance;
      std::string first = optional_id();
      bool both = cursor_.at(TokenKind::Id);
      module.definition = both ? optional_id() : first;
      if (both) module.name = first;
    } else {
      module.name = optional_id();
      if (cursor_.at_keyword("binary") || cursor_.at_keyword("quote")) {
        module.form = cursor_.at_keyword("binary") ? ScriptModule::Form::Binary : ScriptModule::Form::Quote;
        cursor_.next();
        while (cursor_.at(TokenKind::String)) append_string(cursor_.text(cursor_.next()), module.bytes);
        if (!cursor_.at(TokenKind::RightParen)) return std::unexpected(cursor_.unexpected("a string or ')'"));
      }
    }
    if (component) module.form = ScriptModule::Form::Component;
    cursor_.seek(inside);
    skip();
    const Token& close = cursor_.tokens()[cursor_.position() - 1];
    module.text.end = close.offset + close.length;
    return {};
  }

  // From behind an opening parenthesis to behind its closing one.
  void skip() { (void)cursor_.skip_to_close(); }

  std::string optional_id() {
    if (!cursor_.at(TokenKind::Id)) return {};
    return std::string(cursor_.name_of(cursor_.next()));
  }

  Result<> action(Action& action) {
    if (cursor_.take_form("invoke")) {
      action.kind = Action::Kind::Invoke;
    } else if (cursor_.take_form("get")) {
      action.kind = Action::Kind::Get;
    } else {
      return std::unexpected(cursor_.unexpected("(invoke ...), (get ...) or a module"));
    }
    action.instance = optional_id();
    action.name = TRY(cursor_.expect_name("the name of an export"));
    while (cursor_.at(TokenKind::LeftParen)) {
      Pattern value;
      TRY(pattern(value, 0));
      action.args.push_back(argument(value));
    }
    return cursor_.expect_right();
  }

  // An argument is written like an expected result; what only a result can be is none.
  static Const argument(const Pattern& from) {
    Const value;
    value.span = from.span;
    value.bits = from.bits;
    value.heap_type = from.heap_type;
    value.number = from.number.value_or(0);
    bool nan = from.nan != NanPattern::None;
    switch (from.kind) {
      case Pattern::Kind::I32:
        value.kind = Const::Kind::I32;
        break;
      case Pattern::Kind::I64:
        value.kind = Const::Kind::I64;
        break;
      case Pattern::Kind::F32:
        value.kind = nan ? Const::Kind::Other : Const::Kind::F32;
        break;
      case Pattern::Kind::F64:
        value.kind = nan ? Const::Kind::Other : Const::Kind::F64;
        break;
      case Pattern::Kind::V128:
        value.kind = Const::Kind::V128;
        for (size_t i = 0, size = lane_bits(from.shape) / 8; i < from.lanes.size(); ++i) {
          if (from.lanes[i].nan != NanPattern::None) value.kind = Const::Kind::Other;
          std::memcpy(value.v128.data() + i * size, &from.lanes[i].bits, size);
        }
        break;
      case Pattern::Kind::RefNull:
        value.kind = Const::Kind::RefNull;
        break;
      case Pattern::Kind::RefExtern:
        if (from.number) value.kind = Const::Kind::RefExtern;
        break;
      case Pattern::Kind::RefHost:
        value.kind = Const::Kind::RefHost;
        break;
      default:
        break;
    }
    return value;
  }

  // One value form, from `(` to behind `)`.
  Result<> pattern(Pattern& to, int depth) {
    to.span.begin = cursor_.peek().offset;
    size_t inside = cursor_.position() + 1;
    std::string_view word = cursor_.text(1);
    cursor_.next();
    cursor_.next();
    using P = Pattern::Kind;
    static constexpr std::pair<std::string_view, P> kReferences[] = {
        {"ref", P::Ref},        {"ref.func", P::RefFunc}, {"ref.extern", P::RefExtern}, {"ref.host", P::RefHost},
        {"ref.i31", P::RefI31}, {"ref.eq", P::RefEq},     {"ref.struct", P::RefStruct}, {"ref.array", P::RefArray},
        {"ref.exn", P::RefExn}};
    if (word == "i32.const" || word == "i64.const") {
      bool wide = word == "i64.const";
      to.kind = wide ? P::I64 : P::I32;
      TRY(number(to.bits, to.nan, wide ? 64 : 32, false));
    } else if (word == "f32.const" || word == "f64.const") {
      bool wide = word == "f64.const";
      to.kind = wide ? P::F64 : P::F32;
      TRY(number(to.bits, to.nan, wide ? 64 : 32, true));
    } else if (word == "v128.const") {
      TRY(vector(to));
    } else if (word == "ref.null") {
      to.kind = P::RefNull;
      if (!cursor_.at(TokenKind::RightParen)) to.heap_type = heap_type();
    } else if (word == "either") {
      if (depth >= kMaxDepth) return std::unexpected(cursor_.error_here("alternatives nest too deeply"));
      to.kind = P::Either;
      while (cursor_.at(TokenKind::LeftParen)) TRY(pattern(to.alternatives.emplace_back(), depth + 1));
    } else if (const auto* row = std::ranges::find(kReferences, word, &std::pair<std::string_view, P>::first);
               row != std::end(kReferences)) {
      to.kind = row->second;
      if (cursor_.at(TokenKind::Nat)) {
        to.number = static_cast<uint32_t>(TRY(cursor_.expect_nat(0xffff'ffff, "the number of a reference")));
      }
    } else {
      cursor_.seek(inside);
      skip();
      to.span.end = end_of_last();
      return {};
    }
    TRY(cursor_.expect_right());
    to.span.end = end_of_last();
    return {};
  }

  uint32_t end_of_last() const {
    const Token& last = cursor_.tokens()[cursor_.position() - 1];
    return last.offset + last.length;
  }

  // A word, an index, or a form in parentheses, as written.
  std::string heap_type() {
    uint32_t begin = cursor_.peek().offset;
    if (cursor_.next().kind == TokenKind::LeftParen) skip();
    return std::string(source_.substr(begin, end_of_last() - begin));
  }

  Result<> number(uint64_t& bits, NanPattern& nan, unsigned width, bool is_float) {
    std::string_view text = cursor_.text();
    NumberStatus status = NumberStatus::Ok;
    if (!is_float) {
      status = parse_int(text, width, bits);
    } else if (text == "nan:canonical") {
      nan = NanPattern::Canonical;
    } else if (text == "nan:arithmetic") {
      nan = NanPattern::Arithmetic;
    } else if (width == 32) {
      uint32_t f32 = 0;
      status = parse_f32(text, f32);
      bits = f32;
    } else {
      status = parse_f64(text, bits);
    }
    if (status == NumberStatus::OutOfRange) return std::unexpected(cursor_.error_here("constant out of range"));
    if (status == NumberStatus::Malformed) return std::unexpected(cursor_.unexpected("a number"));
    cursor_.next();
    return {};
  }

  Result<> vector(Pattern& to) {
    const auto* shape = std::ranges::find(kShapeNames, cursor_.text());
    if (shape == std::end(kShapeNames)) return std::unexpected(cursor_.unexpected("a vector shape, as i32x4"));
    cursor_.next();
    to.kind = Pattern::Kind::V128;
    to.shape = static_cast<Shape>(shape - kShapeNames);
    to.lanes.resize(lane_count(to.shape));
    for (LanePattern& lane : to.lanes) TRY(number(lane.bits, lane.nan, lane_bits(to.shape), has_float_lanes(to.shape)));
    return {};
  }

  // Lines are counted along with the commands, which come in order.
  uint32_t line_at(uint32_t offset) {
    for (; counted_ < offset; ++counted_) {
      char c = source_[counted_];
      if (c == '\n' || (c == '\r' && !(counted_ + 1 < source_.size() && source_[counted_ + 1] == '\n'))) ++line_;
    }
    return line_;
  }

  std::string_view source_;
  Cursor cursor_;
  uint32_t counted_ = 0;
  uint32_t line_ = 1;
  int malformed_ = 0;
  std::string first_malformed_;
};

}  // namespace

Result<Script> parse_wast(std::string_view source) {
  TokenList list = TRY(lex(Source(source)));
  return ScriptParser(source, std::move(list.tokens)).run();
}

Result<std::vector<uint8_t>> encode_module(const Script& script, const ScriptModule& module,
                                           const wasm::Features& features) {
  switch (module.form) {
    case ScriptModule::Form::Text:
      return parse_wat_in_script(Source(script.source, module.text.begin, module.text.end), features);
    case ScriptModule::Form::Binary:
      return std::vector<uint8_t>(module.bytes.begin(), module.bytes.end());
    case ScriptModule::Form::Quote:
      return parse_wat(module.bytes, features);
    case ScriptModule::Form::Instance:
      return fail("an instance has no module of its own", ErrorKind::Usage);
    case ScriptModule::Form::Component:
      return fail("needs the Component Model, which this version does not implement", ErrorKind::Unsupported);
  }
  return fail("unknown form of a module", ErrorKind::Usage);
}

}  // namespace vitrine::text
