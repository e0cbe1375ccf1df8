#include "rust.h"

#include <string.h>

void rust_detail(struct failure *failure, bool *message_follows, const char *line, size_t len)
{
    const char *at = strstr(line, "panicked at ");

    failure_detail(failure, line, len);
    if (*message_follows)
        failure_message(failure, line + text_indent(line), len - text_indent(line));
    *message_follows = false;
    if (text_after(line, "Error: "))
        failure_message(failure, line, len);
    if (!at)
        return;
    at += strlen("panicked at ");
    failure_place_in(failure, at);
    if (*at == '\'') /* before Rust 1.73: panicked at 'message', src/lib.rs:22:9 */
        failure_message(failure, at, strlen(at));
    else
        *message_follows = true;
}
