/*
 * supervisord.conf, whole: every daemon of the node in the foreground, restarted when it ends.
 *
 * PostgreSQL, Redis and rtpengine start with the supervisor. Everything else needs the schema, so
 * whoever brings the node up runs `dialplane migrate` first and then starts the rest
 * (supervisorctl start all).
 */
#include "cluster/render.h"

#include <stdio.h>
#include <string.h>

struct program {
    const char *name;
    unsigned int roles;
    enum media_server only; /* MEDIA_SERVER_AUTO: with either */
    bool first;             /* starts before `migrate` */
    const char *signal;     /* that makes it end in good order */
    bool group;             /* the signal goes to its children too; else it tells them itself */
    unsigned int seconds;   /* that it may take to end, before it is killed */
    void (*command)(const struct render *render, struct buf *text);
};

static void postgresql(const struct render *render, struct buf *text)
{
    buf_printf(text, "%s -D %s/db -c config_file=%s/etc/postgresql/postgresql.conf",
               render->programs.postgres, render->state, render->state);
}

static void redis(const struct render *render, struct buf *text)
{
    /* redis.conf includes node.conf by a relative name. */
    buf_printf(text, "%s redis.conf\ndirectory=%s/etc/redis", render->programs.redis,
               render->state);
}

static void rtpengine(const struct render *render, struct buf *text)
{
    buf_printf(text, "%s --config-file=%s/etc/rtpengine/rtpengine.conf --config-section=rtpengine",
               render->programs.rtpengine, render->state);
}

static void kamailio(const struct render *render, struct buf *text)
{
    const char *state = render->state;

    if (render->kamailio6)
        buf_printf(text, "%s/tree/kamailio6/run usr/sbin/kamailio", state);
    else
        buf_add_str(text, render->programs.kamailio);
    /*
     * -DD: in the foreground. Shared memory 256 MiB: both tables of 100,000 extensions fit. A
     * process that ends leaves OpenSSL's memory alone: it is that of all of them.
     */
    buf_printf(text,
               " -DD -E -m 256 -M 16 --atexit=no -f %s/etc/kamailio/kamailio.cfg -w %s/run"
               " -Y %s/run -P %s/run/kamailio.pid",
               state, state, state, state);
}

static void coturn(const struct render *render, struct buf *text)
{
    buf_printf(text, "%s -c %s/etc/coturn/turnserver.conf", render->programs.turnserver,
               render->state);
}

static void freeswitch(const struct render *render, struct buf *text)
{
    const char *state = render->state;

    /* -nf -nc: in the foreground without a console, which would spin on a closed input. */
    buf_printf(text,
               "%s -nf -nc -nonat -np -conf %s/etc/freeswitch -log %s/log/freeswitch"
               " -run %s/run -db %s/media/freeswitch/db",
               render->programs.freeswitch, state, state, state, state);
    buf_printf(text,
               " -storage %s/media/freeswitch/storage -recordings %s/media/freeswitch/recordings"
               " -cache %s/media/freeswitch/cache -temp %s/media/freeswitch/tmp"
               " -certs %s/media/freeswitch/certs -scripts %s/media/freeswitch/scripts"
               " -sounds %s/sounds",
               state, state, state, state, state, state, state);
}

static void asterisk(const struct render *render, struct buf *text)
{
    const char *state = render->state;

    /* run: through the loader and C library of the tree (scripts/unpack). */
    buf_printf(text, "%s/tree/asterisk/run usr/sbin/asterisk -f -C %s/etc/asterisk/asterisk.conf",
               state, state);
}

static void serve(const struct render *render, struct buf *text)
{
    buf_printf(text, "%s/bin/dialplane serve -s %s", render->state, render->state);
}

static void collector(const struct render *render, struct buf *text)
{
    buf_printf(text, "%s/bin/dialplane collector -s %s", render->state, render->state);
}

static void cdr_writer(const struct render *render, struct buf *text)
{
    buf_printf(text, "%s/bin/dialplane cdr-writer -s %s", render->state, render->state);
}

static void lsyncd(const struct render *render, struct buf *text)
{
    /* lsyncd.lua reads node.lua by a relative name. */
    buf_printf(text, "/usr/bin/lsyncd lsyncd.lua\ndirectory=%s/etc/lsyncd", render->state);
}

