/* The media node that has a service, and the legs that it makes. */
#include <string.h>

#include "tenant/explain_private.h"

/* ---------------------------------------------------------------- the pool */

/* "one or two, in turn" */
static const char *nodes_in_turn(struct walk *walk, bool *none)
{
    const struct explain_live *live = walk->of->live;
    const char *names = "";
    bool is_down = false;

    *none = true;
    for (size_t i = 0; i < live->nodes(live->arg); i++) {
        int up = -1;
        const char *name = live->node(live->arg, i, &up);

        if (up == 0) {
            is_down = true;
            continue;
        }
        names = explain_text(walk->of, "%s%s%s", names, *names ? " or " : "", name);
        *none = false;
    }
    return is_down ? explain_text(walk->of, "%s (others are down)", names) : names;
}

/* What is behind the nodes: why it is this one, or one of them. */
static const char *way_of_choosing(enum explain_choice choice, bool is_known, bool are_several)
{
    if (is_known)
        return ", by the hash of the service: all meet there who call it";
    if (!are_several)
        return "";
    if (choice == EXPLAIN_IN_TURN)
        return ", in turn";
    return choice == EXPLAIN_BY_HASH ? ", by the hash of the service: all meet there who call it"
                                     : ", by the hash of what the call gets then";
}

bool explain_media(struct walk *walk, const char *service, enum explain_choice choice)
{
    const struct explain_live *live = walk->of->live;
    const char *server = walk->of->question->media_server, *names;
    int up = -1, at;
    bool none;

    if (!live || !live->nodes) {
        explain_tell(walk, "media", "%s, on %s", service, server);
        return true;
    }
    names = nodes_in_turn(walk, &none);
    if (none) {
        explain_tell(walk, "media", "%s: no media node answers", service);
        explain_refuse(walk, 503, "No Media Server", "");
        return false;
    }
    at = choice == EXPLAIN_BY_HASH && live->pick ? live->pick(live->arg, service) : -1;
    if (at >= 0)
        names = live->node(live->arg, (size_t)at, &up);
    explain_tell(walk, "media", "%s, on %s: node %s%s", service, server, names,
                 way_of_choosing(choice, at >= 0, strstr(names, " or ") != NULL));
    return true;
}

/* ---------------------------------------------------------------- legs of a media server */

/*
 * The cause that a media server takes from the leg's last answer: FreeSWITCH what the edge says
 * (TELL_CAUSE), Asterisk what the status means to it (ast_sip_hangup_sip2cause), where that
 * differs.
 */
static const char *cause_of_leg(struct explain *of, const struct outcome *leg)
{
    static const struct {
        unsigned int code;
        const char *cause;
    } theirs[] = {
        {403, "CALL_REJECTED"},
        {480, "NO_ANSWER"},
        {482, "NO_ANSWER"}, /* it is told 483 */
        {503, "NORMAL_CIRCUIT_CONGESTION"},
    };

    if (strcmp(of->question->media_server, "asterisk") == 0)
        for (size_t i = 0; i < DP_COUNT(theirs); i++)
            if (theirs[i].code == leg->code)
                return theirs[i].cause;
    return *leg->cause ? leg->cause : of->question->cause_of(leg->code);
}

/* The status that a caller hears who was not answered: FreeSWITCH hands on that of the leg. */
static unsigned int status_after(struct explain *of, const struct walk *leg, const char *cause)
{
    if (strcmp(of->question->media_server, "freeswitch") != 0)
        return of->question->status_of(cause);
    return leg->now.code == 482 ? 483 : leg->now.code;
}

struct outcome explain_merge(const struct walk *leg)
{
    struct explain *of = leg->of;
    struct outcome end = leg->call;

    end.rings = leg->now.rings;
    if (leg->is_member && !leg->now.answered && !leg->leg_is_up) {
        end.code = leg->now.code;
        end.reason = leg->now.reason;
        end.cause = cause_of_leg(of, &leg->now);
        return end;
    }
    if (leg->now.answered || leg->leg_is_up) {
        end.answered = true;
        end.code = 200;
        end.cause = "NORMAL_CLEARING";
        return end;
    }
    end.reason = leg->now.reason;
    end.cause = cause_of_leg(of, &leg->now);
    if (end.answered) {
        end.code = 200;
        return end;
    }
    /* The record is the edge's, which knows of no leg: it hears a status (MEDIA_FAILED). */
    end.target = leg->edge_target;
    end.code = status_after(of, leg, end.cause);
    if (end.code == 480)
        end.cause = "NO_ANSWER";
    else if (end.code == 408)
        end.cause = "SUBSCRIBER_ABSENT";
    else
        end.cause = of->question->cause_of(end.code);
    return end;
}

/*
 * Whether a server that has not answered its leg tells it by a prompt that nobody is there:
 * FreeSWITCH at the other end takes early media for the beginning of a call that is as good as any
 * (leg-ended), but not where it rings a group.
 */
static bool says_why(const struct walk *walk)
{
    return !walk->ignores_early_media &&
           strcmp(walk->of->question->media_server, "freeswitch") == 0;
}

void explain_reach(struct walk *walk, const char *number)
{
    struct walk leg = *walk;

    explain_tell(walk, "transfer", "the media server calls %s", number);
    if (!walk->is_leg) {
        leg.call = walk->now;
        leg.call.target = number;
        leg.edge_target = walk->now.target;
        leg.call.rings = NULL;
        leg.call.is_one_of = false;
        leg.is_leg = true;
    }
    leg.leg_is_up = walk->is_leg && (walk->leg_is_up || walk->now.answered || says_why(walk));
    leg.now =
        (struct outcome){.type = "none", .target = number, .trunk = "", .cause = "", .reason = ""};
    leg.hops = 0;
    leg.legs++;
    leg.ignores_early_media = strcmp(walk->now.type, "ring_group") == 0;
    leg.caller = "";
    leg.places = leg.ways = "";
    if (leg.legs > LEGS_MAX)
        explain_refuse(&leg, 482, "Loop Detected", "");
    else
        explain_resolve(&leg, number);
}
