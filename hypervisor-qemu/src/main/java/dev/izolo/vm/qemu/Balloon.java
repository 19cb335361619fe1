package dev.izolo.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.vm.qmp.QmpClient;
import dev.izolo.vm.qmp.QmpException;
import dev.izolo.vm.qmp.QmpMessage;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes from a guest the memory it has used and freed, and gives it back without its content: the host's copy of it is
 * gone then. The guest's own reports of free memory cover only whole 2 MiB blocks, of which a guest that has run a while
 * has few.
 */
final class Balloon {
  private static final Logger log = LoggerFactory.getLogger(Balloon.class);

  private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration MOVE_TIMEOUT = Duration.ofSeconds(15);
  /** A guest that gives nothing more for so long has nothing more, and should not be pressed. */
  private static final Duration STALL_TIMEOUT = Duration.ofMillis(500);
  /** Left to the guest, so that it need not reclaim what it uses; a template whose code was evicted is not warm. */
  private static final long RESERVE_BYTES = 32 << 20;

  private static final String DEVICE = "/machine/peripheral/balloon";
  private static final long POLL_MILLIS = 20;

  private final QmpClient qmp;

  Balloon(QmpClient qmp) {
    this.qmp = qmp;
  }

  /**
   * Best effort, but for giving all of it back.
   *
   * @throws QmpException.TimedOut if the guest does not take its memory back
   */
  void squeeze(long memoryBytes) throws QmpException, InterruptedException {
    long free = freeBytes();
    if (free <= RESERVE_BYTES) {
      return;
    }
    if (!moveTo(memoryBytes - free + RESERVE_BYTES, STALL_TIMEOUT)) {
      log.debug("the guest has not given all that it had free");
    }
    if (!moveTo(memoryBytes, MOVE_TIMEOUT)) {
      throw new QmpException.TimedOut("the guest does not take back the memory that its balloon took");
    }
  }

  /** What the guest tells when asked; what it told before is of its boot, when all was free. */
  private long freeBytes() throws QmpException, InterruptedException {
    long told = stats().path("last-update").asLong();
    qmp.execute("qom-set", property("guest-stats-polling-interval").put("value", 1), COMMAND_TIMEOUT);
    try {
      long deadline = System.nanoTime() + MOVE_TIMEOUT.toNanos();
      while (System.nanoTime() < deadline) {
        JsonNode now = stats();
        if (now.path("last-update").asLong() > told) {
          return now.path("stats").path("stat-free-memory").asLong();
        }
      // There is no event for the guest's answer.
        Thread.sleep(POLL_MILLIS);
      }
      return 0;
    } finally {
      qmp.execute("qom-set", property("guest-stats-polling-interval").put("value", 0), COMMAND_TIMEOUT);
    }
  }

  private JsonNode stats() throws QmpException, InterruptedException {
    return qmp.execute("qom-get", property("guest-stats"), COMMAND_TIMEOUT);
  }

  /** Whether the guest got there in time; it is not waited for if it does not move for a while. */
  private boolean moveTo(long bytes, Duration patience) throws QmpException, InterruptedException {
    qmp.execute("balloon", QmpMessage.arguments().put("value", bytes), COMMAND_TIMEOUT);
    long start = System.nanoTime();
    long lastMove = start;
    long last = -1;
    while (System.nanoTime() - lastMove < patience.toNanos() && System.nanoTime() - start < MOVE_TIMEOUT.toNanos()) {
      // QEMU tells of a change at most once a second, and so perhaps not of the last one until then.
      long actual = qmp.execute("query-balloon", QmpMessage.arguments(), COMMAND_TIMEOUT).path("actual").asLong();
      if (actual == bytes) {
        return true;
      }
      if (actual != last) {
        last = actual;
        lastMove = System.nanoTime();
      }
      Thread.sleep(POLL_MILLIS);
    }
    return false;
  }

  private static ObjectNode property(String name) {
    return QmpMessage.arguments().put("path", DEVICE).put("property", name);
  }
}
