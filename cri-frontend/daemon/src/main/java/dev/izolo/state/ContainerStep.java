package dev.izolo.state;

/** How far a container has come, recorded before the effects of the step begin. */
public enum ContainerStep {
  /** Its name and directories exist; then its disks are attached and the agent mounts them. */
  CREATING,
  CREATED,
  STARTING,
  RUNNING,
  EXITED,
  REMOVING;

  /** Whether the container was announced to the kubelet. */
  public boolean announced() {
    return this != CREATING;
  }
}
