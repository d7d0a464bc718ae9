#include "compiler/translate/translator.hpp"

#include <fmt/format.h>

namespace vitrine::translate {

Translator::Translator(const ModuleEnv& env, const wasm::Features& features)
    : env_(env), features_(features), translator_(env) {
  reader_.emplace(env.module, features);
}

void Translator::release_memory() {
  translator_.release_memory();
  reader_.emplace(env_.module, features_);
}

Result<std::optional<Mode>> Translator::translate(uint32_t index, Mode mode, uint64_t memory, ir::Func& out) {
  translator_.prepare(mode, memory, out);
  TRY(reader_->read(index, translator_));
  if (!translator_.over_budget()) return mode;
  if (translator_.wants_memory()) return std::nullopt;
  return mode == Mode::Ssa ? translate(index, Mode::Fast, memory, out) : Mode::Pieces;
}

Result<> Translator::translate_in_pieces(uint32_t index, ir::Func& scratch, PieceSink& sink, uint32_t piece_insts) {
  translator_.prepare_pieces(piece_insts, scratch, sink);
  TRY(reader_->read(index, translator_));
  if (!translator_.over_budget()) return {};
  return fail(
      fmt::format("function {} is too large: its branches and calls carry more than {} values, or compiling it "
                  "needs too much memory",
                  index,
                  FunctionTranslator::max_carried(Mode::Pieces, env_.module.body_of_function(index).bytes.size())),
      ErrorKind::Limit);
}

}  // namespace vitrine::translate
