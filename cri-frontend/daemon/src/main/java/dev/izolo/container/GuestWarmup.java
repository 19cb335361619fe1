package dev.izolo.container;

import dev.izolo.agent.v1.CreateContainerRequest;
import dev.izolo.agent.v1.OutputStream;
import dev.izolo.agent.v1.PidNamespace;
import dev.izolo.agentclient.AgentClient;
import dev.izolo.agentclient.ContainerExit;
import dev.izolo.agentclient.ExitWatch;
import dev.izolo.agentclient.OutputReader;
import dev.izolo.container.spec.OciSpec;
import dev.izolo.container.spec.ProcessSpec;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.image.Image;
import dev.izolo.image.ImageService;
import dev.izolo.image.ImageService.LayerLease;
import dev.izolo.lifecycle.Rollback;
import dev.izolo.sandbox.GuestIdentity;
import dev.izolo.sandbox.PodSettings;
import dev.izolo.sandbox.RuntimeHandler;
import dev.izolo.state.Ids;
import dev.izolo.vm.AttachedDisk;
import dev.izolo.vm.DiskSpec;
import dev.izolo.vm.Vm;
import dev.izolo.vm.Warmup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lives a pod's life in a VM of which a template is to be made, several times over, so that the agent's compiled code and
 * whatever a first time costs are in every copy. Containers are those that pods have: an image's layers, a scratch disk,
 * the spec and the calls of {@link ContainerCreate} and after.
 */
public final class GuestWarmup implements Warmup {
  private static final Logger log = LoggerFactory.getLogger(GuestWarmup.class);
  private static final int ROUNDS = 4;
  private static final int SERIAL_DIGITS = 32;
  private static final int MAX_OUTPUT = 1 << 16;
  private static final int SIGKILL = 9;
  private static final String WORD = "warm";

  private final ImageService images;
  private final String imageName;
  private final PodSettings settings;
  private final ScratchDisks scratchDisks;
  private final GuestIdentity identity;

  /** @param imageName an image with a shell, echo, sleep and true; without it no containers are run */
  public GuestWarmup(ImageService images, String imageName, PodSettings settings) {
    this.images = images;
    this.imageName = imageName;
    this.settings = settings;
    this.scratchDisks = new ScratchDisks(settings.stateDir(), settings.scratchBytes());
    this.identity = new GuestIdentity(settings.hostResolvConf());
  }

  @Override
  public void run(Vm vm) throws Exception {
    var agent = new AgentClient(vm, settings.agentTimeout());
    agent.startTimes();
    String sandboxId = Ids.random();
    agent.prepare(identity.preparation(sandboxId));
    for (int round = 0; round < ROUNDS; round++) {
      agent.configure(identity.rehearsal(sandboxId));
    }
    Optional<Image> image = images.find(imageName);
    if (image.isEmpty()) {
      log.info("image {} is not present: no containers are run before the template is saved", imageName);
      return;
    }
    List<String> runtimes =
        settings.handlers().values().stream().map(RuntimeHandler::ociRuntime).distinct().sorted().toList();
    try (LayerLease lease = images.lease(image.get());
        ExitWatch exits = agent.watchExits()) {
      for (int round = 0; round < ROUNDS; round++) {
        new Round(vm, agent, exits).run(image.get(), lease, runtimes.get(round % runtimes.size()));
      }
    }
  }

  /** One container's life. Nothing is left when it ends, or the VM goes with what is. */
  private final class Round {
    private final Vm vm;
    private final AgentClient agent;
    private final ExitWatch exits;
    private final String id = Ids.random();
    private final List<AttachedDisk> disks = new ArrayList<>();

    Round(Vm vm, AgentClient agent, ExitWatch exits) {
      this.vm = vm;
      this.agent = agent;
      this.exits = exits;
    }

    void run(Image image, LayerLease lease, String runtime) throws Exception {
      Path scratch = settings.stateDir().resolve("scratch").resolve("warm-up-" + id + ".img");
      // Never committed: the file goes in any case.
      try (var rollback = new Rollback("warm-up " + id)) {
        rollback.push("delete the scratch disk", () -> Files.deleteIfExists(scratch));
        scratchDisks.make(scratch);
        live(request(image, lease, scratch, runtime));
        for (AttachedDisk disk : disks) {
          vm.detachDisk(disk);
        }
      }
    }

    private CreateContainerRequest request(Image image, LayerLease lease, Path scratch, String runtime)
        throws Exception {
      var config =
          ContainerConfig.newBuilder()
              .addAllCommand(List.of("/bin/sh", "-c", "echo " + WORD + "; exec sleep 600"))
              .build();
      var request =
          CreateContainerRequest.newBuilder()
              .setContainerId(id)
              .setOciSpecJson(
                  OciSpec.build(id, config, image.config(), "template", settings.seccompDir()).toString())
              .setUser(ProcessSpec.user(config.getLinux().getSecurityContext(), image.config()))
              .setPidNamespace(PidNamespace.PID_NAMESPACE_CONTAINER)
              .setOciRuntime(runtime);
      for (Image.Layer layer : lease.layers()) {
        request.addLayers(ContainerCreate.disk(attach(layer.file(), true, "l-" + digits(layer.diffId()))));
      }
      return request.setScratch(ContainerCreate.disk(attach(scratch, false, "s-" + digits(id)))).build();
    }

    private AttachedDisk attach(Path file, boolean readOnly, String serial) throws Exception {
      AttachedDisk disk = vm.attachDisk(new DiskSpec(file, readOnly, serial));
      disks.add(disk);
      return disk;
    }

    private void live(CreateContainerRequest request) throws Exception {
      agent.create(request);
      agent.start(id);
      try (OutputReader output = agent.output(id, OutputStream.OUTPUT_STREAM_STDOUT, 0)) {
        byte[] word = output.next().orElseThrow(() -> new IllegalStateException("the warm-up's container said nothing"));
        output.acknowledge(word.length);
        agent.execSync(id, List.of("true"), Duration.ofSeconds(30), MAX_OUTPUT);
        agent.stats(List.of(id), settings.agentTimeout());
        agent.list();
        agent.signal(id, SIGKILL, false);
        while (output.next().isPresent()) {
          log.trace("more output of the warm-up's container");
        }
      }
      ContainerExit exit = exits.next();
      while (!exit.containerId().equals(id)) {
        exit = exits.next();
      }
      agent.remove(id);
    }
  }

  private static String digits(String digestOrId) {
    String hex = digestOrId.substring(digestOrId.indexOf(':') + 1);
    return hex.substring(0, Math.min(SERIAL_DIGITS, hex.length()));
  }
}
