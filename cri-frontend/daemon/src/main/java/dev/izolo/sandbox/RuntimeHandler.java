package dev.izolo.sandbox;

/**
 * What a runtime handler's name stands for.
 *
 * @param ociRuntime what runs containers in the guest: runc or crun
 * @param vcpus virtual CPUs of a VM whose pod asks for none in particular
 * @param memoryMib guest memory of a VM whose pod sets no limit
 */
public record RuntimeHandler(String ociRuntime, int vcpus, int memoryMib) {}
