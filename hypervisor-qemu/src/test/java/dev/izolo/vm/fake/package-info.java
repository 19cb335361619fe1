/**
 * A VMM without virtual machines, for tests of everything above the hypervisor's face: its VMs are in-process gRPC
 * servers around an agent service that the test supplies. Shipped in this module's test jar.
 */
package dev.izolo.vm.fake;
