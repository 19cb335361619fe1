package dev.izolo.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import dev.izolo.config.IzoloConfig.LogLevel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sets the log up: one line per event on standard error, what it is about as key=value pairs. */
final class Logs {
  private static final String LINE = "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0}: "
      + "%replace(%mdc){'(\\w+)=([^,]+),? ?', '$1=$2 '}%msg%n%ex";

  /** Kept, since java.util.logging forgets the level of a logger that nobody holds. */
  private static final java.util.logging.Logger GRPC = java.util.logging.Logger.getLogger("io.grpc");

  private Logs() {}

  /** The daemon's log. */
  static void configure(LogLevel level) {
    apply(Level.valueOf(level.name()));
  }

  /** A command that is no daemon says nothing of its own but its answer. */
  static void configureForCommands() {
    apply(Level.ERROR);
  }

  private static void apply(Level level) {
    GRPC.setLevel(java.util.logging.Level.SEVERE);
    var context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    var encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setPattern(LINE);
    encoder.start();
    var appender = new ConsoleAppender<ILoggingEvent>();
    appender.setContext(context);
    appender.setTarget("System.err");
    appender.setEncoder(encoder);
    appender.start();
    context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(appender);
    context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.WARN);
    context.getLogger("dev.izolo").setLevel(level);
    // Warns of nothing that matters here: SO_KEEPALIVE on a unix socket, a host without a hardware address.
    context.getLogger("io.netty").setLevel(Level.ERROR);
  }
}
