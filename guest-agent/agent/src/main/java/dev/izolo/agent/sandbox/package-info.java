/** Makes the VM the pod's: its name and identity, clock, random source, network, name resolution and kernel settings. */
package dev.izolo.agent.sandbox;
