package dev.izolo.container;

import dev.izolo.state.CriException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Writable disks of containers: sparse copies of one empty ext4 file system, which is made at first use and kept. Without
 * a journal, since a scratch disk never outlives its VM.
 */
final class ScratchDisks {
  private static final long MAX_SECONDS = 60;
  private static final int QUOTED = 2000;

  private final Path base;
  private final long bytes;
  private final ReentrantLock lock = new ReentrantLock();

  /** @param bytes size of each; what is not written takes no room */
  ScratchDisks(Path stateDir, long bytes) {
    this.bytes = bytes;
    this.base = stateDir.resolve("scratch").resolve("ext4-" + bytes + ".img");
  }

  void make(Path file) throws CriException, InterruptedException {
    makeBase();
    run("copy an empty scratch disk to " + file,
        List.of("cp", "--sparse=always", "--reflink=auto", base.toString(), file.toString()));
  }

  private void makeBase() throws CriException, InterruptedException {
    lock.lockInterruptibly();
    try {
      if (Files.exists(base)) {
        return;
      }
      Path temporary = base.resolveSibling(base.getFileName() + ".new");
      Files.createDirectories(base.getParent());
      Files.deleteIfExists(temporary);
      try (var file =
          Files.newByteChannel(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        file.position(bytes - 1);
        file.write(ByteBuffer.allocate(1));
      }
      run(
          "make an empty scratch disk",
          List.of(
              "mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal,^resize_inode",
              "-E", "lazy_itable_init=0,nodiscard,root_owner=0:0", temporary.toString()));
      // The zeroes that mkfs wrote become holes.
      Path sparse = base.resolveSibling(base.getFileName() + ".sparse");
      run("store an empty scratch disk", List.of("cp", "--sparse=always", temporary.toString(), sparse.toString()));
      Files.delete(temporary);
      Files.move(sparse, base, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new CriException.Internal("cannot make the scratch disk " + base + ": " + e, e);
    } finally {
      lock.unlock();
    }
  }

  private static void run(String what, List<String> command) throws CriException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).redirectInput(Path.of("/dev/null").toFile()).start();
    } catch (IOException e) {
      throw new CriException.Internal(
          "cannot " + what + ": " + e.getMessage() + "; install coreutils and e2fsprogs", e);
    }
    try {
      if (!process.waitFor(MAX_SECONDS, TimeUnit.SECONDS)) {
        throw new CriException.Internal("cannot " + what + ": " + command.getFirst() + " took too long", null);
      }
      String words = new String(process.getInputStream().readNBytes(QUOTED)).strip();
      if (process.exitValue() != 0) {
        throw words.contains("No space left")
            ? new CriException.Exhausted("cannot " + what + ": " + words, null)
            : new CriException.Internal("cannot " + what + ": " + words, null);
      }
    } catch (IOException e) {
      throw new CriException.Internal("cannot " + what + ": " + e, e);
    } finally {
      process.destroyForcibly();
    }
  }
}
