/**
 * Namespaces, taps and traffic redirection on the host, through iproute2: one batch per step, so that a step costs one
 * process. Reading a namespace's addresses and routes is a pure function of iproute2's JSON.
 */
package dev.izolo.network.link;
