package dev.izolo.vm;

import java.util.List;

/**
 * What the host offers for VMs.
 *
 * @param accelerator what {@code auto} chose, or what the configuration demands
 * @param isolated whether a VM here is a security boundary; false under TCG
 * @param findings what {@code izolo check} prints, each with its cure when it failed
 */
public record HostSupport(Accelerator accelerator, boolean isolated, String qemuVersion, List<Finding> findings) {
  public enum Accelerator {
    KVM,
    TCG
  }

  public enum Severity {
    OK,
    WARNING,
    FAILED
  }

  /**
   * @param subject short and stable, for example {@code kvm}
   * @param detail what was found
   * @param cure what to do about it, or empty
   */
  public record Finding(String subject, Severity severity, String detail, String cure) {}
}
