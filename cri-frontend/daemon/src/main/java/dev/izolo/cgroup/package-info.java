/**
 * The cgroups of sandboxes on the host: every process of a sandbox (QEMU and its helpers) is in one below the pod's,
 * so that the pod's limits and the kubelet's accounting cover the VM. Version 1, version 2 and both side by side.
 */
package dev.izolo.cgroup;
