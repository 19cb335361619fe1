/**
 * The benchmark behind {@code izolo bench}: the operations a kubelet does, timed as CRI calls over the socket, against
 * containerd in the same run where it is installed, interleaved so that both meet the same noise; and the floors under
 * them (the bare kernel, runc by hand). Measurements are data ({@link dev.izolo.bench.Result}); how they are shown
 * (table, JSON, plot) is apart.
 */
package dev.izolo.bench;
