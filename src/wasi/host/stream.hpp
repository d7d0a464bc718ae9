// A stream of bytes in or out: nothing, a host descriptor, memory of the host's, or functions of its.
//
// May be shared, also by guests. No call waits (EAGAIN) but `prepare` and `wait`, and those know nothing of guest
// memory: functions of the embedder's run there, or are given a copy, for they may do anything, also let the guest's
// memory move.
#pragma once

#include <vitrine/result.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "os/fd.hpp"
#include "os/fork.hpp"
#include "os/sys_result.hpp"
#include "wasi/host/channel.hpp"

namespace vitrine::wasi::host {

class Stream {
 public:
  /// Fills in what there is and answers how much; 0 is the end. May wait.
  using Reader = std::function<Result<size_t>(std::span<uint8_t>)>;
  /// Takes some, and answers how much.
  using Writer = std::function<Result<size_t>(std::span<const uint8_t>)>;

  /// Reads as empty; takes what is written and forgets it.
  static std::shared_ptr<Stream> none();
  /// The host's own descriptor `fd`, which stays the host's.
  static std::shared_ptr<Stream> inherit(int fd);
  static std::shared_ptr<Stream> from_fd(os::FileDescriptor fd);
  /// Reads as `text`.
  static std::shared_ptr<Stream> input(std::string text);
  /// Keeps what is written, up to `limit` bytes; beyond it a write fails as on a full disk.
  static std::shared_ptr<Stream> output(size_t limit = 64 << 20);
  static std::shared_ptr<Stream> reader(Reader read);
  static std::shared_ptr<Stream> writer(Writer write);

  /// To be called before `read`, while no buffer is held: asks a `reader` for more if it has no more. Another guest may
  /// take it first; `read` answers EAGAIN then.
  os::SysResult<> prepare();
  os::SysResult<size_t> read(std::span<const iovec> to, const Interrupt& interrupt);
  /// Of a `writer`: nothing may be held of guest memory afterwards, `from` included.
  os::SysResult<size_t> write(std::span<const iovec> from, const Interrupt& interrupt);
  /// Of a `reader`, as `prepare`.
  os::SysResult<> wait(Direction direction, const Interrupt& interrupt);
  /// Whether functions of the embedder's are called.
  bool calls_out() const { return kind_ == Kind::Reader || kind_ == Kind::Writer; }
  /// What an `output` stream has taken so far. Any thread.
  std::string contents() const;

  bool is_terminal() const;
  /// The descriptor to poll; -1 if the stream is always ready.
  int poll_fd() const { return kind_ == Kind::Fd && !channel_.is_direct() ? channel_.fd() : -1; }
  /// How many bytes can be read without waiting, as far as is known; at least 1 if unknown.
  size_t available() const;

 private:
  enum class Kind : uint8_t { None, Fd, Input, Output, Reader, Writer };

  explicit Stream(Kind kind) : kind_(kind) {}
  os::SysResult<size_t> take_text(std::span<const iovec> to, const Interrupt& interrupt);
  os::SysResult<size_t> keep(std::span<const iovec> from, const Interrupt& interrupt);
  os::SysResult<size_t> write_out(std::span<const iovec> from);

  Kind kind_;
  Channel channel_;
  os::FileDescriptor owned_;
  mutable os::ForkSafe<std::mutex> mutex_;  // guards what follows: the host may look while the guest runs
  std::string text_;                        // of Input, and what a Reader delivered last
  size_t position_ = 0;
  bool delivered_ = false;  // by a Reader, and not all taken: with no text left, the end
  // Of Output: blocks of at most kBlock, so that growing copies none of what is there.
  std::deque<std::string> blocks_;
  size_t size_ = 0, limit_ = 0;
  Reader reader_;
  Writer writer_;
};

}  // namespace vitrine::wasi::host
