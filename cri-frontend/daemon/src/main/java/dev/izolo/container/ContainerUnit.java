package dev.izolo.container;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.izolo.cri.v1.Container;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.LinuxContainerResources;
import dev.izolo.image.ImageService.LayerLease;
import dev.izolo.lifecycle.Timeline;
import dev.izolo.sandbox.Sandbox;
import dev.izolo.state.ContainerRecord;
import dev.izolo.state.ContainerStep;
import dev.izolo.state.CriException;
import dev.izolo.state.PhaseRecord;
import dev.izolo.state.RecordStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;

/** A container in memory: its record as it is on disk, its output, and what it holds of its image. */
final class ContainerUnit {
  private final RecordStore store;
  private final Sandbox sandbox;
  private final ContainerConfig config;
  private final ReentrantLock lock = new ReentrantLock();
  private final Timeline timeline = new Timeline();
  private final CountDownLatch ended = new CountDownLatch(1);
  private final ContainerOutput output;
  private volatile ContainerRecord record;
  private volatile Listed listed = new Listed(null, null);
  private Optional<LayerLease> lease;

  /** @param lease keeps the image's layers; closed with {@link #closeLease} */
  ContainerUnit(RecordStore store, Sandbox sandbox, ContainerRecord record, Optional<LayerLease> lease)
      throws CriException {
    this.store = store;
    this.sandbox = sandbox;
    this.record = record;
    this.lease = lease;
    try {
      this.config = ContainerConfig.parseFrom(record.config());
    } catch (InvalidProtocolBufferException e) {
      throw new CriException.Internal("the record of container " + record.id() + " holds no configuration", e);
    }
    this.output = new ContainerOutput(this, store.containerDirectory(sandbox.id(), record.id()).resolve("offsets"));
    if (record.step() == ContainerStep.EXITED) {
      ended.countDown();
    }
  }

  String id() {
    return record.id();
  }

  Sandbox sandbox() {
    return sandbox;
  }

  ContainerConfig config() {
    return config;
  }

  ContainerRecord record() {
    return record;
  }

  ContainerStep step() {
    return record.step();
  }

  /** Held while it is started, ended or removed; never while waiting for its process. */
  ReentrantLock lock() {
    return lock;
  }

  Timeline timeline() {
    return timeline;
  }

  ContainerOutput output() {
    return output;
  }

  /** What happened so far; a former daemon's phases when this one has seen none. */
  List<PhaseRecord> phases() {
    List<PhaseRecord> live = PhaseRecord.of(timeline);
    return live.size() >= record.timeline().size() ? live : record.timeline();
  }

  LinuxContainerResources resources() {
    try {
      return LinuxContainerResources.parseFrom(record.resources());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("container " + id() + ": its resources were encoded here", e);
    }
  }

  /** What lists show, and the record that it shows. */
  private record Listed(ContainerRecord record, Container shown) {}

  /** As lists show it: built once for each record, since the kubelet lists every second and little changes meanwhile. */
  Container listed() {
    ContainerRecord now = record;
    Listed kept = listed;
    if (kept.record != now) {
      kept = new Listed(now, ContainerViews.listed(this, now));
      listed = kept;
    }
    return kept.shown;
  }

  /** Writes a changed record, then shows it. Callers hold {@link #lock}, or are the only ones who know the container. */
  void update(UnaryOperator<ContainerRecord> change) throws CriException {
    ContainerRecord changed = change.apply(record);
    store.save(changed);
    record = changed;
    if (changed.step() == ContainerStep.EXITED) {
      ended.countDown();
    }
  }

  /** Whether it ended within the time. */
  boolean awaitEnd(Duration limit) throws InterruptedException {
    return ended.await(limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  void closeLease() {
    lease.ifPresent(LayerLease::close);
    lease = Optional.empty();
  }
}
