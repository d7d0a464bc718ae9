#include "wasm/opcode.hpp"

#include <gtest/gtest.h>

#include <set>

namespace vitrine::wasm {
namespace {

TEST(Opcodes, EveryOneIsFoundByEncodingAndMnemonic) {
  for (size_t i = 0; i < kOpCount; ++i) {
    Op op = static_cast<Op>(i);
    EXPECT_EQ(find_op(kOps[i].prefix, kOps[i].code), op) << kOps[i].name;
    auto found = find_op(kOps[i].mnemonic);
    ASSERT_TRUE(found) << kOps[i].mnemonic;
    EXPECT_EQ(info(*found).mnemonic, kOps[i].mnemonic);
  }
  EXPECT_EQ(find_op("i32.nonsense"), std::nullopt);
  EXPECT_EQ(find_op(0, 0xff), Op::Illegal);
  EXPECT_EQ(find_op(0xfc, 0xffff'ffff), Op::Illegal);
  EXPECT_EQ(find_op(0xfd, 0x9a), Op::Illegal);
}

TEST(Opcodes, OnlyThreeMnemonicsHaveTwoEncodings) {
  std::set<std::string_view> seen, twice;
  for (const OpInfo& op : kOps) {
    if (!seen.insert(op.mnemonic).second) twice.insert(op.mnemonic);
  }
  EXPECT_EQ(twice, (std::set<std::string_view>{"ref.cast", "ref.test", "select"}));
}

TEST(Opcodes, SignaturesAreParsed) {
  const Sig& store = info(Op::I64Store8).sig;
  EXPECT_EQ(std::string_view(store.operands, store.operand_count), "al");
  EXPECT_EQ(store.result_count, 0);
  const Sig& wide = info(Op::I64Add128).sig;
  EXPECT_EQ(std::string_view(wide.operands, wide.operand_count), "llll");
  EXPECT_EQ(std::string_view(wide.results, wide.result_count), "ll");
  EXPECT_TRUE(info(Op::Call).sig.custom);
  EXPECT_EQ(info(Op::I64Load32S).aux, 2);
}

TEST(Features, OnlyWhatIsImplementedCanBeOn) {
  Features features;
  EXPECT_TRUE(features.has(Feature::TailCall));
  EXPECT_FALSE(features.has(Feature::Gc));
  features.set(Feature::Gc, true);
  EXPECT_FALSE(features.has(Feature::Gc));
  features.set(Feature::TailCall, false);
  EXPECT_FALSE(features.has(Feature::TailCall));
  EXPECT_EQ(Features::from_bits(features.bits()), features);
  EXPECT_EQ(find_feature("tail-call"), Feature::TailCall);
  EXPECT_EQ(find_feature("no-such"), std::nullopt);
  EXPECT_EQ(feature_refusal(Feature::TailCall),
            "needs the feature 'tail-call', which is off; turn it on with -W tail-call");
  EXPECT_EQ(feature_refusal(Feature::Gc), "needs the feature 'gc', which this version does not implement");
}

}  // namespace
}  // namespace vitrine::wasm
