/**
 * Every native call of the agent, by JNA: raw system interfaces with their errno turned into
 * {@link dev.izolo.agent.linux.LinuxException}, and nothing that knows of pods or RPCs. Structures are laid out for
 * Linux on x86-64. The foreign function API is avoided here on purpose: the method handles it spins at first use cost
 * seconds in a guest without hardware virtualisation.
 */
package dev.izolo.agent.linux;
