package dev.izolo.agent.linux;

import com.sun.jna.Native;
import java.io.IOException;

/** The calls the agent makes once it serves, bound together at the first of them. Addresses are longs, as is size_t. */
final class SystemCalls {
  static {
    Native.register(SystemCalls.class, "c");
  }

  private SystemCalls() {}

  static native int open(String path, int flags, int mode);

  static native long read(int fd, long buffer, long length);

  static native long write(int fd, long buffer, long length);

  static native int close(int fd);

  static native int pipe2(long fds, int flags);

  static native int fcntl(int fd, int command, long argument);

  static native int ioctl(int fd, long request, long argument);

  static native long syscall(long number, long a, long b, long c, long d);

  static native int poll(long fds, long count, int timeoutMillis);

  static native int epoll_create1(int flags);

  static native int epoll_ctl(int epfd, int operation, int fd, long event);

  static native int epoll_wait(int epfd, long events, int count, int timeoutMillis);

  static native int inotify_init1(int flags);

  static native int inotify_add_watch(int fd, String path, int mask);

  static native int inotify_rm_watch(int fd, int watch);

  static native int waitid(int idType, int id, long info, int options);

  static native int waitpid(int pid, long status, int options);

  static native int kill(int pid, int signal);

  static native int prctl(int option, long a, long b, long c, long d);

  static native int getpid();

  static native int posix_spawn(long pid, String path, long actions, long attributes, long argv, long envp);

  static native int posix_spawn_file_actions_init(long actions);

  static native int posix_spawn_file_actions_destroy(long actions);

  static native int posix_spawn_file_actions_adddup2(long actions, int from, int to);

  static native int posix_spawn_file_actions_addclosefrom_np(long actions, int from);

  static native int posix_spawnattr_init(long attributes);

  static native int posix_spawnattr_destroy(long attributes);

  static native int posix_spawnattr_setflags(long attributes, short flags);

  static native int posix_spawnattr_setsigmask(long attributes, long mask);

  static native int posix_spawnattr_setsigdefault(long attributes, long mask);

  static native int mount(String source, String target, String type, long flags, String data);

  static native int umount2(String target, int flags);

  static native int statfs(String path, long buffer);

  static native int sethostname(String name, long length);

  static native int clock_settime(int clock, long time);

  static native void sync();

  static native int reboot(int command);

  static native int socket(int domain, int type, int protocol);

  static native int bind(int fd, byte[] address, int length);

  static native int listen(int fd, int backlog);

  static native int accept4(int fd, long address, long length, int flags);

  static native long recv(int fd, long buffer, long length, int flags);

  static native long send(int fd, long buffer, long length, int flags);

  static native long recvmsg(int fd, long message, int flags);

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
