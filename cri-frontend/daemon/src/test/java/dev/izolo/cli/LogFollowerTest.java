package dev.izolo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class LogFollowerTest {
  @TempDir
  Path dir;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final CriLogParser parser = new CriLogParser(out, OutputStream.nullOutputStream());

  @Test
  void followsALogThatAppearsLaterAndEndsWhenTold() throws Exception {
    Path log = dir.resolve("c.log");
    try (var follower = new LogFollower(log, parser)) {
      var following = new CompletableFuture<Void>();
      Thread.ofVirtual().start(() -> {
        try {
          follower.follow();
          following.complete(null);
        } catch (Exception e) {
          following.completeExceptionally(e);
        }
      });
      for (int line = 0; line < 50; line++) {
        Files.writeString(log, "t stdout F line " + line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      }
      follower.end();
      following.get(20, TimeUnit.SECONDS);
    }
    assertThat(out.toString()).startsWith("line 0\n").endsWith("line 49\n").hasLineCount(50);
  }

  @Test
  void endsWithoutALog() throws Exception {
    try (var follower = new LogFollower(dir.resolve("none.log"), parser)) {
      follower.end();
      follower.follow();
    }
    assertThat(out.size()).isZero();
  }
}
