#include "cli/wast/runner.hpp"

#include <fmt/format.h>
#include <vitrine/vitrine.hpp>

#include <cstring>
#include <span>
#include <variant>

#include "base/result.hpp"
#include "cli/wast/spectest.hpp"
#include "text/wast_parser.hpp"
#include "wasm/features.hpp"

namespace vitrine::cli {

namespace {

using text::Action;
using text::Command;
using text::Const;
using text::Pattern;
using text::ScriptModule;

/// Why a command was not run: a feature that is not there.
struct Skip {
  std::string reason;
};
struct Failed {
  std::string message;  // what was expected, what came
};
struct Passed {};
using Verdict = std::variant<Passed, Failed, Skip>;

/// A name of the script: an instance, or why there is none.
using MaybeInstance = std::variant<Instance, Skip>;
using MaybeModule = std::variant<Module, Skip>;

const char* kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Malformed:
      return "malformed";
    case ErrorKind::Invalid:
      return "invalid";
    case ErrorKind::Unsupported:
      return "unsupported";
    case ErrorKind::Limit:
      return "over a limit";
    case ErrorKind::Link:
      return "unlinkable";
    case ErrorKind::Trap:
      return "a trap";
    default:
      return "an error";
  }
}

std::string describe(const Error& e) {
  return fmt::format("{}: {}", kind_name(e.kind()), e.message());
}

/// The number of a script's `(ref.extern N)`.
std::optional<uint64_t> number_of(const Val& v) {
  auto ref = v.externref();
  if (const auto* number = ref ? ref->get<uint64_t>() : nullptr) return *number;
  return std::nullopt;
}

/// A vector by the bits of its lanes: "v128 i32x4 0x00000001 ...".
std::string describe(text::Shape shape, std::span<const text::LanePattern> lanes) {
  std::string all = fmt::format("v128 {}", name_of(shape));
  for (const text::LanePattern& lane : lanes) {
    if (lane.nan == text::NanPattern::None) {
      all += fmt::format(" 0x{:0{}x}", lane.bits, text::lane_bits(shape) / 4);
    } else {
      all += lane.nan == text::NanPattern::Canonical ? " nan:canonical" : " nan:arithmetic";
    }
  }
  return all;
}

std::string describe(text::Shape shape, const V128& v) {
  std::vector<text::LanePattern> lanes(text::lane_count(shape));
  const size_t bytes = text::lane_bits(shape) / 8;
  for (size_t i = 0; i < lanes.size(); ++i) std::memcpy(&lanes[i].bits, v.bytes.data() + i * bytes, bytes);
  return describe(shape, lanes);
}

/// What a vector is expected as, where one is.
text::Shape shape_of(const Pattern& p) {
  return p.kind == Pattern::Kind::Either && !p.alternatives.empty() ? shape_of(p.alternatives[0]) : p.shape;
}

/// A vector is said in lanes of `shape`.
std::string describe(const Val& v, text::Shape shape) {
  switch (v.kind()) {
    case ValKind::I32:
      return fmt::format("i32 {} ({:#x})", v.i32(), static_cast<uint32_t>(v.i32()));
    case ValKind::I64:
      return fmt::format("i64 {} ({:#x})", v.i64(), static_cast<uint64_t>(v.i64()));
    case ValKind::F32:
      return fmt::format("f32 {} ({:#x})", v.f32(), v.f32_bits());
    case ValKind::F64:
      return fmt::format("f64 {} ({:#x})", v.f64(), v.f64_bits());
    case ValKind::V128:
      return describe(shape, v.v128());
    default:
      if (auto number = number_of(v)) return fmt::format("externref {}", *number);
      return fmt::format("a {}{}", v.is_null() ? "null " : "", name_of(v.kind()));
  }
}

