/* Recordings: what is in the store, and what is held. Their sound is src/api/recording_audio.c. */
#include "api/resource.h"

static const char *const formats[] = {"wav", "opus", NULL};

enum {
    SEEN = API_READ_ONLY | API_FILTER,
    MAYBE = SEEN | API_NULLABLE,
};

static const struct api_column columns[] = {
    {"id", API_UUID, SEEN, .about = "The recording."},
    {"call_id", API_UUID, SEEN, .about = "The call."},
    {"started_at", API_TIMESTAMP, SEEN | API_SORT, .about = "Start of the call."},
    {"node", API_TEXT, SEEN, .about = "The node whose store it is in."},
    {"format", API_ENUM, SEEN, .about = "WAV, or Opus in Ogg.", .words = formats},
    {"encrypted", API_BOOLEAN, API_READ_ONLY, .about = "Whether it is encrypted in the store.",
     .sql = "t.key_id IS NOT NULL"},
    {"bytes", API_INTEGER, SEEN, .max = INT64_MAX, .about = "Length of the file in the store."},
    {"duration_ms", API_INTEGER, SEEN, .max = INT64_MAX, .about = "Length of the sound."},
    {"sha256", API_TEXT, SEEN, .about = "Of the file as it is in the store."},
    {"legal_hold", API_BOOLEAN, API_FILTER,
     .about = "Held: not deleted, however old it gets and whoever asks.", .initial = "false"},
    {"delete_after", API_TIMESTAMP, MAYBE, .about = "How long it is kept; null: for ever."},
    {"delete_asked_at", API_TIMESTAMP, MAYBE, .about = "When somebody has deleted it."},
    {"deleted_at", API_TIMESTAMP, MAYBE, .about = "When its file was removed."},
    {"missing_at", API_TIMESTAMP, MAYBE, .about = "Since when its file is known to be missing."},
    {"created_at", API_TIMESTAMP, SEEN, .about = "When its row was written."},
    {0},
};

static const struct api_rule rules[] = {
    {"held_is_there", "legal_hold", "The recording is deleted: there is nothing to hold."},
    {"held_is_kept", "legal_hold",
     "The recording was deleted, and its file is about to be removed."},
    {0},
};

const struct api_resource api_recordings = {
    .name = "recordings",
    .one = "recording",
    .tag = "Recordings",
    .table = "voip.recordings",
    .reads = API_RECORDING_READ,
    .writes = API_RECORDING_WRITE,
    .label = "call_id",
    .order = "-started_at",
    .columns = columns,
    .rules = rules,
    .without = API_CREATE | API_DELETE | API_BATCH,
    .outlived = true,
};
