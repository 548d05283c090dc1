/*
 * Loaded into Kamailio 5 (LD_PRELOAD), which keeps all that OpenSSL allocates in shared memory: TLS
 * connections move between its processes. OpenSSL 3 has a state of errors and random numbers for
 * each thread, and a process that is forked inherits the pointers to those of its parent: without
 * this all of Kamailio's processes would work on the same ones. When several of them log in to
 * PostgreSQL at once (SCRAM), they free each other's memory, and Kamailio dies as it starts.
 *
 * Kamailio 6 does the same by itself (tls_threads_mode).
 */
#include <openssl/crypto.h>
#include <pthread.h>

/* What the parent has is made anew when it is needed; the child begins without. */
static void before_fork(void)
{
    OPENSSL_thread_stop();
}

__attribute__((constructor)) static void start(void)
{
    (void)pthread_atfork(before_fork, NULL, NULL);
}
