/**
 * The Container Network Interface, versions 0.3.0 to 1.1.0 of its specification: configuration lists, the plugin
 * execution protocol and results. Knows neither pods nor VMs. Parsers are pure functions of bytes; everything a
 * plugin or a file says is bounded and checked before it is used.
 */
package dev.izolo.network.cni;
