/**
 * Containers: their bundles and users, the OCI runtime that runs them, their processes, limits and usage. Everything
 * read from a container's root is an attacker's bytes.
 */
package dev.izolo.agent.container;
