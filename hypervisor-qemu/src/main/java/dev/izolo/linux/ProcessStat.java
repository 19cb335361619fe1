package dev.izolo.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Some of /proc/PID/stat (proc(5)).
 *
 * @param state one letter; Z and X are dead
 * @param cpuTicks time in user and kernel mode, in ticks of 1/100 s
 * @param startTimeTicks since boot; with the pid it names a process for good
 */
public record ProcessStat(long pid, char state, long cpuTicks, long startTimeTicks) {
  public static final int TICKS_PER_SECOND = 100;

  /** Empty when there is no such process. */
  public static Optional<ProcessStat> read(long pid) throws IOException {
    try {
      byte[] text = Files.readAllBytes(Path.of("/proc", Long.toString(pid), "stat"));
      return Optional.of(parse(new String(text, StandardCharsets.ISO_8859_1)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      // A process that ends between open and read answers ESRCH, which Java reports as a plain IOException.
      if (!Files.exists(Path.of("/proc", Long.toString(pid)))) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** The command's name is in parentheses and may itself hold parentheses, spaces and line breaks. */
  static ProcessStat parse(String line) {
    int open = line.indexOf('(');
    int close = line.lastIndexOf(')');
    if (open < 1 || close < open) {
      throw new IllegalArgumentException("not a process's stat line: " + line);
    }
    String[] fields = line.substring(close + 1).trim().split(" ");
    if (fields.length < 20 || fields[0].length() != 1) {
      throw new IllegalArgumentException("not a process's stat line: " + line);
    }
    return new ProcessStat(
        Long.parseLong(line.substring(0, open).trim()),
        fields[0].charAt(0),
        Long.parseLong(fields[11]) + Long.parseLong(fields[12]),
        Long.parseLong(fields[19]));
  }
}
