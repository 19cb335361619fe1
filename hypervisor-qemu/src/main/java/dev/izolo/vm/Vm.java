package dev.izolo.vm;

import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * One running virtual machine. Once {@link #exited} is complete every other method but {@link #destroy} and the plain
 * getters throws {@link VmException.Gone}.
 */
public interface Vm {
  String id();

  /** What a restarted daemon needs to find this VM again; store it before anything depends on the VM. */
  VmRecord record();

  /**
   * Waits until the guest's agent accepts calls.
   *
   * @throws VmException.BootFailed when the VM died or the time is up; the message quotes the end of the guest's console
   */
  void awaitAgent(Duration timeout) throws VmException, InterruptedException;

  /**
   * The gRPC channel to the guest's agent; one per VM, reconnecting, owned by the VM and shut down with it. Give every
   * call a deadline: a paused guest never answers.
   */
  ManagedChannel agent();

  /** Hot-plugs a disk; it is visible to the guest at the returned address. */
  AttachedDisk attachDisk(DiskSpec disk) throws VmException, InterruptedException;

  /** Unplugs a disk; idempotent. */
  void detachDisk(AttachedDisk disk) throws VmException, InterruptedException;

  /**
   * Hot-plugs processors and memory until the VM has at least this much, and waits until the guest uses them. What it has
   * already is not taken away.
   *
   * @throws VmException.Exhausted if it is more than the machine can grow to
   */
  void grow(int vcpus, int memoryMib) throws VmException, InterruptedException;

  /** The end of what the guest wrote to its console, control characters replaced; at most 64 KiB. */
  String consoleTail();

  /** For messages to people, after a semicolon: the last few lines of {@link #consoleTail}, or that there are none. */
  String lastWords();

  /** Completes when QEMU is gone, whatever the reason, at once. */
  CompletableFuture<VmExit> exited();

  /**
   * Ends the VM and removes everything it had on the host: processes, sockets, files, its uid's claim. First politely
   * (at most {@code grace}, zero for at once), then by force. Idempotent; not cancelled by interruption.
   *
   * @throws VmException if something could not be removed; may be called again
   */
  void destroy(Duration grace) throws VmException;

  /** Memory and processes on the host, for stats: all processes that exist for this VM alone. */
  HostUsage hostUsage() throws VmException;

  /** How and when QEMU ended. {@code exitCode} is absent for a VM that was adopted rather than started. */
  record VmExit(Optional<Integer> exitCode, String reason) {}

  /** Processes of this VM on the host: their proportional set size and CPU time together. */
  record HostUsage(long pssBytes, Duration cpuTime) {}
}
