package dev.izolo.agent.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A copy of a program in memory that nobody can ever change (memfd_create(2), its seals as in fcntl(2)), to be run in the
 * program's place.
 *
 * <p>For OCI runtimes: the process that enters a container is the runtime's own program, which the container may reach by
 * /proc/self/exe and must not be able to overwrite (CVE-2019-5736). So runc and crun make such a copy of themselves for
 * every process that they start, unless they run from one already.
 */
public final class SealedProgram implements AutoCloseable {
  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_ALLOW_SEALING = 2;
  private static final int F_ADD_SEALS = 1033;
  /** F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE: just these are what runc takes for its own copy's. */
  private static final int ALL_SEALS = 0xf;

  private final Fd copy;
  private final String path;

  private SealedProgram(Fd copy) throws IOException {
    this.copy = copy;
    this.path = "/proc/" + Processes.self() + "/fd/" + copy.number();
  }

  /** Copies an executable file, whole or not at all. */
  public static SealedProgram of(Path program) throws IOException {
    long bytes = Files.size(program);
    Fd copy = new Fd(SystemCalls.check("memfd_create",
        SystemCalls.memfd_create(program.getFileName().toString(), MFD_CLOEXEC | MFD_ALLOW_SEALING)));
    try (Fd source = Fd.openRead(program.toString())) {
      for (long done = 0; done < bytes; ) {
        long copied = SystemCalls.check("copy " + program,
            SystemCalls.sendfile(copy.number(), source.number(), 0, bytes - done));
        if (copied == 0) {
          throw new IOException(program + " became shorter while it was copied");
        }
        done += copied;
      }
      SystemCalls.check("seal a copy of " + program, SystemCalls.fcntl(copy.number(), F_ADD_SEALS, ALL_SEALS));
      return new SealedProgram(copy);
    } catch (IOException | RuntimeException e) {
      copy.close();
      throw e;
    }
  }

  /** What to execute: a path that holds until {@link #close} and while this process lives. */
  public String path() {
    return path;
  }

  /** What runs from the copy runs on. */
  @Override
  public void close() {
    copy.close();
  }
}
