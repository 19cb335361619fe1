package dev.izolo.container;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.agent.v1.CreateContainerRequest;
import dev.izolo.agent.v1.Disk;
import dev.izolo.agent.v1.PidNamespace;
import dev.izolo.agent.v1.ResolvedUser;
import dev.izolo.container.spec.OciSpec;
import dev.izolo.container.spec.ProcessSpec;
import dev.izolo.container.spec.Signals;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.NamespaceOption;
import dev.izolo.image.Image;
import dev.izolo.image.ImageException;
import dev.izolo.image.ImageService.LayerLease;
import dev.izolo.image.ImageService;
import dev.izolo.lifecycle.Concurrently;
import dev.izolo.lifecycle.Rollback;
import dev.izolo.sandbox.PodSettings;
import dev.izolo.sandbox.Sandbox;
import dev.izolo.state.ContainerRecord.Life;
import dev.izolo.state.ContainerRecord;
import dev.izolo.state.ContainerStep;
import dev.izolo.state.CriException;
import dev.izolo.state.Ids;
import dev.izolo.state.RecordStore;
import dev.izolo.vm.AttachedDisk;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * CreateContainer, in the order a reader expects: image and spec, record, layers and scratch disk side by side, then the
 * agent. A failure or an interrupt undoes all of it, and the error names the step.
 */
final class ContainerCreate {
  private final RecordStore store;
  private final ContainerRegistry registry;
  private final ImageService images;
  private final ScratchDisks scratchDisks;
  private final ContainerEnd end;
  private final PodSettings settings;

  ContainerCreate(
      RecordStore store,
      ContainerRegistry registry,
      ImageService images,
      ScratchDisks scratchDisks,
      ContainerEnd end,
      PodSettings settings) {
    this.store = store;
    this.registry = registry;
    this.images = images;
    this.scratchDisks = scratchDisks;
    this.end = end;
    this.settings = settings;
  }

  /** The caller keeps the sandbox from being stopped meanwhile. */
  ContainerUnit create(Sandbox sandbox, ContainerConfig config) throws CriException, InterruptedException {
    String wanted = config.getImage().getImage();
    Image image =
        images.find(wanted).orElseThrow(
            () -> new CriException.NotFound("image \"" + wanted + "\" is not present: pull it first"));
    String id = Ids.random();
    ObjectNode spec = OciSpec.build(id, config, image.config(), hostname(sandbox), settings.seccompDir());
    CreateContainerRequest request = request(id, sandbox, config, image, spec);
    LayerLease lease;
    try {
      lease = images.lease(image);
    } catch (ImageException e) {
      throw new CriException.PhaseFailed("CreateContainer " + config.getMetadata().getName(), "image", e);
    }
    ContainerUnit unit;
    try {
      unit = new ContainerUnit(store, sandbox, record(id, sandbox, config, image, lease, spec), Optional.of(lease));
    } catch (CriException | RuntimeException e) {
      lease.close();
      throw e;
    }
    try (var rollback = new Rollback("CreateContainer " + id)) {
      rollback.push("undo", () -> end.undo(unit));
      registry.add(unit);
      new Creation(unit, lease).run(request);
      rollback.commit();
      return unit;
    }
  }

  private static String hostname(Sandbox sandbox) {
    String configured = sandbox.config().getHostname();
    return configured.isEmpty() ? sandbox.id().substring(0, 12) : configured;
  }

  private static ContainerRecord record(
      String id, Sandbox sandbox, ContainerConfig config, Image image, LayerLease lease, ObjectNode spec) {
    return new ContainerRecord(
        ContainerRecord.VERSION,
        id,
        sandbox.id(),
        ContainerStep.CREATING,
        config.toByteArray(),
        image.id(),
        image.id(),
        lease.layers().stream().map(Image.Layer::diffId).toList(),
        null,
        spec.toString(),
        Signals.stopSignal(config.getStopSignal(), image.config().stopSignal()),
        null,
        config.getLinux().getResources().toByteArray(),
        Life.created(System.currentTimeMillis() * 1_000_000L),
        List.of());
  }

