// Features (proposals) as a bit set: which of them a module may use.
//
// A `Features` answers `has` only for what is switched on AND implemented in this version; so no code below it can meet
// an operator or type that the compiler does not know. What to say to the user about the rest: `feature_error`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace vitrine::wasm {

enum class Feature : uint8_t {
#define FEATURE(name, ...) name,
#include "wasm/features.def"
#undef FEATURE
};

/// In which release of the specification a feature became part of the language.
enum class Stage : uint8_t { W1, W2, W3, Proposal };

struct FeatureInfo {
  std::string_view name;  // as the enumerator
  std::string_view key;   // of `-W <key>`
  Stage stage;
  bool default_on;
  bool implemented;
};

namespace feature_words {  // what the columns of features.def mean
inline constexpr bool On = true, Off = false, Yes = true, No = false;
}

inline constexpr FeatureInfo kFeatures[] = {
#define FEATURE(name, key, stage, on, implemented) \
  {#name, key, Stage::stage, feature_words::on, feature_words::implemented},
#include "wasm/features.def"
#undef FEATURE
};
inline constexpr size_t kFeatureCount = std::size(kFeatures);
static_assert(kFeatureCount <= 64, "Features is one 64-bit word");

constexpr const FeatureInfo& info(Feature f) {
  return kFeatures[static_cast<size_t>(f)];
}

class Features {
 public:
  /// Everything that is implemented and on by default.
  constexpr Features() : bits_(default_bits()) {}
  /// The language of 1.0 and nothing else.
  static constexpr Features core_only() { return Features(bit(Feature::Core)); }
  /// Everything implemented.
  static constexpr Features all() { return Features(implemented_bits()); }
  static constexpr Features from_bits(uint64_t bits) { return Features(bits & implemented_bits()); }

  constexpr bool has(Feature f) const { return (bits_ & bit(f)) != 0; }
  /// Switches `f`; switching on what is not implemented changes nothing (ask `info(f).implemented` first).
  constexpr void set(Feature f, bool on) {
    if (on) {
      bits_ |= bit(f) & implemented_bits();
    } else {
      bits_ &= ~bit(f);
    }
  }
  constexpr Features with(Feature f, bool on = true) const {
    Features copy = *this;
    copy.set(f, on);
    return copy;
  }
  constexpr uint64_t bits() const { return bits_; }
  friend constexpr bool operator==(Features, Features) = default;

 private:
  constexpr explicit Features(uint64_t bits) : bits_(bits) {}
  static constexpr uint64_t bit(Feature f) { return uint64_t{1} << static_cast<unsigned>(f); }
  static constexpr uint64_t implemented_bits() {
    uint64_t bits = 0;
    for (size_t i = 0; i < kFeatureCount; ++i) bits |= uint64_t{kFeatures[i].implemented} << i;
    return bits;
  }
  static constexpr uint64_t default_bits() {
    uint64_t bits = 0;
    for (size_t i = 0; i < kFeatureCount; ++i) bits |= uint64_t{kFeatures[i].default_on} << i;
    return bits & implemented_bits();
  }

  uint64_t bits_;
};

/// The feature of `-W <key>`, if there is one.
std::optional<Feature> find_feature(std::string_view key);

/// Why something that needs `f` is refused: "needs the feature 'simd', which this version does not implement", or "...,
/// which is off; turn it on with -W tail-call".
std::string feature_refusal(Feature f);

/// How a refused use of `f` is classified: encodings of a feature outside the released specification are malformed in
/// it; the others are `Unsupported`.
ErrorKind feature_error_kind(Feature f);

}  // namespace vitrine::wasm
