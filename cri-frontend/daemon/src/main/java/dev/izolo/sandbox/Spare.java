package dev.izolo.sandbox;

import dev.izolo.network.PodNetworks.PodNetwork;
import dev.izolo.vm.Vm;

/** A sandbox that waits for its pod: all that it has on the host, a running VM whose agent answers, and no CNI yet. */
record Spare(Sandbox sandbox, VmSize size, PodNetwork network, Vm vm) {
  boolean isUsable() {
    return !vm.exited().isDone();
  }
}
