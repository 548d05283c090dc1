/* The audio of prompts as the database takes it. */
#pragma once

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/wav.h"

/* Of the text of a bytea that has the longest of them: for buf_init. */
enum { PROMPT_HEX_MAX = 2 * (WAV_DATA_MAX + WAV_HEAD) + 8 };

/*
 * Appends a WAV as the text of a bytea, without anything else that its file carries. -EINVAL when
 * it is no such audio (`err` says why), another negative errno without memory.
 */
int prompt_audio_hex(const char *wav, size_t len, struct buf *hex, struct err *err) DP_CHECK;

/* The same of a file, whose name is in what `err` says. */
int prompt_audio_read(const char *path, struct buf *hex, struct err *err) DP_CHECK;
