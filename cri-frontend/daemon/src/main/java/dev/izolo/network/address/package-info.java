/** IP addresses as text. */
package dev.izolo.network.address;
