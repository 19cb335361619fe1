package dev.izolo.container;

import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.LinuxContainerSecurityContext;
import dev.izolo.cri.v1.NamespaceMode;
import dev.izolo.cri.v1.NamespaceOption;
import dev.izolo.cri.v1.SecurityProfile.ProfileType;
import dev.izolo.sandbox.Sandbox;
import dev.izolo.state.CriException;
import dev.izolo.stream.ContainerLog;

/** What a container may ask for: refused here, before anything is made, in words that name the field. */
final class ContainerPolicy {
  private static final int MAX_CONFIG_BYTES = 8 << 20;

  private ContainerPolicy() {}

  static void check(ContainerConfig config, Sandbox sandbox) throws CriException {
    require(config.hasMetadata() && !config.getMetadata().getName().isEmpty(), "metadata.name is missing");
    require(!config.getImage().getImage().isEmpty(), "image.image is missing");
    require(config.getSerializedSize() <= MAX_CONFIG_BYTES, "the configuration is larger than 8 MiB");
    if (config.getMountsCount() > 0) {
      throw new CriException.Unimplemented(
          "container config: mounts (" + config.getMounts(0).getContainerPath() + "): volumes are not available yet");
    }
    if (config.getDevicesCount() > 0) {
      throw new CriException.Unimplemented(
          "container config: devices (" + config.getDevices(0).getHostPath()
              + "): a device of the host cannot be given to a VM's container");
    }
    if (config.getCDIDevicesCount() > 0) {
      throw new CriException.Unimplemented(
          "container config: CDI_devices (" + config.getCDIDevices(0).getName() + "): CDI is not available");
    }
    try {
      ContainerLog.resolve(sandbox.config().getLogDirectory(), config.getLogPath());
    } catch (IllegalArgumentException e) {
      throw new CriException.InvalidArgument("container config: " + e.getMessage());
    }
    checkSecurity(config.getLinux().getSecurityContext());
  }

  private static void checkSecurity(LinuxContainerSecurityContext security) throws CriException {
    require(
        !security.getPrivileged(),
        "privileged containers are not available: nothing of the host would be in the VM to be privileged about;"
            + " add the capabilities that the workload needs instead");
    require(
        security.getApparmor().getProfileType() != ProfileType.Localhost,
        "AppArmor profiles are not available: the guest's kernel has no AppArmor");
    NamespaceOption namespaces = security.getNamespaceOptions();
    for (NamespaceMode mode : new NamespaceMode[] {namespaces.getNetwork(), namespaces.getPid(), namespaces.getIpc()}) {
      require(mode != NamespaceMode.NODE, "a namespace of the host cannot be shared with a VM's container");
    }
    require(
        namespaces.getPid() != NamespaceMode.TARGET || !namespaces.getTargetId().isEmpty(),
        "namespace_options.target_id is missing");
  }

  private static void require(boolean holds, String complaint) throws CriException {
    if (!holds) {
      throw new CriException.InvalidArgument("container config: " + complaint);
    }
  }
}
