/* What is written to stderr, caught in a memory file. */
#pragma once

/* The log goes there from now on, down to this priority. */
void stderr_catch(int log_level);
void stderr_release(void);

/* What has been written since it was asked last; valid until the next call. */
const char *stderr_told(void);
