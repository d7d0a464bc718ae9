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

Result<Mode> Translator::translate(uint32_t index, Mode mode, ir::Func& out) {
  translator_.prepare(mode, out);
  TRY(reader_->read(index, translator_));
  if (!translator_.over_budget()) return mode;
  if (mode == Mode::Ssa) return translate(index, Mode::Fast, out);
  return fail(fmt::format("function {} is too large: its branches and calls carry more than {} values, or compiling it "
                          "needs more than {} MiB",
                          index, FunctionTranslator::kMaxCarried, FunctionTranslator::kMaxWorkingMemory >> 20),
              ErrorKind::Limit);
}

}  // namespace vitrine::translate
