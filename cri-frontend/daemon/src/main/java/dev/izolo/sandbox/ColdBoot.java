package dev.izolo.sandbox;

import dev.izolo.lifecycle.Timeline;
import dev.izolo.network.NetworkException;
import dev.izolo.network.PodNetworks;
import dev.izolo.network.PodNetworks.PodNetwork;
import dev.izolo.vm.Vm;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmSpec;
import dev.izolo.vm.Vmm;
import java.util.List;
import java.util.Optional;

/** Makes every VM from nothing. */
public final class ColdBoot implements VmSource {
  private final Vmm vmm;
  private final PodNetworks networks;
  private final List<String> extraKernelArgs;

  /** @param extraKernelArgs from the configuration */
  public ColdBoot(Vmm vmm, PodNetworks networks, List<String> extraKernelArgs) {
    this.vmm = vmm;
    this.networks = networks;
    this.extraKernelArgs = List.copyOf(extraKernelArgs);
  }

  @Override
  public Claim claim(Request request) throws NetworkException, InterruptedException {
    PodNetwork network = networks.prepare(request.sandboxId());
    return new Claim() {
      @Override
      public PodNetwork network() {
        return network;
      }

      @Override
      public Vm vm(Timeline timeline, Runnable runs) throws VmException, InterruptedException {
        var link = new VmSpec.Network(network.namespace(), network.tap(), network.tapMac());
        Vm vm =
            vmm.boot(
                new VmSpec(
                    request.sandboxId(),
                    request.directory(),
                    request.size().vcpus(),
                    request.size().memoryMib(),
                    Optional.of(link),
                    request.cgroup(),
                    extraKernelArgs),
                timeline);
        runs.run();
        return vm;
      }
    };
  }
}
