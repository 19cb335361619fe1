package dev.izolo.vm.qemu;

import dev.izolo.vm.VmException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.IntPredicate;
import java.util.stream.Stream;

/**
 * Gives out numbers of a range, each to one VM at a time, across daemon restarts: one file per claim, named by the
 * number and holding the boot's id and the VM's. A claim of an earlier boot counts as free, its VM cannot have lived.
 */
final class NumberClaims {
  private final Path directory;
  private final String what;
  private final int first;
  private final int last;
  private final String bootId;

  /**
   * @param what for messages, in the plural: user ids
   */
  NumberClaims(Path directory, String what, int first, int last, String bootId) {
    this.directory = directory;
    this.what = what;
    this.first = first;
    this.last = last;
    this.bootId = bootId;
  }

  /** The running kernel's boot id. */
  static String currentBootId() throws IOException {
    return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
  }

  /**
   * Claims a number that nobody has and that passes the check; it is on disk when this returns.
   *
   * @param usable asked of a number that has just been claimed, for uses that no claim records
   */
  int claim(String vmId, IntPredicate usable) throws VmException {
    try {
      Files.createDirectories(directory);
      int size = last - first + 1;
      int start = ThreadLocalRandom.current().nextInt(size);
      for (int i = 0; i < size; i++) {
        int number = first + (start + i) % size;
        if (tryClaim(number, vmId)) {
          if (usable.test(number)) {
            return number;
          }
          free(number);
        }
      }
    } catch (IOException | UncheckedIOException e) {
      throw new VmException.Exhausted("cannot record a claim in " + directory + ": " + e.getMessage(), e);
    }
    throw new VmException.Exhausted(
        "all %s from %d to %d are in use; widen the range or remove sandboxes".formatted(what, first, last), null);
  }

  /** Gives a number back; idempotent. */
  void free(int number) throws IOException {
    Files.deleteIfExists(file(number));
  }

  /** The numbers that a VM has claimed; more than one only if a daemon died in the middle of a boot. */
  List<Integer> claimedBy(String vmId) throws IOException {
    var numbers = new ArrayList<Integer>();
    if (!Files.isDirectory(directory)) {
      return numbers;
    }
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (file.getFileName().toString().matches("\\d{1,9}") && content(vmId).equals(read(file))) {
          numbers.add(Integer.parseInt(file.getFileName().toString()));
        }
      }
    }
    return numbers;
  }

  private boolean tryClaim(int number, String vmId) throws IOException {
    Path file = file(number);
    if (create(file, vmId)) {
      return true;
    }
    String held = read(file);
    // An empty file is a claim being written, or one that a full disk cut short: never taken over.
    if (held.isEmpty() || held.startsWith(bootId + " ")) {
      return false;
    }
    Files.deleteIfExists(file);
    return create(file, vmId);
  }

  private boolean create(Path file, String vmId) throws IOException {
    try {
      Files.writeString(file, content(vmId), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    }
  }

  private String content(String vmId) {
    return bootId + " " + vmId;
  }

  private static String read(Path file) throws IOException {
    try {
      byte[] bytes = Files.readAllBytes(file);
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      return "";
    }
  }

  private Path file(int number) {
    return directory.resolve(Integer.toString(number));
  }
}
