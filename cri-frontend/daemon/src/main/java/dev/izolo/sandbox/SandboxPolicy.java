package dev.izolo.sandbox;

import dev.izolo.cri.v1.LinuxSandboxSecurityContext;
import dev.izolo.cri.v1.NamespaceMode;
import dev.izolo.cri.v1.NamespaceOption;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.PortMapping;
import dev.izolo.state.CriException;
import java.util.regex.Pattern;

/** What a pod may ask for: refused here, before anything is made, in words that name the field. */
final class SandboxPolicy {
  private static final Pattern HOSTNAME = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?");
  private static final Pattern SYSCTL = Pattern.compile("[a-z0-9_-]+([./][A-Za-z0-9_*-]+)+");
  private static final int MAX_CONFIG_BYTES = 8 << 20;

  private SandboxPolicy() {}

  static void check(PodSandboxConfig config) throws CriException {
    var metadata = config.getMetadata();
    require(config.hasMetadata() && !metadata.getName().isEmpty(), "metadata.name is missing");
    require(!metadata.getNamespace().isEmpty(), "metadata.namespace is missing");
    require(!metadata.getUid().isEmpty(), "metadata.uid is missing");
    require(config.getSerializedSize() <= MAX_CONFIG_BYTES, "the configuration is larger than 8 MiB");
    require(
        config.getHostname().isEmpty() || HOSTNAME.matcher(config.getHostname()).matches(),
        "hostname \"" + config.getHostname() + "\" is not a host name");
    require(
        config.getLogDirectory().isEmpty() || config.getLogDirectory().startsWith("/"),
        "log_directory \"" + config.getLogDirectory() + "\" is not an absolute path");
    for (String sysctl : config.getLinux().getSysctlsMap().keySet()) {
      require(SYSCTL.matcher(sysctl).matches() && !sysctl.contains(".."), "\"" + sysctl + "\" is not a sysctl's name");
    }
    for (PortMapping mapping : config.getPortMappingsList()) {
      require(isPort(mapping.getContainerPort()) && isPort(mapping.getHostPort()), "a port mapping is out of range");
    }
    checkSecurity(config.getLinux().getSecurityContext());
  }

  private static boolean isPort(int port) {
    return port >= 0 && port <= 65_535;
  }

  private static void checkSecurity(LinuxSandboxSecurityContext security) throws CriException {
    NamespaceOption namespaces = security.getNamespaceOptions();
    refuseHost("network (hostNetwork)", namespaces.getNetwork());
    refuseHost("pid (hostPID)", namespaces.getPid());
    refuseHost("ipc (hostIPC)", namespaces.getIpc());
    if (namespaces.hasUsernsOptions() && namespaces.getUsernsOptions().getMode() != NamespaceMode.NODE) {
      throw new CriException.InvalidArgument(
          "user namespaces (hostUsers: false) are not available in Izolo's VMs yet: leave hostUsers unset, the VM already"
              + " keeps the pod's root from the host");
    }
    if (security.getPrivileged()) {
      throw new CriException.InvalidArgument(
          "privileged pods are not available: nothing of the host would be in the VM to be privileged about;"
              + " add the capabilities that the workload needs instead");
    }
  }

  private static void refuseHost(String what, NamespaceMode mode) throws CriException {
    if (mode == NamespaceMode.NODE) {
      throw new CriException.InvalidArgument(
          "the host's " + what + " namespace cannot be shared with a VM: use another runtime class for this pod");
    }
  }

  private static void require(boolean holds, String complaint) throws CriException {
    if (!holds) {
      throw new CriException.InvalidArgument("pod sandbox config: " + complaint);
    }
  }
}
