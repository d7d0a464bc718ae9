#include "wasi/host/denials.hpp"

#include <fmt/core.h>

#include <utility>

namespace vitrine::wasi::host {

void Denials::record(Denial denial) {
  std::lock_guard lock(mutex_);
  ++count_;
  for (Denial& kept : kept_) {
    // How many descriptors a guest may have changes with what others have: no other denial for that.
    const uint64_t limit = std::exchange(kept.limit, denial.limit);
    if (kept == denial) return;
    kept.limit = limit;
  }
  if (kept_.size() < kMaxDenials) {
    kept_.push_back(std::move(denial));
  } else {
    ++unlisted_;
  }
}

std::vector<Denial> Denials::all() const {
  std::lock_guard lock(mutex_);
  return kept_;
}

uint64_t Denials::count() const {
  std::lock_guard lock(mutex_);
  return count_;
}

uint64_t Denials::unlisted() const {
  std::lock_guard lock(mutex_);
  return unlisted_;
}

}  // namespace vitrine::wasi::host

namespace vitrine {
namespace {

const char* words_of(WasiVerb verb) {
  static constexpr const char* kWords[] = {
#define VERB(name, words, right) words,
#include "vitrine/wasi_verbs.def"
  };
  return kWords[static_cast<size_t>(verb)];
}

}  // namespace

const char* name_of(WasiVerb verb) {
  static constexpr const char* kNames[] = {
#define VERB(name, words, right) #name,
#include "vitrine/wasi_verbs.def"
  };
  return kNames[static_cast<size_t>(verb)];
}

std::string to_string(const WasiDenial& d) {
  if (!d.certain) return fmt::format("the guest was granted no {}", d.subject);
  // What has a directory is a path (the guest may know the directory as ""); the rest is called what it is.
  std::string subject = d.host.empty() ? d.subject : fmt::format("\"{}\"", d.subject);
  std::string said = fmt::format("{} {}", words_of(d.verb), subject);
  switch (d.reason) {
    case WasiDenial::Reason::LeadsOut:
      if (!d.target.empty()) return fmt::format("{} to the absolute path \"{}\"", said, d.target);
      return fmt::format("{} leads out of the granted directory \"{}\"", subject, d.guest);
    case WasiDenial::Reason::Limit:
      return fmt::format("{}: no more than {} open files and sockets are the guest's", said, d.limit);
    case WasiDenial::Reason::MissingRight:
    case WasiDenial::Reason::AcrossGrants:
    case WasiDenial::Reason::NotGranted:
      break;
  }
  return d.target.empty() ? said : fmt::format("{} to \"{}\"", said, d.target);
}

}  // namespace vitrine
