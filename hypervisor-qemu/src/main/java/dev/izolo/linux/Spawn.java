package dev.izolo.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Starts a process that is to outlive this one: in a session of its own, with an empty environment, default signal
 * handling, and exactly the descriptors it is given. {@link ProcessBuilder} can do none of these.
 */
public final class Spawn {
  private static final short SETSIGDEF = 0x04;
  private static final short SETSIGMASK = 0x08;
  private static final short SETSID = 0x80;
  /** Above every number a child is given, so that no dup2 overwrites the source of a later one. */
  private static final int SCRATCH_FD = 200;

  private static final CFunction SPAWN = CFunction.of("posix_spawn", 6);
  private static final CFunction ACTIONS_INIT = CFunction.of("posix_spawn_file_actions_init", 1);
  private static final CFunction ACTIONS_DESTROY = CFunction.of("posix_spawn_file_actions_destroy", 1);
  private static final CFunction ADD_DUP2 = CFunction.of("posix_spawn_file_actions_adddup2", 3);
  private static final CFunction ADD_CLOSE_FROM = CFunction.of("posix_spawn_file_actions_addclosefrom_np", 2);
  private static final CFunction ATTR_INIT = CFunction.of("posix_spawnattr_init", 1);
  private static final CFunction ATTR_FLAGS = CFunction.of("posix_spawnattr_setflags", 2);
  private static final CFunction ATTR_SIGDEFAULT = CFunction.of("posix_spawnattr_setsigdefault", 2);

  private Spawn() {}

  /**
   * posix_spawn(3).
   *
   * @param command absolute path of the program, then its arguments
   * @param output becomes its standard output and error; standard input is /dev/null
   * @param descriptors become 3, 4, 5 and so on, borrowed for the call
   * @return the child; it is reaped when it ends
   */
  public static LinuxProcess start(List<String> command, Fd output, List<Fd> descriptors) throws IOException {
    var scratch = new ArrayList<Fd>();
    try (Fd input = Fd.open(Path.of("/dev/null"), Fd.O_RDONLY)) {
      for (Fd fd : concat(input, output, descriptors)) {
        scratch.add(fd.duplicate(SCRATCH_FD));
      }
      long pid = spawn(command, scratch);
      return LinuxProcess.hold(pid)
          .orElseThrow(() -> new IOException("process " + pid + " vanished though nobody else reaps it"));
    } finally {
      scratch.forEach(Fd::close);
    }
  }

  private static long spawn(List<String> command, List<Fd> fds) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      MemorySegment actions = arena.allocate(80, 8);
      MemorySegment attributes = arena.allocate(336, 8);
      MemorySegment allSignals = arena.allocate(128, 8).fill((byte) 0xff);
      require((int) ACTIONS_INIT.call(state, actions.address()));
      try {
        for (int target = 0; target < fds.size(); target++) {
          require((int) ADD_DUP2.call(state, actions.address(), fds.get(target).number(), target));
        }
        require((int) ADD_CLOSE_FROM.call(state, actions.address(), fds.size()));
        require((int) ATTR_INIT.call(state, attributes.address()));
        // SETSIGMASK with the attribute's initial value, the empty set.
        require((int) ATTR_FLAGS.call(state, attributes.address(), SETSIGDEF | SETSIGMASK | SETSID));
        require((int) ATTR_SIGDEFAULT.call(state, attributes.address(), allSignals.address()));
        MemorySegment pid = arena.allocate(4, 4);
        MemorySegment program = arena.allocateFrom(command.getFirst());
        MemorySegment noEnvironment = arena.allocate(8, 8);
        MemorySegment arguments = pointers(arena, command);
        require(
            (int)
                SPAWN.call(
                    state, pid.address(), program.address(), actions.address(), attributes.address(),
                    arguments.address(), noEnvironment.address()));
        return pid.get(ValueLayout.JAVA_INT, 0);
      } finally {
        require((int) ACTIONS_DESTROY.call(state, actions.address()));
      }
    } catch (ErrnoException e) {
      throw new ErrnoException("start " + command.getFirst(), e.errno());
    }
  }

  /** These functions return the error's number. */
  private static void require(int error) throws ErrnoException {
    if (error != 0) {
      throw new ErrnoException("posix_spawn", error);
    }
  }

  private static MemorySegment pointers(Arena arena, List<String> strings) {
    MemorySegment array = arena.allocate(8L * (strings.size() + 1), 8);
    for (int i = 0; i < strings.size(); i++) {
      array.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(strings.get(i)));
    }
    return array;
  }

  private static List<Fd> concat(Fd input, Fd output, List<Fd> descriptors) {
    var all = new ArrayList<Fd>(List.of(input, output, output));
    all.addAll(descriptors);
    return all;
  }
}
