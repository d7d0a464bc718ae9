// The numbers and layouts of WASI 0.1 (wasi_snapshot_preview1) and of wasi_unstable before it, as they lie in guest
// memory.
#pragma once

#include <cstdint>

namespace vitrine::wasi::p1 {

/// Which of the two module names a function was imported from.
enum class Abi : uint8_t { Preview1, Unstable };

inline const char* module_name(Abi abi) {
  return abi == Abi::Preview1 ? "wasi_snapshot_preview1" : "wasi_unstable";
}

namespace rights {
inline constexpr uint64_t kFdDatasync = 1u << 0;
inline constexpr uint64_t kFdRead = 1u << 1;
inline constexpr uint64_t kFdSeek = 1u << 2;
inline constexpr uint64_t kFdFdstatSetFlags = 1u << 3;
inline constexpr uint64_t kFdSync = 1u << 4;
inline constexpr uint64_t kFdTell = 1u << 5;
inline constexpr uint64_t kFdWrite = 1u << 6;
inline constexpr uint64_t kFdAdvise = 1u << 7;
inline constexpr uint64_t kFdAllocate = 1u << 8;
inline constexpr uint64_t kPathCreateDirectory = 1u << 9;
inline constexpr uint64_t kPathCreateFile = 1u << 10;
inline constexpr uint64_t kPathLinkSource = 1u << 11;
inline constexpr uint64_t kPathLinkTarget = 1u << 12;
inline constexpr uint64_t kPathOpen = 1u << 13;
inline constexpr uint64_t kFdReaddir = 1u << 14;
inline constexpr uint64_t kPathReadlink = 1u << 15;
inline constexpr uint64_t kPathRenameSource = 1u << 16;
inline constexpr uint64_t kPathRenameTarget = 1u << 17;
inline constexpr uint64_t kPathFilestatGet = 1u << 18;
inline constexpr uint64_t kPathFilestatSetSize = 1u << 19;
inline constexpr uint64_t kPathFilestatSetTimes = 1u << 20;
inline constexpr uint64_t kFdFilestatGet = 1u << 21;
inline constexpr uint64_t kFdFilestatSetSize = 1u << 22;
inline constexpr uint64_t kFdFilestatSetTimes = 1u << 23;
inline constexpr uint64_t kPathSymlink = 1u << 24;
inline constexpr uint64_t kPathRemoveDirectory = 1u << 25;
inline constexpr uint64_t kPathUnlinkFile = 1u << 26;
inline constexpr uint64_t kPollFdReadwrite = 1u << 27;
inline constexpr uint64_t kSockShutdown = 1u << 28;
inline constexpr uint64_t kSockAccept = 1u << 29;
}  // namespace rights

namespace fdflags {
inline constexpr uint32_t kAppend = 1, kDsync = 2, kNonblock = 4, kRsync = 8, kSync = 16, kAll = 31;
}
namespace oflags {
inline constexpr uint32_t kCreat = 1, kDirectory = 2, kExcl = 4, kTrunc = 8, kAll = 15;
}
namespace fstflags {
inline constexpr uint32_t kAtim = 1, kAtimNow = 2, kMtim = 4, kMtimNow = 8, kAll = 15;
}
namespace lookupflags {
inline constexpr uint32_t kSymlinkFollow = 1, kAll = 1;
}
namespace clockid {
inline constexpr uint32_t kRealtime = 0, kMonotonic = 1, kProcessCputime = 2, kThreadCputime = 3;
}
namespace filetype {
inline constexpr uint8_t kUnknown = 0, kBlockDevice = 1, kCharacterDevice = 2, kDirectory = 3, kRegularFile = 4,
                         kSocketDgram = 5, kSocketStream = 6, kSymbolicLink = 7;
}
namespace eventtype {
inline constexpr uint8_t kClock = 0, kFdRead = 1, kFdWrite = 2;
}
inline constexpr uint16_t kSubclockAbstime = 1;
inline constexpr uint16_t kEventHangup = 1;
inline constexpr uint32_t kAdviceCount = 6;
inline constexpr uint32_t kRiPeek = 1, kRiWaitall = 2;
inline constexpr uint16_t kRoDataTruncated = 1;
inline constexpr uint32_t kSdRd = 1, kSdWr = 2;
/// The number that fd_readdir's cookies and preopens start from.
inline constexpr uint64_t kDircookieStart = 0;
inline constexpr uint32_t kFirstPreopen = 3;

/// Where things lie in guest memory, and how large they are. All are aligned to 8 but iovec and prestat (4).
struct Layout {
  static constexpr uint32_t kIovecSize = 8, kPrestatSize = 8, kFdstatSize = 24, kDirentSize = 24, kEventSize = 32;
  uint32_t filestat_size;
  uint32_t filestat_nlink, filestat_nlink_bytes, filestat_size_at, filestat_times;
  uint32_t subscription_size;
  uint32_t clock_id, clock_timeout, clock_flags;  // in a clock subscription
};
inline constexpr Layout kLayouts[] = {
    {64, 24, 8, 32, 40, 48, 16, 24, 40},  // wasi_snapshot_preview1
    {56, 20, 4, 24, 32, 56, 24, 32,
     48},  // wasi_unstable: 32-bit link counts, and clocks with an identifier of their own
};
inline const Layout& layout_of(Abi abi) {
  return kLayouts[static_cast<int>(abi)];
}

}  // namespace vitrine::wasi::p1
