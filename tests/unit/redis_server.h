/* A real redis-server for one test program: on loopback, a free port, nothing on disk. */
#pragma once

#include <arpa/inet.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/redis.h"

#define REDIS_SERVER_PASSWORD "correct-horse-battery"

struct redis_server {
    pid_t pid;
    uint16_t port;
};

/* A port that was free a moment ago. */
static inline uint16_t redis_server_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&address, len) ||
        getsockname(fd, (struct sockaddr *)&address, &len))
        address.sin_port = 0;
    close(fd);
    return ntohs(address.sin_port);
}

/* Returns once the server answers; false when it does not, as where it is not installed. */
static inline bool redis_server_start(struct redis_server *server)
{
    char port[8];

    if (!server->port)
        server->port = redis_server_free_port();
    snprintf(port, sizeof(port), "%u", server->port);
    server->pid = fork();
    if (server->pid == 0) {
        execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
               "--appendonly", "no", "--requirepass", REDIS_SERVER_PASSWORD, "--logfile",
               "/dev/null", NULL);
        _exit(127);
    }
    for (int i = 0; i < 500; i++) {
        struct redis *redis;

        if (redis_open(&redis, "127.0.0.1", server->port, REDIS_SERVER_PASSWORD, 1000, NULL) == 0) {
            redis_close(redis);
            return true;
        }
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
            return false;
        usleep(10000);
    }
    return false;
}

static inline void redis_server_stop(struct redis_server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
}
