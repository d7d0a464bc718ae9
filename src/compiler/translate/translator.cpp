#include "compiler/translate/translator.hpp"

#include <fmt/format.h>

namespace vitrine::translate {

Translator::Translator(const ModuleEnv& env, const wasm::Features& features)
    : translator_(env), reader_(env.module, features) {}

Result<Mode> Translator::translate(uint32_t index, Mode mode, ir::Func& out) {
  translator_.prepare(mode, out);
  TRY(reader_.read(index, translator_));
  if (!translator_.over_budget()) return mode;
  if (mode == Mode::Ssa) return translate(index, Mode::Fast, out);
  return fail(fmt::format("function {} is too large: its branches and calls carry more than {} values", index,
                          FunctionTranslator::kMaxCarried),
              ErrorKind::Limit);
}

}  // namespace vitrine::translate
