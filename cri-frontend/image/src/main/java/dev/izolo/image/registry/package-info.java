/**
 * Client of OCI and Docker v2 registries (OCI distribution-spec; distribution's token authentication specification),
 * with mirrors by containerd's hosts.toml convention. Credentials go to the registry they are for and to the token
 * service that it names, and nowhere else.
 */
package dev.izolo.image.registry;
