/** Documents of the OCI image-spec and Docker's image manifest v2 schema 2: parsed, checked, resolved by platform. */
package dev.izolo.image.oci;