std::string describe(const Pattern& p) {
  switch (p.kind) {
    case Pattern::Kind::I32:
      return fmt::format("i32 {} ({:#x})", static_cast<int32_t>(p.bits), p.bits);
    case Pattern::Kind::I64:
      return fmt::format("i64 {} ({:#x})", static_cast<int64_t>(p.bits), p.bits);
    case Pattern::Kind::F32:
    case Pattern::Kind::F64: {
      const char* type = p.kind == Pattern::Kind::F32 ? "f32" : "f64";
      if (p.nan == text::NanPattern::Canonical) return fmt::format("{} nan:canonical", type);
      if (p.nan == text::NanPattern::Arithmetic) return fmt::format("{} nan:arithmetic", type);
      return fmt::format("{} {:#x}", type, p.bits);
    }
    case Pattern::Kind::V128:
      return describe(p.shape, p.lanes);
    case Pattern::Kind::RefNull:
      return "a null reference";
    case Pattern::Kind::RefFunc:
      return "a funcref";
    case Pattern::Kind::RefExtern:
      return p.number ? fmt::format("externref {}", *p.number) : "an externref";
    case Pattern::Kind::Either: {
      std::string all;
      for (const Pattern& alternative : p.alternatives)
        all += fmt::format("{}{}", all.empty() ? "" : " or ", describe(alternative));
      return all;
    }
    default:
      return "another value";
  }
}

bool matches(const Pattern& p, const Val& v) {
  switch (p.kind) {
    case Pattern::Kind::I32:
      return v.kind() == ValKind::I32 && p.matches_bits(static_cast<uint32_t>(v.i32()));
    case Pattern::Kind::I64:
      return v.kind() == ValKind::I64 && p.matches_bits(static_cast<uint64_t>(v.i64()));
    case Pattern::Kind::F32:
      return v.kind() == ValKind::F32 && p.matches_bits(v.f32_bits());
    case Pattern::Kind::F64:
      return v.kind() == ValKind::F64 && p.matches_bits(v.f64_bits());
    case Pattern::Kind::V128:
      return v.kind() == ValKind::V128 && p.matches_v128(v.v128().bytes);
    case Pattern::Kind::RefNull:
      return v.is_null();
    case Pattern::Kind::RefFunc:
      return v.kind() == ValKind::FuncRef && !v.is_null();
    case Pattern::Kind::RefExtern:
      return v.kind() == ValKind::ExternRef && !v.is_null() && (!p.number || number_of(v) == *p.number);
    case Pattern::Kind::Ref:
      return v.is_ref() && !v.is_null();
    case Pattern::Kind::Either:
      for (const Pattern& alternative : p.alternatives) {
        if (matches(alternative, v)) return true;
      }
      return false;
    default:
      return false;
  }
}

/// The host's message against the script's: either may say more than the other.
bool message_fits(std::string_view expected, std::string_view actual) {
  if (actual.find(expected) != std::string_view::npos) return true;
  constexpr std::string_view kPrefix = "wasm trap: ";
  if (actual.starts_with(kPrefix)) actual.remove_prefix(kPrefix.size());
  return expected.starts_with(actual);  // "uninitialized element 2"
}

class Runner {
 public:
  Runner(const Engine& engine, const std::string& name, const text::Script& script, const RunnerOptions& options,
         ScriptResult& result)
      : engine_(engine),
        name_(name),
        script_(script),
        options_(options),
        result_(result),
        store_(engine),
        linker_(engine) {
    linker_.allow_shadowing(true);
    for (auto& [key, on] : engine.config().features()) {
      if (auto f = wasm::find_feature(key)) features_.set(*f, on);
    }
  }

  void run() {
    // Metering, where it is on, changes the code but not what a script may do.
    (void)store_.set_fuel(uint64_t{1} << 62);
    store_.set_epoch_deadline(uint64_t{1} << 62);
    if (auto ok = define_spectest(linker_, store_); !ok) {
      result_.failures.push_back(fmt::format("{}: spectest: {}", name_, ok.error().message()));
      ++result_.failed;
      return;
    }
    run(script_.commands);
  }

 private:
  void run(const std::vector<Command>& commands) {
    for (const Command& c : commands) {
      if (c.kind == Command::Kind::Thread) run_skipped(c.commands, "needs the feature 'threads'");
      count(c, verdict_of(c));
    }
  }

  void run_skipped(const std::vector<Command>& commands, const std::string& reason) {
    for (const Command& c : commands) {
      run_skipped(c.commands, reason);
      count(c, Skip{reason});
    }
  }

