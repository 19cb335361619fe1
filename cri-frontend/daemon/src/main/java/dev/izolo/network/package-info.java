/**
 * Pod networks. A sandbox's network is a namespace holding the interface that the cluster's CNI plugins made and a tap
 * that the VM's link is on, with all traffic redirected between the two, so that the guest owns the interface's
 * identity (MAC, addresses, routes) and no address translation happens on the way.
 *
 * <p>{@link dev.izolo.network.CniPodNetworks} is the implementation. It relies on {@code process} (bounded commands),
 * {@code cni} (the CNI specification: configuration, plugin protocol, results) and {@code link} (namespaces, taps,
 * traffic redirection), none of which know each other or anything of pods.
 */
package dev.izolo.network;
