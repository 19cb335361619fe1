package dev.izolo.state;

/**
 * How far a sandbox has come, recorded before the effects of the step begin: a record that says {@code BOOTING} means
 * that a VM may exist, not that one does. A daemon that starts and finds a step before {@code READY} undoes all of
 * them; a later one it finishes.
 */
public enum RunStep {
  /** It belongs to no pod: a sandbox that waits for one, or a VM of which a template is made. */
  SPARE,
  /** Its name and directories exist; then its cgroup is made. */
  RESERVED,
  /** Its network namespace and tap are being made. */
  NETWORK,
  /** Its VM is booting and CNI is attaching the network. */
  BOOTING,
  /** The agent is being told who it is. */
  CONFIGURING,
  READY,
  /** Its VM ended by itself: nothing was given back yet but what died with it. */
  VM_GONE,
  STOPPING,
  STOPPED,
  REMOVING,
  /** A run that failed and could not be undone completely; retried. */
  UNDOING;

  /** Whether the pod was announced to the kubelet at some time. */
  public boolean announced() {
    return this == READY || this == VM_GONE || this == STOPPING || this == STOPPED || this == REMOVING;
  }
}