  void count(const Command& c, const Verdict& v) {
    if (std::holds_alternative<Passed>(v)) {
      ++result_.passed;
    } else if (auto* skip = std::get_if<Skip>(&v)) {
      ++result_.skipped;
      ++result_.skip_reasons[skip->reason];
    } else {
      ++result_.failed;
      result_.failures.push_back(fmt::format("{}:{}: {}", name_, c.line, std::get<Failed>(v).message));
    }
  }

  Verdict verdict_of(const Command& c) {
    switch (c.kind) {
      case Command::Kind::Module:
        return define(*c.module);
      case Command::Kind::Component:
        return Skip{"needs the feature 'component-model'"};
      case Command::Kind::Register:
        return register_instance(c);
      case Command::Kind::Action:
        return expect_return(c, false);
      case Command::Kind::AssertReturn:
        return expect_return(c, true);
      case Command::Kind::AssertTrap:
      case Command::Kind::AssertExhaustion:
      case Command::Kind::AssertUninstantiable:
        return expect_trap(c);
      case Command::Kind::AssertInvalid:
        return expect_refused(c, ErrorKind::Invalid);
      case Command::Kind::AssertMalformed:
        return expect_refused(c, ErrorKind::Malformed);
      case Command::Kind::AssertUnlinkable:
        return expect_unlinkable(c);
      case Command::Kind::AssertException:
        return Skip{"needs the feature 'exceptions'"};
      case Command::Kind::AssertSuspension:
        return Skip{"needs the feature 'stack-switching'"};
      case Command::Kind::AssertInvalidCustom:
      case Command::Kind::AssertMalformedCustom:
        return Skip{"custom annotations are not read"};
      case Command::Kind::Thread:
      case Command::Kind::Wait:
        return Skip{"needs the feature 'threads'"};
      case Command::Kind::Malformed:
        return Failed{fmt::format("expected a command, and this is none: {}", c.message)};
    }
    return Failed{"unknown command"};
  }

  // -- modules

  Result<Module> compile(const ScriptModule& m) {
    auto bytes = TRY(text::encode_module(script_, m, features_));
    // Bytes that do not begin with the magic number would be taken for text, and here they are a malformed binary.
    if (bytes.size() < 4 || bytes[0] != 0) {
      if (auto refused = Module::validate(engine_, bytes); !refused) return std::unexpected(std::move(refused).error());
    }
    return Module::compile(engine_, bytes);
  }

  /// Either skipped, failed, or `out`.
  std::optional<Verdict> make_module(const ScriptModule& m, std::optional<Module>& out) {
    auto made = compile(m);
    if (made) {
      out = std::move(*made);
      return std::nullopt;
    }
    if (made.error().kind() == ErrorKind::Unsupported) return Skip{feature_of(made.error())};
    return Failed{fmt::format("expected a valid module, came {}", describe(made.error()))};
  }

  static std::string feature_of(const Error& e) {
    // "... needs the feature 'simd', ..."
    std::string_view message = e.message();
    size_t begin = message.find("needs the feature '");
    if (begin == std::string_view::npos) return std::string(message);
    size_t end = message.find('\'', begin + 19);
    return std::string(message.substr(begin, end == std::string_view::npos ? end : end + 1 - begin));
  }

  Verdict define(const ScriptModule& m) {
    if (m.form == ScriptModule::Form::Instance) return instantiate_definition(m);
    std::optional<Module> module;
    if (auto verdict = make_module(m, module)) {
      auto* skip = std::get_if<Skip>(&*verdict);
      Skip reason = skip ? *skip : Skip{"the module it uses failed"};
      definitions_.insert_or_assign(m.name, reason);
      definitions_.insert_or_assign("", reason);
      if (!m.is_definition) remember(m.name, reason);
      return *verdict;
    }
    definitions_.insert_or_assign(m.name, *module);
    definitions_.insert_or_assign("", *module);
    if (m.is_definition) return Passed{};
    return instantiate(m.name, *module);
  }

  Verdict instantiate_definition(const ScriptModule& m) {
    auto found = definitions_.find(m.definition);
    if (found == definitions_.end())
      return Failed{fmt::format("expected a definition ${}, there is none", m.definition)};
    if (auto* skip = std::get_if<Skip>(&found->second)) {
      remember(m.name, *skip);
      return *skip;
    }
    return instantiate(m.name, std::get<Module>(found->second));
  }

