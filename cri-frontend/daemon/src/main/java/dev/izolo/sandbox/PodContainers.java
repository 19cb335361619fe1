package dev.izolo.sandbox;

import dev.izolo.cri.v1.ContainerStats;
import dev.izolo.cri.v1.ContainerStatus;
import dev.izolo.state.ContainerRecord;
import dev.izolo.state.CriException;
import java.util.List;
import java.util.Set;

/** What a sandbox needs of its containers' keeper. */
public interface PodContainers {
  /** Takes in the records of a former daemon; no calls to an agent yet. */
  void load(Sandbox sandbox, List<ContainerRecord> records) throws CriException;

  /** The sandbox's agent answers: watches for exits and, after a restart, makes records and guest agree. */
  void connected(Sandbox sandbox) throws CriException, InterruptedException;

  /** The VM has ended by itself: its containers have too. */
  void vmGone(Sandbox sandbox, String reason) throws CriException;

  /** Kills every container and waits, within a bound, until its output is in its log. */
  void stopAll(Sandbox sandbox) throws CriException, InterruptedException;

  /** Forgets every container of a sandbox whose VM is gone. */
  void removeAll(Sandbox sandbox) throws CriException, InterruptedException;

  List<ContainerStatus> statuses(String sandboxId);

  /** Ids of a sandbox's containers that run; reads memory only. */
  Set<String> running(Sandbox sandbox);

  /** What a sample tells of a sandbox's containers; reads memory only. */
  List<ContainerStats> stats(Sandbox sandbox, UsageSample sample);
}
