package dev.izolo.agent.container;

import java.io.IOException;
import java.util.Map;

/** The JSON lines runc and crun log. */
final class RuntimeLog {
  /** What a shell answers for a command that is not there. */
  static final int NOT_FOUND_EXIT_CODE = 127;

  /** What a shell answers for a command that cannot be run. */
  static final int NOT_EXECUTABLE_EXIT_CODE = 126;

  private RuntimeLog() {}

  /** The last message of level error or worse, without the runtime's own prefix; empty if there is none. */
  static String lastError(String log) {
    String last = "";
    for (String line : log.split("\n")) {
      if (line.isBlank()) {
        continue;
      }
      try {
        Map<String, Object> entry = Json.parseObject(line);
        if (entry.get("msg") instanceof String message
            && ("error".equals(entry.get("level")) || "fatal".equals(entry.get("level")))) {
          last = message;
        }
      } catch (IOException e) {
        // Not a line of the log's form, so not the runtime's own word on its failure.
        continue;
      }
    }
    return last.strip();
  }

  /** The exit code a shell would give for a command the runtime could not execute, or -1 for any other failure. */
  static int exitCode(String message) {
    boolean exec = message.contains("exec");
    if (exec && (message.contains("executable file not found") || message.contains("no such file or directory")
        || message.contains("No such file or directory"))) {
      return NOT_FOUND_EXIT_CODE;
    }
    if (exec && (message.contains("permission denied") || message.contains("Permission denied")
        || message.contains("exec format error") || message.contains("Exec format error")
        || message.contains("not executable") || message.contains("is a directory"))) {
      return NOT_EXECUTABLE_EXIT_CODE;
    }
    return -1;
  }
}
