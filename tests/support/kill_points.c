/* Kills the process after its system call number KILL_POINT of those by which it changes something: files, the
   keyring's bus and the network. With KILL_RECEIVES those by which it hears of something are counted too. */

#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int calls;

static ssize_t count(ssize_t result) {
  const char *point = getenv("KILL_POINT");
  if (point && atomic_fetch_add(&calls, 1) + 1 == atoi(point))
    kill(getpid(), SIGKILL);
  return result;
}

static ssize_t count_receive(int fd, ssize_t result) {
  struct stat file;
  if (!getenv("KILL_RECEIVES") || fstat(fd, &file) || !S_ISSOCK(file.st_mode))
    return result;
  return count(result);
}

ssize_t write(int fd, const void *data, size_t size) { return count(syscall(SYS_write, fd, data, size)); }

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address, socklen_t length) {
  return count(syscall(SYS_sendto, fd, data, size, flags, address, length));
}

ssize_t send(int fd, const void *data, size_t size, int flags) { return sendto(fd, data, size, flags, NULL, 0); }

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  return count(syscall(SYS_sendmsg, fd, message, flags));
}

ssize_t read(int fd, void *data, size_t size) { return count_receive(fd, syscall(SYS_read, fd, data, size)); }

ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *address, socklen_t *length) {
  return count_receive(fd, syscall(SYS_recvfrom, fd, data, size, flags, address, length));
}

ssize_t recv(int fd, void *data, size_t size, int flags) { return recvfrom(fd, data, size, flags, NULL, NULL); }

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  return count_receive(fd, syscall(SYS_recvmsg, fd, message, flags));
}
