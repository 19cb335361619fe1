/**
 * Pod sandboxes: each a microVM with its network, configured agent and cgroup, from RunPodSandbox to RemovePodSandbox.
 */
package dev.izolo.sandbox;
