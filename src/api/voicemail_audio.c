/* The audio of a message, from the store of this node; who has listened is in the audit log. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/api_private.h"
#include "api/sound.h"
#include "api/voicemail.h"
#include "base/log.h"

static void refuse(struct api_request *request, const struct media_message *message, int res,
                   const struct err *err)
{
    const char *here = api_parts(request->api)->node, *there = message->place->name;

    if (strcmp(here, there) != 0) {
        api_problem(request, 404, NULL, "The sound is in the store of node %s, and this is %s.",
                    there, here);
        return;
    }
    if (res == -EAGAIN)
        res = -EBUSY;
    if (res == -ENOENT || res == -EBUSY) {
        voicemail_refuse(request, res, err);
        return;
    }
    log_error("message %s: %s", message->id, err->text);
    api_problem(request, 500, NULL, "The sound of this message cannot be read.");
}

static int open_sound(struct api_request *request, const struct media_box *box,
                      const struct media_message *message, struct reading **out, struct err *err)
{
    const struct api_parts *parts = api_parts(request->api);
    int fd, res;

    if (strcmp(message->place->name, parts->node) != 0)
        return err_set(err, -ENOENT, "it is on another node");
    res = media_message_open(message->place, parts->state, box, message->id, &fd, err);
    return res ? res : reading_take(out, fd, err);
}

static void send_sound(struct api_request *request, const struct media_box *box,
                       const struct media_message *message)
{
    char name[MEDIA_MESSAGE_ID_SIZE + 8];
    struct api_sound sound = {.version = message->id, .type = "audio/wav", .name = name};
    struct err err;
    int res;

    /* The audio of a message never changes, and its id is no other one's. */
    if (api_etag(request, message->id))
        return;
    res = open_sound(request, box, message, &sound.reading, &err);
    if (res) {
        refuse(request, message, res, &err);
        return;
    }
    /* HEAD says how long it is: nobody hears anything. */
    if (strcmp(http_method(request->http), "GET") == 0 &&
        voicemail_audit(request, box, message, json_pack("{s:b}", "listened", true))) {
        reading_close(sound.reading);
        return;
    }
    snprintf(name, sizeof(name), "%s.wav", message->id);
    api_sound_reply(request, &sound);
}

void voicemail_audio(struct api_request *request)
{
    struct media_message message;
    struct voicemail_box box;

    if (voicemail_box_find(request, VOICEMAIL_READ, &box) ||
        voicemail_find(request, &box.box, &message))
        return;
    send_sound(request, &box.box, &message);
    json_decref(message.about);
}
