package dev.izolo.agent.sandbox;

import dev.izolo.agent.AgentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Kernel settings beneath /proc/sys, named with dots or, where a part has dots itself, with slashes (sysctl(8)). */
final class Sysctls {
  private static final int MAX_VALUE_LENGTH = 4096;
  private static final int MAX_NAME_CHARS = 256;

  private final Path proc;

  Sysctls(Path proc) {
    this.proc = proc;
  }

  void apply(Map<String, String> settings) throws IOException {
    for (Map.Entry<String, String> setting : settings.entrySet()) {
      String path = path(setting.getKey());
      String value = setting.getValue();
      if (value.length() > MAX_VALUE_LENGTH || value.indexOf('\n') >= 0 || value.indexOf('\0') >= 0) {
        throw new AgentException.Invalid("the value of sysctl " + setting.getKey() + " is no single line");
      }
      Path file = proc.resolve(path);
      if (!Files.isRegularFile(file)) {
        throw new AgentException.Invalid("this kernel has no sysctl " + setting.getKey());
      }
      try {
        Files.writeString(file, value, java.nio.file.StandardOpenOption.WRITE);
      } catch (IOException e) {
        throw new AgentException.Invalid(
            "the kernel refuses \"" + value + "\" for sysctl " + setting.getKey() + ": " + e.getMessage(), e);
      }
    }
  }

  /** The path beneath /proc/sys that a name stands for; whichever separator comes first separates. */
  static String path(String name) {
    boolean separated = name.indexOf('.') > 0 || name.indexOf('/') > 0;
    if (!separated || name.length() > MAX_NAME_CHARS || !Ascii.consistsOfLettersDigitsAnd("_-./,:@", name)) {
      throw new AgentException.Invalid("\"" + name + "\" is no sysctl name");
    }
    int dot = name.indexOf('.');
    int slash = name.indexOf('/');
    boolean dots = dot >= 0 && (slash < 0 || dot < slash);
    StringBuilder path = new StringBuilder();
    for (char c : name.toCharArray()) {
      path.append(dots && c == '.' ? '/' : dots && c == '/' ? '.' : c);
    }
    for (String part : path.toString().split("/", -1)) {
      if (part.isEmpty() || part.equals(".") || part.equals("..")) {
        throw new AgentException.Invalid("\"" + name + "\" is no sysctl name");
      }
    }
    return path.toString();
  }
}
