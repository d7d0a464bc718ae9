// Vitrine: a WebAssembly runtime. This header includes the whole C++ API.
#pragma once

#include "vitrine/config.hpp"
#include "vitrine/engine.hpp"
#include "vitrine/extern.hpp"
#include "vitrine/func.hpp"
#include "vitrine/inspect.hpp"
#include "vitrine/instance.hpp"
#include "vitrine/linker.hpp"
#include "vitrine/module.hpp"
#include "vitrine/result.hpp"
#include "vitrine/store.hpp"
#include "vitrine/trap.hpp"
#include "vitrine/val.hpp"
#include "vitrine/wasi.hpp"
