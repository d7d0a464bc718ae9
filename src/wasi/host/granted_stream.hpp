// A stream as one guest has it: the stream, which others may have too, and the grant that says what for.
#pragma once

#include <memory>
#include <span>
#include <utility>

#include "base/result.hpp"
#include "wasi/host/gate.hpp"
#include "wasi/host/pieces.hpp"
#include "wasi/host/stat.hpp"
#include "wasi/host/stream.hpp"

namespace vitrine::wasi::host {

class GrantedStream {
 public:
  GrantedStream(std::shared_ptr<Stream> stream, std::shared_ptr<const Grant> grant)
      : stream_(std::move(stream)), grant_(std::move(grant)) {}

  // As Stream's.
  os::SysResult<> prepare() const { return stream_->prepare(); }
  os::SysResult<size_t> read(std::span<const iovec> to) const {
    uint64_t asked = total_size(to);
    TRY(use(*grant_, Verb::Read, asked));
    return moved(Verb::Read, asked, stream_->read(to, grant_->interrupt()));
  }
  os::SysResult<size_t> write(std::span<const iovec> from) const {
    uint64_t asked = total_size(from);
    TRY(use(*grant_, Verb::Write, asked));
    return moved(Verb::Write, asked, stream_->write(from, grant_->interrupt()));
  }
  os::SysResult<> wait(Direction direction) const { return stream_->wait(direction, grant_->interrupt()); }
  /// Counts a wait for it among others.
  os::SysResult<> use_poll() const { return use(*grant_, Verb::Poll); }
  /// Counts that its flags are set, which are its face's: no call of it waits anyway.
  os::SysResult<> use_flags() const { return use(*grant_, Verb::SetFlags); }
  /// Whether it is a terminal is all that is known of it.
  os::SysResult<FileStat> stat() const {
    TRY(use(*grant_, Verb::Stat));
    return FileStat{.type = stream_->is_terminal() ? FileType::CharacterDevice : FileType::Unknown};
  }

  const Stream& stream() const { return *stream_; }

 private:
  os::SysResult<size_t> moved(Verb verb, uint64_t asked, os::SysResult<size_t> done) const {
    grant_->give_back(verb, asked - (done ? *done : 0));
    return done;
  }

  std::shared_ptr<Stream> stream_;
  std::shared_ptr<const Grant> grant_;
};

}  // namespace vitrine::wasi::host
