#include "os/page_map.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <vector>

namespace vitrine::os {
namespace {

// Twelve pages: four of a file, mapped copy-on-write, and eight that are zero.
class PageMapTest : public ::testing::Test {
 protected:
  void SetUp() override {
    file_ = std::move(*sealed_memfd("test", std::vector<uint8_t>(4 * kPage, 7)));
    space_ = *Reservation::make(12 * kPage);
    ASSERT_TRUE(space_.make_accessible(0, 12 * kPage));
    ASSERT_TRUE(space_.map_file(0, 4 * kPage, file_.get(), 0));
    PageMap::Run room[1];
    if (!map_.present({space_.data(), kPage}, room)) GTEST_SKIP() << "the system does not say";
  }

  uint8_t& byte(size_t page, size_t offset = 0) { return space_.data()[page * kPage + offset]; }
  /// "3-4 9" for pages 3, 4 and 9; "many" if there are `room` or more. Without pages of zeros.
  std::string written(size_t room = 13) {
    std::vector<PageMap::Run> runs(room);
    const auto found = map_.present({space_.data(), space_.size()}, runs);
    if (!found) return "many";
    std::string pages;
    for (const auto& [bytes, is_zero] : *found) {
      const size_t from = static_cast<size_t>(bytes.data() - space_.data()) / kPage;
      const size_t to = from + bytes.size() / kPage - 1;
      if (is_zero)
        zeros_ += to - from + 1;
      else
        pages += (pages.empty() ? "" : " ") + std::to_string(from) + (to > from ? "-" + std::to_string(to) : "");
    }
    return pages;
  }

  const size_t kPage = page_size();
  FileDescriptor file_;
  Reservation space_;
  PageMap map_;
  size_t zeros_ = 0;
};

TEST_F(PageMapTest, PagesThatWereOnlyReadAreNotAmongThem) {
  EXPECT_EQ(written(), "");
  volatile uint8_t sum = 0;
  for (size_t i = 0; i < 12; ++i) sum = static_cast<uint8_t>(sum + byte(i));
  EXPECT_EQ(sum, 4 * 7);
  EXPECT_EQ(written(), "");
  EXPECT_EQ(zeros_, 8u) << "those that no file is behind are all the same one";
  byte(3, 5) = byte(4) = byte(9, kPage - 1) = 1;
  byte(11) = 0;  // its own from now on, whatever is written
  EXPECT_EQ(written(), "3-4 9 11");
  ASSERT_TRUE(space_.discard(0, 12 * kPage));
  EXPECT_EQ(written(), "");
}

TEST_F(PageMapTest, AsManyAsThereIsRoomForMayNotBeAll) {
  for (size_t i : {1, 2, 3, 7}) byte(i) = 1;
  EXPECT_EQ(written(5), "1-3 7");
  EXPECT_EQ(written(4), "many");
  EXPECT_EQ(written(3), "many");
  EXPECT_EQ(written(1), "many");
}

TEST_F(PageMapTest, AChildIsToldOfItsOwnPages) {
  byte(2) = 1;
  ASSERT_EQ(written(), "2");
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);
    byte(6) = 1;
    const bool knows = written() == "2 6";
    // So is the child's child.
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      byte(8) = 1;
      _exit(written() == "2 6 8" ? 0 : 1);
    }
    int status = 0;
    waitpid(grandchild, &status, 0);
    _exit(knows && status == 0 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(written(), "2");
}

}  // namespace
}  // namespace vitrine::os
