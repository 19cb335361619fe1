package dev.izolo.sandbox;

import dev.izolo.lifecycle.Timeline;
import dev.izolo.network.NetworkException;
import dev.izolo.network.PodNetworks.PodNetwork;
import dev.izolo.vm.Template;
import dev.izolo.vm.Vm;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmSpec;
import dev.izolo.vm.Vmm;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies a VM from its runtime handler's template where there is one, grown to what is wanted; else, and when a second
 * copy does not work either, for whatever reason, boots one.
 */
final class TemplateStart implements VmSource {
  private static final Logger log = LoggerFactory.getLogger(TemplateStart.class);
  /** A copy's agent runs already; one that does not answer by then never will. */
  private static final Duration AGENT_WAIT = Duration.ofSeconds(5);
  private static final int COPIES = 2;

  private final Vmm vmm;
  private final Map<String, RuntimeHandler> handlers;
  private final ColdBoot coldBoot;

  TemplateStart(Vmm vmm, Map<String, RuntimeHandler> handlers, ColdBoot coldBoot) {
    this.vmm = vmm;
    this.handlers = handlers;
    this.coldBoot = coldBoot;
  }

  @Override
  public Claim claim(Request request) throws NetworkException, VmException, InterruptedException {
    Claim cold = coldBoot.claim(request);
    RuntimeHandler handler = handlers.get(request.handlerName());
    return handler.start() == RuntimeHandler.Start.COLD ? cold : new Copy(request, handler.size(), cold);
  }

  private final class Copy implements Claim {
    private final Request request;
    private final VmSize templateSize;
    private final Claim cold;
    private volatile boolean booted;

    Copy(Request request, VmSize templateSize, Claim cold) {
      this.request = request;
      this.templateSize = templateSize;
      this.cold = cold;
    }

    @Override
    public PodNetwork network() {
      return cold.network();
    }

    @Override
    public boolean booted() {
      return booted;
    }

    @Override
    public Vm vm(Timeline timeline, Runnable runs) throws VmException, InterruptedException {
      Optional<Template> template = vmm.template(templateSize.vcpus(), templateSize.memoryMib());
      for (int copy = 1; template.isPresent() && copy <= COPIES; copy++) {
        try {
          return restored(template.get(), timeline, runs);
        } catch (VmException.BootFailed e) {
          log.warn("sandbox={} copy {} of a template does not work: {}", request.sandboxId(), copy, e.getMessage());
        } catch (VmException e) {
          log.warn("sandbox={} cannot start from a template: {}", request.sandboxId(), e.getMessage());
          break;
        }
      }
      booted = true;
      return cold.vm(timeline, runs);
    }

    /** A copy has answered before it was given out. */
    @Override
    public void awaitAgent(Vm vm, Duration timeout) throws VmException, InterruptedException {
      if (booted) {
        cold.awaitAgent(vm, timeout);
      }
    }

    private Vm restored(Template template, Timeline timeline, Runnable runs) throws VmException, InterruptedException {
      PodNetwork network = network();
      var spec =
          new VmSpec(
              request.sandboxId(),
              request.directory(),
              templateSize.vcpus(),
              templateSize.memoryMib(),
              Optional.of(new VmSpec.Network(network.namespace(), network.tap(), network.tapMac())),
              request.cgroup(),
              List.of());
      Vm vm = vmm.restore(spec, template, timeline);
      runs.run();
      boolean usable = false;
      try {
        try (var _ = timeline.phase("first answer")) {
          vm.awaitAgent(AGENT_WAIT);
        }
        grow(vm, templateSize, request.size(), timeline);
        usable = true;
        return vm;
      } finally {
        if (!usable) {
          vm.destroy(Duration.ZERO);
        }
      }
    }
  }

  /** Makes a VM that has one size as large as another. */
  static void grow(Vm vm, VmSize from, VmSize to, Timeline timeline) throws VmException, InterruptedException {
    if (to.vcpus() > from.vcpus() || to.memoryMib() > from.memoryMib()) {
      try (var _ = timeline.phase("grow")) {
        vm.grow(to.vcpus(), to.memoryMib());
      }
    }
  }
}
