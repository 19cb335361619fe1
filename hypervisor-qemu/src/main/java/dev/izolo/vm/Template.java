package dev.izolo.vm;

import java.time.Instant;

/**
 * A booted and warmed guest, saved, from which VMs are copied. It belongs to the {@link Vmm} that made it and is gone
 * after a reboot of the host.
 *
 * @param key hash of everything that shapes it: kernel, root image, QEMU, machine, processor model, memory
 * @param memoryMib RAM of every VM that is restored from it
 * @param ramBytes what its RAM takes on the host
 */
public record Template(String key, int vcpus, int memoryMib, long ramBytes, Instant madeAt) {}
