/**
 * What Izolo promises, tried on the real daemon with real microVMs, over the CRI socket as the kubelet uses it. Each
 * class has a node and a daemon of its own; the tests that share a pod say so.
 */
package dev.izolo.e2e;
