/**
 * What the end-to-end tests stand on: a private set of namespaces for the runtime under test, the runtime's own
 * process in it, a real registry with images made here, a CRI client, and the audit that proves nothing was left.
 *
 * <p>Everything runs in network, mount and process namespaces of the test run's own, so a test neither sees nor changes
 * the machine's network, and whatever it starts dies with it, even when the test's own JVM is killed.
 */
package dev.izolo.e2e.harness;
