package dev.izolo.agent;

import java.util.ResourceBundle;

/**
 * The JDK's own messages, on the console. With it the JDK finds in the first archive of the class path what it asks for
 * at its first logger, and does not open every archive to learn that nobody has it, which a slow guest feels.
 */
public final class ConsoleLoggers extends System.LoggerFinder {
  @Override
  public System.Logger getLogger(String name, Module module) {
    return new ConsoleLogger(name);
  }

  private record ConsoleLogger(String name) implements System.Logger {
    @Override
    public String getName() {
      return name;
    }

    @Override
    public boolean isLoggable(Level level) {
      return level.getSeverity() >= Level.WARNING.getSeverity() && level != Level.OFF;
    }

    @Override
    public void log(Level level, ResourceBundle bundle, String message, Throwable thrown) {
      if (isLoggable(level)) {
        print(level, thrown == null ? message : message + ": " + thrown);
      }
    }

    @Override
    public void log(Level level, ResourceBundle bundle, String format, Object... parameters) {
      if (isLoggable(level)) {
        print(level, parameters == null || parameters.length == 0
            ? format : java.text.MessageFormat.format(format, parameters));
      }
    }

    private void print(Level level, String message) {
      System.err.println("izolo-agent: " + level + " " + name + ": " + message);
    }
  }
}
