// What the host keeps of one guest that all of its grants have in common: how it is ended, what it was refused, and how
// many descriptors it may hold. Any thread.
#pragma once

#include <memory>

#include "os/descriptors.hpp"
#include "wasi/host/denials.hpp"
#include "wasi/host/interrupt.hpp"

namespace vitrine::wasi::host {

struct Oversight {
  Interrupt interrupt;
  Denials denials;
  std::shared_ptr<os::DescriptorAccount> descriptors;  // never null once Context::make has answered
};

}  // namespace vitrine::wasi::host
