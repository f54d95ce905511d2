// Who may do what on a node (P1..P3). Regulated roles act as ops on embedded agents;
// stock agents know neither them nor service roles.
import type { Caller } from "../parts.ts";

export type Need = "read" | "write" | "admin";
export type Profile = "embedded" | "real";

/** Whether a role is enough on a node of this vCluster. */
export function mayDo(caller: Caller, vcluster: string, need: Need, profile: Profile): boolean {
  if (caller.role === "pact-platform-admin") return true;
  if (need === "admin") return false;
  if (caller.role === `pact-ops-${vcluster}`) return true;
  if (caller.role === `pact-regulated-${vcluster}`) return profile === "embedded";
  return need === "read" && caller.role === `pact-viewer-${vcluster}`;
}

/** The roles that would have been enough, for the refusal. */
export function rolesFor(vcluster: string, need: Need): string {
  if (need === "admin") return "requires pact-platform-admin";
  const reader = need === "read" ? `pact-viewer-${vcluster}, ` : "";
  return `requires ${reader}pact-ops-${vcluster} or pact-platform-admin`;
}
