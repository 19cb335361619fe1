package dev.izolo.agent.sandbox;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.AgentPaths;
import dev.izolo.agent.linux.Machine;
import dev.izolo.agent.linux.Mounts;
import dev.izolo.agent.v1.ConfigureSandboxRequest;
import dev.izolo.agent.v1.PrepareSandboxRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Makes the VM a sandbox in two steps, in an order that never shows a workload half of it: first what makes it a machine
 * of its own and needs no pod, then what the pod decides.
 */
public final class SandboxConfigurator {
  private static final int MIN_ENTROPY_BYTES = 32;
  private static final List<String> FILES = List.of("machine-id", "hostname", "resolv.conf", "hosts");

  private static final String SHARED_MEMORY = "shm";

  private enum State {
    NEW,
    PREPARED,
    CONFIGURED
  }

  private final AgentPaths paths;
  private final GuestNetwork network = new GuestNetwork();
  private State state = State.NEW;
  private boolean groundLaid;

  public SandboxConfigurator(AgentPaths paths) {
    this.paths = paths;
  }

  /** Once per VM life, but for {@link #forget}. Errors name the step; the VM is then of no use. */
  public synchronized void prepare(PrepareSandboxRequest request) {
    if (state != State.NEW) {
      throw new AgentException.Refused("this VM is prepared already");
    }
    SandboxFiles.checkMachineId(request.getMachineId());
    if (request.getEntropy().size() < MIN_ENTROPY_BYTES) {
      throw new AgentException.Invalid("a sandbox needs at least " + MIN_ENTROPY_BYTES + " bytes of entropy, not "
          + request.getEntropy().size());
    }
    if (request.getShmSizeBytes() < 0) {
      throw new AgentException.Invalid("the size of the shared memory is negative");
    }
    // Plain statements: this runs once in a VM's life, and a lambda for each step is a class made then.
    String step = "add entropy";
    try {
      Machine.addEntropy(request.getEntropy().toByteArray());
      step = "set the clock";
      setClock(request.getClockUnixNanos());
      step = "lay the ground";
      if (!groundLaid) {
        layGround();
      }
      step = "write the machine id";
      write("machine-id", request.getMachineId() + "\n");
      step = "mount the shared memory";
      mountSharedMemory(request.getShmSizeBytes());
    } catch (IOException e) {
      throw new AgentException.Failed("prepare the sandbox: " + step, e);
    }
    state = State.PREPARED;
  }

  /** Once per VM life, but for {@link #forget} and rehearsals. Errors name the step; the VM is then of no use. */
  public synchronized void configure(ConfigureSandboxRequest request) {
    if (state != State.PREPARED) {
      throw new AgentException.Refused(
          state == State.NEW ? "this VM has not been prepared to be a sandbox" : "this VM is a sandbox already");
    }
    SandboxFiles.checkHostname(request.getHostname());
    if (request.getRehearsal() && request.getSysctlsCount() > 0) {
      throw new AgentException.Invalid("sysctls cannot be rehearsed: what they were is not kept");
    }
    String step = "set the clock";
    try {
      setClock(request.getClockUnixNanos());
      step = "write the sandbox's files";
      write("hostname", request.getHostname() + "\n");
      write("resolv.conf", SandboxFiles.resolvConf(request.getDns()));
      write("hosts", request.getHostsFile());
      step = "set the hostname";
      Machine.setHostname(request.getHostname());
      step = "set up the network";
      network.configure(request.getInterfacesList(), request.getRoutesList());
      step = "apply sysctls";
      new Sysctls(Path.of("/proc/sys")).apply(request.getSysctlsMap());
      if (request.getRehearsal()) {
        step = "take the rehearsal back";
        network.takeBack(request.getInterfacesList());
        return;
      }
    } catch (IOException e) {
      throw new AgentException.Failed("configure the sandbox: " + step, e);
    }
    state = State.CONFIGURED;
  }

  /**
   * Makes a VM new again that was prepared, or even configured with IPv6 addresses and routes at most: those go as their
   * link goes down. Hostname, clock, sysctls and the link's own address stay until they are set again.
   */
  public synchronized void forget() throws IOException {
    if (state == State.NEW) {
      return;
    }
    Mounts.unmount(paths.sandbox().resolve(SHARED_MEMORY));
    for (String file : FILES) {
      Files.deleteIfExists(paths.sandbox().resolve(file));
    }
    network.takeBack(List.of());
    state = State.NEW;
  }

  /** What is the same in every VM, and so is there already in a copy of one that had it. */
  private void layGround() throws IOException {
    Files.createDirectories(paths.sandbox().resolve(SHARED_MEMORY));
    network.prepare();
    groundLaid = true;
  }

  private static void setClock(long unixNanos) throws IOException {
    if (unixNanos != 0) {
      Machine.setClock(unixNanos);
    }
  }

  private void write(String file, String text) throws IOException {
    Files.writeString(paths.sandbox().resolve(file), text);
  }

  private void mountSharedMemory(long sizeBytes) throws IOException {
    Mounts.mount("shm", paths.sandbox().resolve(SHARED_MEMORY), "tmpfs", Mounts.NO_SUID | Mounts.NO_DEV | Mounts.NO_EXEC,
        "mode=1777" + (sizeBytes > 0 ? ",size=" + sizeBytes : ""));
  }
}
