/** What tests make images with; in this module's test jar, for other modules' tests too. */
package dev.izolo.image.testing;
