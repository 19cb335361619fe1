package dev.izolo.vm.fake;

import dev.izolo.vm.AttachedDisk;
import dev.izolo.vm.DiskSpec;
import dev.izolo.vm.Vm;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmRecord;
import dev.izolo.vm.fake.FakeVmm.Operation;
import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** One daemon's handle to a {@link FakeMachine}. */
final class FakeVm implements Vm {
  private final FakeVmm host;
  private final FakeMachine machine;
  private final ManagedChannel channel;

  FakeVm(FakeVmm host, FakeMachine machine) {
    this.host = host;
    this.machine = machine;
    this.channel = machine.connect();
  }

  @Override
  public String id() {
    return machine.id();
  }

  @Override
  public VmRecord record() {
    return machine.record();
  }

  @Override
  public void awaitAgent(Duration timeout) throws VmException, InterruptedException {
    host.enter(Operation.AWAIT_AGENT, id(), timeout);
    if (!machine.isRunning()) {
      throw new VmException.BootFailed("the VM died before its agent answered; " + lastWords(), null);
    }
  }

  @Override
  public ManagedChannel agent() {
    return channel;
  }

  @Override
  public AttachedDisk attachDisk(DiskSpec disk) throws VmException, InterruptedException {
    host.enter(Operation.ATTACH_DISK, id(), disk);
    requireRunning();
    return machine.attach(disk);
  }

  @Override
  public void detachDisk(AttachedDisk disk) throws VmException, InterruptedException {
    host.enter(Operation.DETACH_DISK, id(), disk);
    requireRunning();
    machine.detach(disk);
  }

  @Override
  public void grow(int vcpus, int memoryMib) throws VmException, InterruptedException {
    host.enter(Operation.GROW, id(), java.util.List.of(vcpus, memoryMib));
    requireRunning();
  }

  @Override
  public String consoleTail() {
    return machine.console();
  }

  @Override
  public String lastWords() {
    return "console: " + consoleTail();
  }

  @Override
  public CompletableFuture<VmExit> exited() {
    return machine.exited().copy();
  }

  @Override
  public void destroy(Duration grace) throws VmException {
    try {
      host.enter(Operation.DESTROY, id(), grace);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    machine.stop("destroyed");
    channel.shutdownNow();
    host.forget(machine);
  }

  @Override
  public HostUsage hostUsage() throws VmException {
    requireRunning();
    return new HostUsage(64L << 20, Duration.ofMillis(10));
  }

  private void requireRunning() throws VmException {
    if (!machine.isRunning()) {
      throw new VmException.Gone("VM " + id() + " does not run any more", null);
    }
  }
}
