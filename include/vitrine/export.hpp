// What a shared library shows: everything else in it is hidden.
#pragma once

#define VITRINE_API [[gnu::visibility("default")]]
