/**
 * From a container's output to its log file. A pump per stream reads what the agent holds, frames it in the kubelet's
 * log format, appends it, remembers how far it came, and only then acknowledges: a daemon that is killed at any point
 * goes on where the file ends, and a full disk stops the container's writes instead of filling this heap.
 */
package dev.izolo.stream;
