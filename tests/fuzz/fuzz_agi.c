/* A request of FastAGI, the script it names, and a line of reply. */
#include <string.h>

#include "fuzz.h"
#include "media/asterisk/agi_protocol.h"
#include "media/asterisk/agi_scripts.h"
#include "tenant.h"

enum { COMMANDS_MAX = 8192 };

/* Each command is one line and sets one variable. */
static void check_commands(const struct buf *commands)
{
    const char *line = commands->data, *end;

    while (*line) {
        FUZZ_CHECK(strncmp(line, "SET VARIABLE ", 13) == 0);
        end = strchr(line, '\n');
        FUZZ_CHECK(end && end[-1] == '"');
        line = end + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    size_t length = size ? agi_request_length(text, size) : 0;
    struct snapshot *snapshot;
    struct agi_request request;
    struct buf commands;
    char *line;

    FUZZ_CHECK(length <= size);
    if (length && agi_request_parse(text, length, &request) == 0) {
        snapshot = fuzz_tenant();
        buf_init(&commands, COMMANDS_MAX);
        if (agi_script_run(&request, snapshot, &commands) == 0)
            check_commands(&commands);
        buf_free(&commands);
        snapshot_unref(snapshot);
    }
    line = fuzz_string(data, size);
    FUZZ_CHECK(agi_reply_parse(line) <= AGI_REPLY_REFUSED);
    free(line);
    return 0;
}