  Verdict instantiate(const std::string& name, const Module& module) {
    for (const ImportType& i : module.imports()) {
      if (auto skipped = skipped_modules_.find(i.module); skipped != skipped_modules_.end()) {
        remember(name, skipped->second);
        return skipped->second;
      }
    }
    auto instance = linker_.instantiate(store_, module);
    if (!instance) {
      remember(name, Skip{"the module it uses failed"});
      return Failed{fmt::format("expected an instance, came {}", describe(instance.error()))};
    }
    remember(name, *instance);
    return Passed{};
  }

  void remember(const std::string& name, const MaybeInstance& instance) {
    instances_.insert_or_assign("", instance);
    if (!name.empty()) instances_.insert_or_assign(name, instance);
  }

  Verdict register_instance(const Command& c) {
    auto found = instances_.find(c.instance);
    if (found == instances_.end()) return Failed{fmt::format("expected an instance ${}, there is none", c.instance)};
    if (auto* skip = std::get_if<Skip>(&found->second)) {
      skipped_modules_.insert_or_assign(c.name, *skip);
      return *skip;
    }
    skipped_modules_.erase(c.name);
    auto ok = linker_.instance(c.name, std::get<Instance>(found->second));
    if (!ok) return Failed{fmt::format("expected to register it, came {}", describe(ok.error()))};
    return Passed{};
  }

  // -- actions

  std::variant<Result<std::vector<Val>>, Verdict> perform(const Action& action) {
    auto found = instances_.find(action.instance);
    if (found == instances_.end()) {
      return Verdict(Failed{fmt::format("expected an instance ${}, there is none", action.instance)});
    }
    if (auto* skip = std::get_if<Skip>(&found->second)) return Verdict(*skip);
    Instance instance = std::get<Instance>(found->second);
    if (action.kind == Action::Kind::Get) {
      auto global = instance.global(action.name);
      if (!global) return Result<std::vector<Val>>(std::unexpected(std::move(global).error()));
      auto value = global->get();
      if (!value) return Result<std::vector<Val>>(std::unexpected(std::move(value).error()));
      return Result<std::vector<Val>>(std::vector{*std::move(value)});
    }
    auto func = instance.func(action.name);
    if (!func) return Result<std::vector<Val>>(std::unexpected(std::move(func).error()));
    auto type = func->type();
    if (!type) return Result<std::vector<Val>>(std::unexpected(std::move(type).error()));
    std::vector<Val> args;
    for (size_t i = 0; i < action.args.size(); ++i) {
      const Const& a = action.args[i];
      switch (a.kind) {
        case Const::Kind::I32:
          args.emplace_back(static_cast<int32_t>(a.bits));
          break;
        case Const::Kind::I64:
          args.emplace_back(static_cast<int64_t>(a.bits));
          break;
        case Const::Kind::F32:
          args.push_back(Val::f32_from_bits(static_cast<uint32_t>(a.bits)));
          break;
        case Const::Kind::F64:
          args.push_back(Val::f64_from_bits(a.bits));
          break;
        case Const::Kind::RefExtern:
          args.push_back(ExternRef::make(store_, uint64_t{a.number}));
          break;
        case Const::Kind::RefNull:
          args.push_back(Val::null(i < type->params.size() ? type->params[i].kind() : ValKind::FuncRef));
          break;
        case Const::Kind::V128:
          args.emplace_back(V128{a.v128});
          break;
        case Const::Kind::RefHost:
          return Verdict(Skip{"needs the feature 'gc'"});
        case Const::Kind::Other:
          return Verdict(Failed{"an argument of the action is of no known form"});
      }
    }
    return func->call(args);
  }

