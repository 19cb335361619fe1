/** Tests of what builds Izolo: the guest's kernel and root, and the launcher. The scripts tested lie beside them. */
package dev.izolo.build;
