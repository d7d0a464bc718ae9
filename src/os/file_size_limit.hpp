// The process's limit on the size of files (RLIMIT_FSIZE), which a guest may meet.
#pragma once

namespace vitrine::os {

/// From now on what goes past the limit answers EFBIG and nothing else: by default the signal SIGXFSZ would end the
/// process, for what is a guest's doing. Changes the signal's action only where it is the default one, and to a handler
/// that does nothing, not to SIG_IGN, which programs that the host starts would inherit. Cheap after the first time.
void survive_file_size_limit();

}  // namespace vitrine::os
