#include "wasm/features.hpp"

#include <fmt/format.h>

namespace vitrine::wasm {

std::optional<Feature> find_feature(std::string_view key) {
  for (size_t i = 0; i < kFeatureCount; ++i) {
    if (kFeatures[i].key == key) return static_cast<Feature>(i);
  }
  return std::nullopt;
}

std::string feature_refusal(Feature f) {
  const FeatureInfo& row = info(f);
  if (!row.implemented) return fmt::format("needs the feature '{}', which this version does not implement", row.key);
  return fmt::format("needs the feature '{0}', which is off; turn it on with -W {0}", row.key);
}

ErrorKind feature_error_kind(Feature f) {
  return info(f).stage == Stage::Proposal ? ErrorKind::Malformed : ErrorKind::Unsupported;
}

}  // namespace vitrine::wasm
