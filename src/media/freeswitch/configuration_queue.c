#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "media/freeswitch/documents_private.h"

/*
 * A queue is loaded without its agents, who follow when its first caller is in it: for the sum of
 * the two he waits in any case, and so does whoever comes later. (Of a queue that was just loaded,
 * mod_callcenter takes it that nobody has been there since 1970.)
 */
enum { NO_AGENT_S = 2, JOINED_S = 1 };

/* Who would have waited too long by then leaves at once: nobody being there comes first. */
static bool is_impatient(const struct snapshot_queue *queue)
{
    return queue->max_wait_s && queue->max_wait_s <= NO_AGENT_S + JOINED_S;
}

int doc_no_agent_s(const struct snapshot_queue *queue)
{
    if (!queue->no_agent_to)
        return 0;
    return is_impatient(queue) ? 1 : NO_AGENT_S;
}

/* voip.queues.strategy, and what mod_callcenter calls it. */
static const struct {
    const char *ours, *theirs;
} strategies[] = {
    {"ring_all", "ring-all"},
    {"longest_idle", "longest-idle-agent"},
    {"round_robin", "round-robin"},
    {"top_down", "top-down"},
    {"random", "random"},
    {"fewest_calls", "agent-with-fewest-calls"},
    {"least_talk", "agent-with-least-talk-time"},
};

void doc_music(const struct snapshot *snapshot, const char *prompt, char out[DOC_FILE_SIZE])
{
    if (doc_sound(snapshot, prompt, out))
        strcpy(out, "${hold_music}");
}

const char *doc_strategy(const char *strategy)
{
    for (size_t i = 0; i < DP_COUNT(strategies); i++) {
        if (strcmp(strategies[i].ours, strategy) == 0)
            return strategies[i].theirs;
    }
    return "longest-idle-agent";
}

void doc_mark(const struct snapshot *snapshot, const struct snapshot_queue *queue,
              char out[DOC_MARK_SIZE])
{
    char file[DOC_FILE_SIZE] = "";

    if (doc_sound(snapshot, queue->announcement, file))
        file[0] = '\0';
    snprintf(out, DOC_MARK_SIZE, "queue-%d-%s", queue->announce_every_s, file);
}

static void add_params(struct xml *xml, const struct snapshot *snapshot,
                       const struct snapshot_queue *queue)
{
    char file[DOC_FILE_SIZE], mark[DOC_MARK_SIZE];

    doc_param(xml, "strategy", doc_strategy(queue->strategy));
    doc_music(snapshot, queue->music, file);
    doc_param(xml, "moh-sound", file);
    if (doc_sound(snapshot, queue->announcement, file) == 0) {
        doc_param(xml, "announce-sound", file);
        doc_number(xml, "announce-frequency", queue->announce_every_s);
    }
    doc_mark(snapshot, queue, mark);
    doc_param(xml, "time-base-score", mark);
    doc_number(xml, "max-wait-time", queue->max_wait_s);
    doc_number(xml, "max-wait-time-with-no-agent", doc_no_agent_s(queue));
    doc_number(xml, "max-wait-time-with-no-agent-time-reached", is_impatient(queue) ? 0 : JOINED_S);
    /* A level is asked as soon as the one below has nobody free. */
    doc_param(xml, "tier-rules-apply", "false");
    /* Who hung up is of no further use, and the queue is not empty while he is noted. */
    doc_param(xml, "abandoned-resume-allowed", "false");
    doc_number(xml, "discard-abandoned-after", 1);
}

/*
 * The member's phone, by way of the edge. A status here would overwrite the one that the member has
 * now, so there is none: who is new is logged out.
 */
static void add_agent(struct xml *xml, const char *name, const char *dial,
                      const struct snapshot_queue *queue)
{
    xml_open(xml, "agent");
    xml_attr(xml, "name", name);
    xml_attr(xml, "type", "callback");
    xml_attr(xml, "contact", dial);
    xml_attr_int(xml, "wrap-up-time", queue->wrap_up_s);
    /* Who lets it ring, refuses or talks stays in the queue, and is asked again after that pause.
     */
    xml_attr_int(xml, "max-no-answer", 0);
    xml_attr_int(xml, "no-answer-delay-time", queue->wrap_up_s);
    xml_attr_int(xml, "reject-delay-time", queue->wrap_up_s);
    xml_attr_int(xml, "busy-delay-time", queue->wrap_up_s);
    xml_close(xml);
}

static void add_tier(struct xml *xml, const char *agent, const char *queue,
                     const struct snapshot_member *member)
{
    xml_open(xml, "tier");
    xml_attr(xml, "agent", agent);
    xml_attr(xml, "queue", queue);
    xml_attr_int(xml, "level", member->level);
    xml_attr_int(xml, "position", member->position);
    xml_close(xml);
}

/* Name and dial-string of a member; false when there is none that could be dialled. */
static bool find_agent(const struct snapshot *snapshot, const struct snapshot_queue *queue,
                       const struct snapshot_member *member, char name[DOC_DIAL_SIZE],
                       char dial[DOC_DIAL_SIZE])
{
    return doc_dial_string(snapshot, member->username, queue->ring_s, dial) == 0 &&
           str_printf(name, DOC_DIAL_SIZE, "%s@%s", member->username, snapshot_domain(snapshot)) ==
               0;
}

int configuration_queue(struct xml *xml, const struct snapshot *snapshot, int64_t id,
                        const char *name)
{
    const struct snapshot_queue *queue = snapshot_queue(snapshot, id);
    char agent[DOC_DIAL_SIZE], dial[DOC_DIAL_SIZE];

    if (!queue)
        return -ENOENT;
    xml_open(xml, "queues");
    xml_open(xml, "queue");
    xml_attr(xml, "name", name);
    add_params(xml, snapshot, queue);
    xml_close(xml);
    xml_close(xml);
    xml_open(xml, "agents");
    for (size_t i = 0; i < queue->member_count; i++) {
        if (find_agent(snapshot, queue, &queue->members[i], agent, dial))
            add_agent(xml, agent, dial, queue);
    }
    xml_close(xml);
    xml_open(xml, "tiers");
    for (size_t i = 0; i < queue->member_count; i++) {
        if (find_agent(snapshot, queue, &queue->members[i], agent, dial))
            add_tier(xml, agent, name, &queue->members[i]);
    }
    return 0;
}
