package dev.izolo.vm.fake;

import dev.izolo.vm.AttachedDisk;
import dev.izolo.vm.DiskSpec;
import dev.izolo.vm.Vm.VmExit;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmRecord;
import dev.izolo.vm.VmSpec;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** What a VM is on the fake host, apart from any daemon's handle to it. */
public final class FakeMachine {
  private static final AtomicInteger NEXT = new AtomicInteger(1);
  private static final int MAX_DISKS = 256;

  private final VmSpec spec;
  private final int number = NEXT.getAndIncrement();
  private final BindableService agent;
  private final Server server;
  private final Map<Integer, AttachedDisk> disks = new TreeMap<>();
  private final CompletableFuture<VmExit> exited = new CompletableFuture<>();
  private volatile String console = "";

  FakeMachine(VmSpec spec, BindableService agent) {
    this.spec = spec;
    this.agent = agent;
    try {
      server =
          InProcessServerBuilder.forName(serverName())
              .executor(Executors.newVirtualThreadPerTaskExecutor())
              .addService(agent)
              .build()
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public String id() {
    return spec.id();
  }

  public VmSpec spec() {
    return spec;
  }

  /** The agent the test supplied for this VM. */
  public BindableService agent() {
    return agent;
  }

  public boolean isRunning() {
    return !exited.isDone();
  }

  /** What is attached now, by SCSI target. */
  public synchronized List<AttachedDisk> disks() {
    return List.copyOf(disks.values());
  }

  /** Sets what the guest "wrote" to its console. */
  public void console(String text) {
    console = text;
  }

  /** QEMU dies: calls in flight break with UNAVAILABLE, exited() completes. */
  public void die(String reason) {
    stop(reason);
  }

  String console() {
    return console;
  }

  CompletableFuture<VmExit> exited() {
    return exited;
  }

  ManagedChannel connect() {
    return InProcessChannelBuilder.forName(serverName()).executor(Executors.newVirtualThreadPerTaskExecutor()).build();
  }

  void stop(String reason) {
    server.shutdownNow();
    exited.complete(new VmExit(Optional.of(0), reason));
  }

  synchronized AttachedDisk attach(DiskSpec disk) throws VmException {
    int target = 0;
    while (disks.containsKey(target)) {
      target++;
    }
    if (target >= MAX_DISKS) {
      throw new VmException.Exhausted("the VM's " + MAX_DISKS + " disk slots are taken", null);
    }
    var attached = new AttachedDisk(target, 0, disk);
    disks.put(target, attached);
    return attached;
  }

  synchronized void detach(AttachedDisk disk) {
    disks.remove(disk.scsiTarget(), disk);
  }

  VmRecord record() {
    return new VmRecord(
        id(),
        spec.directory(),
        new VmRecord.ProcessIdentity(1_000_000L + number, number),
        List.of(),
        700_000 + number,
        "fake:" + number,
        disks(),
        Map.of());
  }

  private String serverName() {
    return "fake-vm-" + number;
  }
}
