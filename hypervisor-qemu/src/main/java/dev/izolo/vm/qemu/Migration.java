package dev.izolo.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.linux.MemoryFile;
import dev.izolo.vm.qmp.QmpClient;
import dev.izolo.vm.qmp.QmpException;
import dev.izolo.vm.qmp.QmpMessage;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * Saves a machine's state to a file and loads it from one, by QEMU's migration. Shared memory is left out
 * ({@code x-ignore-shared}): it is in its own file.
 */
final class Migration {
  private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final String DESCRIPTOR_NAME = "state";

  private final QmpClient qmp;

  Migration(QmpClient qmp) {
    this.qmp = qmp;
  }

  /** Stops the guest for good and writes all but its shared memory; QEMU can only be ended afterwards. */
  void save(MemoryFile state) throws QmpException, InterruptedException {
    qmp.execute("stop", QmpMessage.arguments(), COMMAND_TIMEOUT);
    prepare();
    ObjectNode name = QmpMessage.arguments().put("fdname", DESCRIPTOR_NAME);
    qmp.execute("getfd", name, state.fd(), COMMAND_TIMEOUT);
    run("migrate", "fd:" + DESCRIPTOR_NAME);
  }

  /** Makes a machine that was started to wait for a state ready for it; the guest's memory need not be there yet. */
  void prepareLoad() throws QmpException, InterruptedException {
    prepare();
    // What QEMU would announce is the address that the saved guest's link had.
    qmp.execute("migrate-set-parameters", QmpMessage.arguments().put("announce-rounds", 0), COMMAND_TIMEOUT);
  }

  /**
   * Loads; the guest is paused afterwards. QEMU ends if the state does not fit the machine.
   *
   * @param descriptor QEMU's own number of the state's descriptor
   */
  void load(int descriptor) throws QmpException, InterruptedException {
    run("migrate-incoming", "fd:" + descriptor);
  }

  private void prepare() throws QmpException, InterruptedException {
    ObjectNode arguments = QmpMessage.arguments();
    var capabilities = arguments.putArray("capabilities");
    capabilities.addObject().put("capability", "x-ignore-shared").put("state", true);
    capabilities.addObject().put("capability", "events").put("state", true);
    qmp.execute("migrate-set-capabilities", arguments, COMMAND_TIMEOUT);
  }

  private void run(String command, String uri) throws QmpException, InterruptedException {
    // Asked for before the event can happen.
    CompletableFuture<QmpMessage.Event> ended =
        qmp.next(
            event ->
                event.name().equals("MIGRATION")
                    && switch (event.data().path("status").asText()) {
                      case "completed", "failed", "cancelled" -> true;
                      default -> false;
                    });
    try {
      qmp.execute(command, QmpMessage.arguments().put("uri", uri), COMMAND_TIMEOUT);
      String status = qmp.await(ended, "the end of " + command, TIMEOUT).data().path("status").asText();
      if (!status.equals("completed")) {
        JsonNode info = qmp.execute("query-migrate", QmpMessage.arguments(), COMMAND_TIMEOUT);
        throw new QmpException.CommandFailed(
            command, QmpException.ErrorClass.GENERIC_ERROR, info.path("error-desc").asText("it " + status));
      }
    } finally {
      ended.cancel(false);
    }
  }
}
