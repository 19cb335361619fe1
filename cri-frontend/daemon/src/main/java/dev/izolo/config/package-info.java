/**
 * The daemon's configuration: one TOML file read into records whose defaults are those of the commented sample
 * ({@code izolo config} prints it). A key that is unknown, of the wrong type or out of range is an error that names
 * the file, the line and the cure; nothing is silently ignored.
 */
package dev.izolo.config;
