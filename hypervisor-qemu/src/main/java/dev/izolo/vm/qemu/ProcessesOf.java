package dev.izolo.vm.qemu;

import dev.izolo.linux.LinuxProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The processes that run as a user, whatever started them. */
final class ProcessesOf {
  private ProcessesOf() {}

  /** Everything of this user that is alive now, held. */
  static List<LinuxProcess> user(int uid) throws IOException {
    var found = new ArrayList<LinuxProcess>();
    try (Stream<Path> entries = Files.list(Path.of("/proc"))) {
      for (Path entry : (Iterable<Path>) entries::iterator) {
        String name = entry.getFileName().toString();
        if (Character.isDigit(name.charAt(0)) && owner(entry) == uid) {
          LinuxProcess.hold(Long.parseLong(name)).filter(process -> owner(entry) == uid).ifPresent(found::add);
        }
      }
    }
    return found;
  }

  /** Whether the user has any process. */
  static boolean exist(int uid) throws IOException {
    try (Stream<Path> entries = Files.list(Path.of("/proc"))) {
      return entries.anyMatch(
          entry -> Character.isDigit(entry.getFileName().toString().charAt(0)) && owner(entry) == uid);
    }
  }

  /** Minus one when the process is gone. */
  private static int owner(Path entry) {
    try {
      return (int) Files.getAttribute(entry, "unix:uid");
    } catch (IOException e) {
      return -1;
    }
  }
}
