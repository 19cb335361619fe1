package dev.izolo.vm.qemu;

import dev.izolo.linux.ErrnoException;
import dev.izolo.linux.Fd;
import dev.izolo.linux.LinuxProcess;
import dev.izolo.vm.AttachedDisk;
import dev.izolo.vm.DiskSpec;
import dev.izolo.vm.Vm;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmRecord;
import dev.izolo.vm.qmp.QmpClient;
import dev.izolo.vm.qmp.QmpException;
import dev.izolo.vm.qmp.QmpMessage;
import dev.izolo.vm.vsock.VsockEndpoint;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A VM that runs. */
final class QemuVm implements Vm {
  private static final Logger log = LoggerFactory.getLogger(QemuVm.class);

  private static final int QUOTED_CONSOLE_LINES = 20;
  private static final int QUOTED_ERROR_BYTES = 4096;
  /** The first call to an agent that has never run one takes 1 to 2 s without hardware virtualisation. */
  private static final Duration PING_TIMEOUT = Duration.ofSeconds(10);
  /** How often to try although the agent has not announced itself, in case its announcement was lost. */
  private static final Duration UNANNOUNCED_RETRY = Duration.ofSeconds(3);
  private static final Duration GROW_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);
  private static final Duration FIRST_RETRY = Duration.ofMillis(5);
  private static final Duration LONGEST_RETRY = Duration.ofMillis(200);
  /** For the console's last words to arrive after QEMU's end; they are in the socket's buffer already. */
  private static final Duration CONSOLE_DRAIN = Duration.ofMillis(500);

  /** What {@link QemuVmm} gives back when the VM is gone: uid, vsock address, files. */
  @FunctionalInterface
  interface Release {
    void run() throws IOException;
  }

  /** The parts of a running VM, put together by whoever booted, restored or adopted it. */
  record Parts(
      String id,
      VmDirectory directory,
      VmProcesses processes,
      int uid,
      VsockEndpoint vsock,
      QmpClient qmp,
      Console console,
      Fd errors,
      DiskPlugger disks,
      ManagedChannel agent,
      Release release) {}

  private final Parts parts;
  private final CompletableFuture<VmExit> exited = new CompletableFuture<>();
  private final ReentrantLock destroyLock = new ReentrantLock();
  private final ReentrantLock growLock = new ReentrantLock();
  private volatile String exitReason;
  private volatile boolean vsockCut;
  private boolean released;

  QemuVm(Parts parts) {
    this.parts = parts;
    parts.qmp.listen(this::onEvent);
    for (LinuxProcess helper : parts.processes.helpers()) {
      helper.exited().thenRunAsync(this::helperDied, Thread::startVirtualThread);
    }
    parts.processes.qemu().exited().thenAcceptAsync(this::qemuEnded, Thread::startVirtualThread);
  }

  @Override
  public String id() {
    return parts.id;
  }

  @Override
  public VmRecord record() {
    return new VmRecord(
        parts.id,
        parts.directory.root(),
        VmProcesses.identity(parts.processes.qemu()),
        parts.processes.helpers().stream().map(VmProcesses::identity).toList(),
        parts.uid,
        parts.vsock.toString(),
        parts.disks.attachedDisks(),
        Map.of());
  }

  @Override
  public void awaitAgent(Duration timeout) throws VmException, InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    var news = CompletableFuture.anyOf(parts.console.readyHint(), exited);
    Duration pause = FIRST_RETRY;
    String lastFailure = "the agent has not announced itself on the console";
    await(news, min(timeout, UNANNOUNCED_RETRY));
    while (true) {
      Duration left = Duration.ofNanos(deadline - System.nanoTime());
      if (exited.isDone()) {
        throw bootFailed("the VM ended before its agent answered: " + exited.join().reason(), null);
      }
      if (!left.isPositive()) {
        throw bootFailed("no answer from the agent within %d ms: %s".formatted(timeout.toMillis(), lastFailure), null);
      }
      ConnectivityState state = parts.agent.getState(true);
      if (state == ConnectivityState.IDLE || state == ConnectivityState.CONNECTING) {
        awaitChange(state, left);
        continue;
      }
      try {
        // Answers when connected, and says at once why not when not.
        AgentProbe.ping(parts.agent, min(left, PING_TIMEOUT));
        return;
      } catch (StatusRuntimeException e) {
        if (Thread.interrupted()) {
          throw new InterruptedException("cancelled while waiting for the agent of VM " + parts.id);
        }
        if (e.getStatus().getCode() == Status.Code.UNIMPLEMENTED) {
          throw bootFailed("what answers on the agent's port is not an agent of this protocol", e);
        }
        lastFailure = e.getStatus().getCode() + ": " + e.getStatus().getDescription();
        log.debug("VM {}: agent does not answer yet: {}", parts.id, lastFailure);
      }
      boolean announced = parts.console.readyHint().isDone();
      await(announced ? exited : news, min(left, announced ? pause : UNANNOUNCED_RETRY));
      pause = announced ? min(pause.multipliedBy(2), LONGEST_RETRY) : pause;
      parts.agent.resetConnectBackoff();
    }
  }

  @Override
  public ManagedChannel agent() {
    return parts.agent;
  }

  @Override
  public AttachedDisk attachDisk(DiskSpec disk) throws VmException, InterruptedException {
    requireRunning();
    try {
      return parts.disks.attach(disk);
    } catch (QmpException e) {
      throw failed("attach disk " + disk.file(), e);
    }
  }

  @Override
  public void detachDisk(AttachedDisk disk) throws VmException, InterruptedException {
    requireRunning();
    try {
      parts.disks.detach(disk);
    } catch (QmpException e) {
      throw failed("detach disk " + disk.spec().file(), e);
    }
  }

  @Override
  public void grow(int vcpus, int memoryMib) throws VmException, InterruptedException {
    growLock.lockInterruptibly();
    try {
      requireRunning();
      boolean shared = parts.vsock instanceof VsockEndpoint.Hybrid;
      Growth.Size size = new Growth(parts.qmp, shared).plug(vcpus, memoryMib);
      AgentProbe.awaitResources(parts.agent, size.vcpus(), size.memoryBytes(), GROW_TIMEOUT);
    } catch (QmpException e) {
      throw failed("grow to %d processors and %d MiB".formatted(vcpus, memoryMib), e);
    } catch (StatusRuntimeException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException("cancelled while VM " + parts.id + " grows");
      }
      throw new VmException.OperationFailed(
          "VM %s does not use the processors and memory that were plugged: %s".formatted(parts.id, e.getStatus()), e);
    } finally {
      growLock.unlock();
    }
  }

  @Override
  public String consoleTail() {
    return parts.console.text();
  }

  @Override
  public String lastWords() {
    String tail = parts.console.lastLines(QUOTED_CONSOLE_LINES);
    return tail.isBlank() ? "its console is empty" : "the end of its console:\n" + tail;
  }

  @Override
  public CompletableFuture<VmExit> exited() {
    return exited.copy();
  }

  @Override
  public HostUsage hostUsage() throws VmException {
    requireRunning();
    return parts.processes.usage();
  }

  @Override
  public void destroy(Duration grace) throws VmException {
    destroyLock.lock();
    try {
      if (released) {
        return;
      }
      if (grace.isPositive() && parts.processes.qemu().isAlive()) {
        powerOff(grace);
      }
      if (exitReason == null) {
        exitReason = "destroyed";
      }
      VmProcesses.kill(parts.processes.all());
      disconnect();
      parts.errors.close();
      try {
        parts.release.run();
      } catch (IOException e) {
        throw new VmException.OperationFailed("VM " + parts.id + ": cannot remove its files: " + e.getMessage(), e);
      }
      released = true;
    } finally {
      destroyLock.unlock();
    }
  }

  /** Starts the guest of a VM that was started paused. */
  void resume(Duration timeout) throws QmpException, InterruptedException {
    parts.qmp.execute("cont", QmpMessage.arguments(), timeout);
  }

  /** Takes the guest's vsock away, with the connection to its agent: for a VM about to be saved. */
  void cutVsock(MachineLayout.VsockDevice device) throws VmException, QmpException, InterruptedException {
    vsockCut = true;
    parts.agent.shutdownNow();
    parts.agent.awaitTermination(CLOSE_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS);
    new VsockPlug(parts.qmp).unplug(device);
    VmProcesses.kill(parts.processes.helpers());
  }

  /** Ends the connections to a VM and leaves it running. */
  void disconnect() {
    parts.agent.shutdownNow();
    parts.qmp.close();
    parts.console.close();
  }

  /** Finds the disks again that a former daemon plugged. */
  void readopt(List<AttachedDisk> recorded) throws QmpException, InterruptedException {
    parts.disks.adopt(recorded);
  }

  private void powerOff(Duration grace) {
    long deadline = System.nanoTime() + grace.toNanos();
    try {
      AgentProbe.shutdown(parts.agent, grace);
    } catch (StatusRuntimeException e) {
      log.debug("VM {}: the agent did not answer the request to power off: {}", parts.id, e.getStatus());
      if (e.getStatus().getCode() != Status.Code.UNAVAILABLE) {
        return;
      }
      // The guest may be gone before its answer is.
    }
    VmProcesses.awaitExit(parts.processes.qemu(), Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
  }

  private void onEvent(QmpMessage.Event event) {
    if (event.name().equals("SHUTDOWN") && exitReason == null) {
      String reason = event.data().path("reason").asText("unknown");
      exitReason =
          switch (reason) {
            case "guest-shutdown" -> "the guest powered off";
            case "guest-reset" -> "the guest reset itself, as a kernel does when it panics";
            case "guest-panic" -> "the guest's kernel panicked";
            case "host-signal" -> "a signal on the host ended QEMU";
            default -> "QEMU shut down: " + reason;
          };
    }
  }

  private void helperDied() {
    if (!parts.processes.qemu().isAlive() || exitReason != null || vsockCut) {
      return;
    }
    exitReason = "its vsock backend died, without which the guest cannot be reached" + quoted(errorOutput());
    log.warn("VM {}: {}", parts.id, exitReason);
    try {
      parts.processes.qemu().signal(LinuxProcess.SIGKILL);
    } catch (ErrnoException e) {
      log.error("VM {}: cannot kill QEMU", parts.id, e);
    }
  }

  private void qemuEnded(LinuxProcess.Exit exit) {
    try {
      parts.console.ended().get(CONSOLE_DRAIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      log.debug("VM {}: the console's end did not arrive", parts.id);
    } catch (InterruptedException | ExecutionException e) {
      log.debug("VM {}: waiting for the console's end failed", parts.id, e);
    }
    String reason = exitReason;
    if (reason == null) {
      reason =
          exit.code().map(code -> "QEMU ended unexpectedly with code " + code).orElse("QEMU ended unexpectedly")
              + quoted(errorOutput());
    }
    exited.complete(new VmExit(exit.code(), reason));
  }

  private String errorOutput() {
    try {
      return ConsoleRing.printable(parts.errors.readAvailable(QUOTED_ERROR_BYTES)).strip();
    } catch (IOException | IllegalStateException e) {
      return "";
    }
  }

  private static String quoted(String output) {
    return output.isEmpty() ? "" : "; it said: " + output;
  }

  private VmException.BootFailed bootFailed(String why, Throwable cause) {
    return new VmException.BootFailed(
        "VM %s did not boot, phase agent: %s; %s".formatted(parts.id, why, lastWords()), cause);
  }

  private VmException failed(String what, QmpException e) {
    boolean gone = e instanceof QmpException.Disconnected && !parts.processes.qemu().isAlive();
    String message = "VM %s: cannot %s: %s".formatted(parts.id, what, e.getMessage());
    return gone ? new VmException.Gone(message, e) : new VmException.OperationFailed(message, e);
  }

  private void requireRunning() throws VmException.Gone {
    if (!parts.processes.qemu().isAlive()) {
      throw new VmException.Gone(
          "VM " + parts.id + " does not run any more" + Optional.ofNullable(exitReason).map(r -> ": " + r).orElse(""),
          null);
    }
  }

  private void awaitChange(ConnectivityState from, Duration atMost) throws InterruptedException {
    var changed = new CompletableFuture<Void>();
    parts.agent.notifyWhenStateChanged(from, () -> changed.complete(null));
    await(CompletableFuture.anyOf(changed, exited), atMost);
  }

  private static void await(CompletableFuture<?> future, Duration atMost) throws InterruptedException {
    try {
      future.get(Math.max(0, atMost.toNanos()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      // Time for the next try.
    } catch (ExecutionException e) {
      throw new AssertionError("these futures never fail", e);
    }
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }
}