  Verdict expect_return(const Command& c, bool compare) {
    auto performed = perform(*c.action);
    if (auto* verdict = std::get_if<Verdict>(&performed)) return *verdict;
    auto& results = std::get<Result<std::vector<Val>>>(performed);
    if (!results)
      return Failed{fmt::format("expected \"{}\" to return, came {}", c.action->name, describe(results.error()))};
    if (!compare) return Passed{};
    if (results->size() != c.expected.size()) {
      return Failed{
          fmt::format("expected {} results of \"{}\", came {}", c.expected.size(), c.action->name, results->size())};
    }
    for (size_t i = 0; i < results->size(); ++i) {
      if (!matches(c.expected[i], (*results)[i])) {
        return Failed{fmt::format("expected {} as result {} of \"{}\", came {}", describe(c.expected[i]), i,
                                  c.action->name, describe((*results)[i], shape_of(c.expected[i])))};
      }
    }
    return Passed{};
  }

  Verdict expect_trap(const Command& c) {
    std::optional<Error> error;
    if (c.action) {
      auto performed = perform(*c.action);
      if (auto* verdict = std::get_if<Verdict>(&performed)) return *verdict;
      auto& results = std::get<Result<std::vector<Val>>>(performed);
      if (results) return Failed{fmt::format("expected \"{}\" to trap ({}), it returned", c.action->name, c.message)};
      error = std::move(results).error();
    } else {
      std::optional<Module> module;
      if (auto verdict = make_module(*c.module, module)) return *verdict;
      for (const ImportType& i : module->imports()) {
        if (auto skipped = skipped_modules_.find(i.module); skipped != skipped_modules_.end()) return skipped->second;
      }
      auto instance = linker_.instantiate(store_, *module);
      if (instance) return Failed{fmt::format("expected instantiation to trap ({}), it succeeded", c.message)};
      error = std::move(instance).error();
    }
    if (error->kind() != ErrorKind::Trap)
      return Failed{fmt::format("expected a trap ({}), came {}", c.message, describe(*error))};
    if (!options_.ignore_messages && !message_fits(c.message, error->message())) {
      return Failed{fmt::format("expected the trap \"{}\", came \"{}\"", c.message, error->message())};
    }
    return Passed{};
  }

  Verdict expect_refused(const Command& c, ErrorKind kind) {
    auto made = compile(*c.module);
    if (made) return Failed{fmt::format("expected {} module ({}), and it was accepted", kind_name(kind), c.message)};
    ErrorKind came = made.error().kind();
    // A module over a limit is refused either way; the specification has no word for it.
    if (came == kind || (came == ErrorKind::Limit && kind == ErrorKind::Invalid)) return Passed{};
    if (came == ErrorKind::Unsupported) return Skip{feature_of(made.error())};
    return Failed{fmt::format("expected {} module ({}), came {}", kind_name(kind), c.message, describe(made.error()))};
  }

  Verdict expect_unlinkable(const Command& c) {
    std::optional<Module> module;
    if (auto verdict = make_module(*c.module, module)) return *verdict;
    for (const ImportType& i : module->imports()) {
      if (auto skipped = skipped_modules_.find(i.module); skipped != skipped_modules_.end()) return skipped->second;
    }
    auto instance = linker_.instantiate(store_, *module);
    if (instance) return Failed{fmt::format("expected it not to link ({}), it did", c.message)};
    if (instance.error().kind() != ErrorKind::Link) {
      return Failed{fmt::format("expected a link error ({}), came {}", c.message, describe(instance.error()))};
    }
    return Passed{};
  }

  const Engine& engine_;
  const std::string& name_;
  const text::Script& script_;
  const RunnerOptions& options_;
  ScriptResult& result_;
  wasm::Features features_ = wasm::Features::core_only();
  Store store_;
  Linker linker_;
  std::map<std::string, MaybeInstance> instances_;            // "" is the latest
  std::map<std::string, MaybeModule> definitions_;            // likewise
  std::map<std::string, Skip, std::less<>> skipped_modules_;  // registered names whose instance was skipped
};

}  // namespace

ScriptResult run_script(const Engine& engine, const std::string& name, std::string_view source,
                        const RunnerOptions& options) {
  ScriptResult result;
  auto script = text::parse_wast(source);
  if (!script) {
    ++result.failed;
    result.failures.push_back(fmt::format("{}: {}", name, script.error().message()));
    return result;
  }
  Runner(engine, name, *script, options, result).run();
  return result;
}

}  // namespace vitrine::cli
