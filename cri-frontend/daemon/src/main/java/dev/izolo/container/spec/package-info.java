/**
 * The OCI runtime configuration of a container, built from what CRI and the image ask for; pure functions without
 * effects. What only the guest can know (the root, numeric users, the pid namespace's path) the agent fills in.
 */
package dev.izolo.container.spec;
