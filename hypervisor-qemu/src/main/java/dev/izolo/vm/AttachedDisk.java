package dev.izolo.vm;

/** Where a disk is on the VM's virtio-scsi controller. */
public record AttachedDisk(int scsiTarget, int scsiLun, DiskSpec spec) {}
