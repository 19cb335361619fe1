/**
 * Typed calls to the agent in a sandbox's VM. The only place where the daemon meets what a guest says: every answer is
 * checked here (ids, sizes, enums, codes) before the rest of the daemon sees it, every call has a deadline, and the
 * guest's words in errors are cut to a bound and freed of control characters.
 */
package dev.izolo.agentclient;