  private CreateContainerRequest request(
      String id, Sandbox sandbox, ContainerConfig config, Image image, ObjectNode spec) throws CriException {
    var security = config.getLinux().getSecurityContext();
    NamespaceOption namespaces = security.getNamespaceOptions();
    var request =
        CreateContainerRequest.newBuilder()
            .setContainerId(id)
            .setOciSpecJson(spec.toString())
            .setUser(ProcessSpec.user(security, image.config()))
            .setTerminal(config.getTty())
            .setStdin(config.getStdin())
            .setStdinOnce(config.getStdinOnce())
            .setOciRuntime(settings.handlers().get(sandbox.record().runtimeHandler()).ociRuntime())
            .setReadonlyRootfs(security.getReadonlyRootfs());
    switch (namespaces.getPid()) {
      case CONTAINER -> request.setPidNamespace(PidNamespace.PID_NAMESPACE_CONTAINER);
      case TARGET ->
          request
              .setPidNamespace(PidNamespace.PID_NAMESPACE_TARGET)
              .setPidNamespaceTarget(target(sandbox, namespaces.getTargetId()));
      default -> request.setPidNamespace(PidNamespace.PID_NAMESPACE_POD);
    }
    return request.build();
  }

  private String target(Sandbox sandbox, String targetId) throws CriException {
    ContainerUnit target = registry.get(targetId);
    if (target.sandbox() != sandbox || target.step() != ContainerStep.RUNNING) {
      throw new CriException.FailedPrecondition(
          "namespace_options.target_id: container " + targetId + " does not run in this sandbox", null);
    }
    return target.id();
  }

  /** One creation: the steps with effects. */
  private final class Creation {
    private final ContainerUnit unit;
    private final LayerLease lease;
    private final String operation;

    Creation(ContainerUnit unit, LayerLease lease) {
      this.unit = unit;
      this.lease = lease;
      this.operation = "CreateContainer " + unit.config().getMetadata().getName();
    }

    void run(CreateContainerRequest request) throws CriException, InterruptedException {
      unit.update(record -> record);
      List<AttachedDisk> layers = attachDisks();
      var complete = request.toBuilder().setScratch(disk(unit.record().scratch()));
      layers.forEach(layer -> complete.addLayers(disk(layer)));
      ResolvedUser user = phase("create", () -> unit.sandbox().agent().create(complete.build()));
      unit.update(
          record ->
              record
                  .at(ContainerStep.CREATED)
                  .withUser(new ContainerRecord.User(user.getUid(), user.getGid(), user.getSupplementalGidsList()))
                  .withTimeline(unit.phases()));
    }

    private List<AttachedDisk> attachDisks() throws CriException, InterruptedException {
      try {
        List<List<AttachedDisk>> disks =
            Concurrently.all(
                List.<Callable<List<AttachedDisk>>>of(
                    () -> phase("image attach", () -> unit.sandbox().disks().useLayers(unit.id(), lease.layers())),
                    () -> phase("scratch disk", () -> List.of(scratch()))));
        return disks.getFirst();
      } catch (CriException | InterruptedException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new CriException.PhaseFailed(operation, "disks", e);
      }
    }

    private AttachedDisk scratch() throws Exception {
      Path file = store.containerDirectory(unit.sandbox().id(), unit.id()).resolve("scratch.img");
      scratchDisks.make(file);
      AttachedDisk disk = unit.sandbox().disks().attachScratch(unit.id(), file);
      unit.update(record -> record.withScratch(disk));
      return disk;
    }

    private <T> T phase(String name, Callable<T> work) throws CriException, InterruptedException {
      try (var _ = unit.timeline().phase(name)) {
        return work.call();
      } catch (InterruptedException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new CriException.PhaseFailed(operation, name, e);
      }
    }
  }

  static Disk disk(AttachedDisk disk) {
    return Disk.newBuilder()
        .setScsiTarget(disk.scsiTarget())
        .setScsiLun(disk.scsiLun())
        .setSerial(disk.spec().serial())
        .build();
  }
}