/* In the order of starting; they are stopped in the reverse order. */
static const struct program programs[] = {
    /* INT is PostgreSQL's fast shutdown: roll back, checkpoint, end. TERM would wait for clients;
     * and INT to a backend would only cancel its query. */
    {"postgresql", ROLE_DB, MEDIA_SERVER_AUTO, true, "INT", false, 60, postgresql},
    {"redis", ROLE_QUEUE, MEDIA_SERVER_AUTO, true, "TERM", false, 30, redis},
    {"rtpengine", ROLE_EDGE, MEDIA_SERVER_AUTO, true, "TERM", false, 10, rtpengine},
    /* Its main process ends the workers, and writes registrations back before. */
    {"kamailio", ROLE_EDGE, MEDIA_SERVER_AUTO, false, "TERM", false, 20, kamailio},
    {"coturn", ROLE_EDGE, MEDIA_SERVER_AUTO, false, "TERM", false, 10, coturn},
    {"freeswitch", ROLE_MEDIA, MEDIA_SERVER_FREESWITCH, false, "TERM", false, 20, freeswitch},
    {"asterisk", ROLE_MEDIA, MEDIA_SERVER_ASTERISK, false, "TERM", true, 20, asterisk},
    {"serve", ROLE_CONTROL, MEDIA_SERVER_AUTO, false, "TERM", true, 10, serve},
    {"collector", ROLE_EDGE | ROLE_MEDIA, MEDIA_SERVER_AUTO, false, "TERM", true, 10, collector},
    {"cdr-writer", ROLE_DB, MEDIA_SERVER_AUTO, false, "TERM", true, 10, cdr_writer},
    {"lsyncd", ROLE_MEDIA, MEDIA_SERVER_AUTO, false, "TERM", true, 10, lsyncd},
};

static void add_supervisor(const struct render *render, struct buf *text)
{
    const char *state = render->state;

    buf_printf(text,
               "; Written by `dialplane render`.\n"
               "[supervisord]\n"
               "pidfile=%s/run/supervisord.pid\n"
               "logfile=%s/log/supervisord.log\n"
               "logfile_maxbytes=10MB\n"
               "logfile_backups=2\n"
               "childlogdir=%s/log\n"
               "directory=%s\n"
               "umask=027\n"
               "environment=PGPASSFILE=\"%s/secrets/pgpass\"\n\n",
               state, state, state, state, state);
    buf_printf(text,
               "[unix_http_server]\n"
               "file=%s/run/supervisor.sock\n"
               "chmod=0700\n\n"
               "[rpcinterface:supervisor]\n"
               "supervisor.rpcinterface_factory = "
               "supervisor.rpcinterface:make_main_rpcinterface\n\n"
               "[supervisorctl]\n"
               "serverurl=unix://%s/run/supervisor.sock\n",
               state, state);
}

static void add_program(const struct render *render, const struct program *program,
                        unsigned int priority, struct buf *text)
{
    buf_printf(text, "\n[program:%s]\ncommand=", program->name);
    program->command(render, text);
    /* A part that is down (a database, say) can be down for long: nobody gives up. */
    buf_printf(text,
               "\npriority=%u\n"
               "autostart=%s\n"
               "autorestart=true\n"
               "startsecs=1\n"
               "startretries=1000000\n",
               priority, program->first ? "true" : "false");
    buf_printf(text,
               "stopsignal=%s\n"
               "stopasgroup=%s\n"
               "killasgroup=true\n"
               "stopwaitsecs=%u\n"
               "redirect_stderr=true\n"
               "stdout_logfile=%s/log/%s.log\n"
               "stdout_logfile_maxbytes=20MB\n"
               "stdout_logfile_backups=3\n",
               program->signal, program->group ? "true" : "false", program->seconds, render->state,
               program->name);
    if (program->command == kamailio && !render->kamailio6 && !render->tls_threads)
        buf_printf(text, "environment=LD_PRELOAD=\"%s/lib/openssl-fork.so\"\n", render->state);
}

static bool is_wanted(const struct render *render, const struct program *program)
{
    const struct topology *topology = render->topology;

    if (!(render->node->roles & program->roles))
        return false;
    if (program->command == lsyncd && !*topology->recordings.peer)
        return false;
    if (program->command == coturn && !topology->edge.turn)
        return false;
    return program->only == MEDIA_SERVER_AUTO || program->only == topology->media_server;
}

/* The further writers, each the next one that is free (--instance). */
static void add_writers(const struct render *render, const struct program *program,
                        unsigned int priority, struct buf *text)
{
    struct program another = *program;
    char name[32];

    another.name = name;
    for (unsigned int n = 2; n <= render->topology->cdr.writers; n++) {
        snprintf(name, sizeof(name), "%s-%u", program->name, n);
        add_program(render, &another, priority, text);
    }
}

int render_supervisor(const struct render *render, struct err *err)
{
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    add_supervisor(render, &text);
    for (size_t i = 0; i < DP_COUNT(programs); i++) {
        if (is_wanted(render, &programs[i]))
            add_program(render, &programs[i], (unsigned int)(10 * (i + 1)), &text);
        if (is_wanted(render, &programs[i]) && programs[i].command == cdr_writer)
            add_writers(render, &programs[i], (unsigned int)(10 * (i + 1)), &text);
    }
    return render_put(render, "supervisor/supervisord.conf", 0644, &text, err);
}
