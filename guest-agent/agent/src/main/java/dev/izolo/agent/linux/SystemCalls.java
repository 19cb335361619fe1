package dev.izolo.agent.linux;

import com.sun.jna.Native;
import java.io.IOException;

/** The calls the agent makes once it serves. Addresses are longs, as is size_t. */
final class SystemCalls {
  private SystemCalls() {}

  static int open(String path, int flags, int mode) {
    return LibC.callInt("open", path, flags, mode);
  }

  static long read(int fd, long buffer, long length) {
    return LibC.callLong("read", fd, buffer, length);
  }

  static long write(int fd, long buffer, long length) {
    return LibC.callLong("write", fd, buffer, length);
  }

  static int close(int fd) {
    return LibC.callInt("close", fd);
  }

  static int pipe2(long fds, int flags) {
    return LibC.callInt("pipe2", fds, flags);
  }

  static int memfd_create(String name, int flags) {
    return LibC.callInt("memfd_create", name, flags);
  }

  static long sendfile(int out, int in, long offset, long count) {
    return LibC.callLong("sendfile", out, in, offset, count);
  }

  static int fcntl(int fd, int command, long argument) {
    return LibC.callInt("fcntl", fd, command, argument);
  }

  static int ioctl(int fd, long request, long argument) {
    return LibC.callInt("ioctl", fd, request, argument);
  }

  static long syscall(long number, long a, long b, long c, long d) {
    return LibC.callLong("syscall", number, a, b, c, d);
  }

  static int poll(long fds, long count, int timeoutMillis) {
    return LibC.callInt("poll", fds, count, timeoutMillis);
  }

  static int epoll_create1(int flags) {
    return LibC.callInt("epoll_create1", flags);
  }

  static int epoll_ctl(int epfd, int operation, int fd, long event) {
    return LibC.callInt("epoll_ctl", epfd, operation, fd, event);
  }

  static int epoll_wait(int epfd, long events, int count, int timeoutMillis) {
    return LibC.callInt("epoll_wait", epfd, events, count, timeoutMillis);
  }

  static int inotify_init1(int flags) {
    return LibC.callInt("inotify_init1", flags);
  }

  static int inotify_add_watch(int fd, String path, int mask) {
    return LibC.callInt("inotify_add_watch", fd, path, mask);
  }

  static int inotify_rm_watch(int fd, int watch) {
    return LibC.callInt("inotify_rm_watch", fd, watch);
  }

  static int waitid(int idType, int id, long info, int options) {
    return LibC.callInt("waitid", idType, id, info, options);
  }

  static int waitpid(int pid, long status, int options) {
    return LibC.callInt("waitpid", pid, status, options);
  }

  static int kill(int pid, int signal) {
    return LibC.callInt("kill", pid, signal);
  }

  static int prctl(int option, long a, long b, long c, long d) {
    return LibC.callInt("prctl", option, a, b, c, d);
  }

  static int getpid() {
    return LibC.callInt("getpid");
  }

  static int posix_spawn(long pid, String path, long actions, long attributes, long argv, long envp) {
    return LibC.callInt("posix_spawn", pid, path, actions, attributes, argv, envp);
  }

  static int posix_spawn_file_actions_init(long actions) {
    return LibC.callInt("posix_spawn_file_actions_init", actions);
  }

  static int posix_spawn_file_actions_destroy(long actions) {
    return LibC.callInt("posix_spawn_file_actions_destroy", actions);
  }

  static int posix_spawn_file_actions_adddup2(long actions, int from, int to) {
    return LibC.callInt("posix_spawn_file_actions_adddup2", actions, from, to);
  }

  static int posix_spawn_file_actions_addclosefrom_np(long actions, int from) {
    return LibC.callInt("posix_spawn_file_actions_addclosefrom_np", actions, from);
  }

  static int posix_spawnattr_init(long attributes) {
    return LibC.callInt("posix_spawnattr_init", attributes);
  }

  static int posix_spawnattr_destroy(long attributes) {
    return LibC.callInt("posix_spawnattr_destroy", attributes);
  }

  static int posix_spawnattr_setflags(long attributes, short flags) {
    return LibC.callInt("posix_spawnattr_setflags", attributes, flags);
  }

  static int posix_spawnattr_setsigmask(long attributes, long mask) {
    return LibC.callInt("posix_spawnattr_setsigmask", attributes, mask);
  }

  static int posix_spawnattr_setsigdefault(long attributes, long mask) {
    return LibC.callInt("posix_spawnattr_setsigdefault", attributes, mask);
  }

  static int mount(String source, String target, String type, long flags, String data) {
    return LibC.callInt("mount", source, target, type, flags, data);
  }

  static int umount2(String target, int flags) {
    return LibC.callInt("umount2", target, flags);
  }

  static int statfs(String path, long buffer) {
    return LibC.callInt("statfs", path, buffer);
  }

  static int sethostname(String name, long length) {
    return LibC.callInt("sethostname", name, length);
  }

  static int clock_settime(int clock, long time) {
    return LibC.callInt("clock_settime", clock, time);
  }

  static void sync() {
    LibC.call("sync");
  }

  static int reboot(int command) {
    return LibC.callInt("reboot", command);
  }

  static int socket(int domain, int type, int protocol) {
    return LibC.callInt("socket", domain, type, protocol);
  }

  static int bind(int fd, byte[] address, int length) {
    return LibC.callInt("bind", fd, address, length);
  }

  static int listen(int fd, int backlog) {
    return LibC.callInt("listen", fd, backlog);
  }

  static int accept4(int fd, long address, long length, int flags) {
    return LibC.callInt("accept4", fd, address, length, flags);
  }

  static long recv(int fd, long buffer, long length, int flags) {
    return LibC.callLong("recv", fd, buffer, length, flags);
  }

  static long send(int fd, long buffer, long length, int flags) {
    return LibC.callLong("send", fd, buffer, length, flags);
  }

  static long recvmsg(int fd, long message, int flags) {
    return LibC.callLong("recvmsg", fd, message, flags);
  }

  static int check(String what, int result) throws IOException {
    if (result < 0) {
      throw new LinuxException(what, Native.getLastError());
    }
    return result;
  }

  static long check(String what, long result) throws IOException {
    if (result < 0) {
      throw new LinuxException(what, Native.getLastError());
    }
    return result;
  }
}
