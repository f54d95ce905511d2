// What a role may do, in words. The server decides; this only spares a look into the manual.
import { type Finding, type Setting, finding } from "pact/api";

const { ok, warn } = finding;

const WHOLE: Readonly<Record<string, string>> = {
  "pact-platform-admin": "may do everything in every vCluster, and it is recorded",
  "pact-service-agent": "reports what happens on nodes, and cannot change anything",
  "pact-service-ai": "reads, and never starts or ends an emergency",
};
const IN_VCLUSTER: readonly (readonly [string, (vcluster: string) => string])[] = [
  ["pact-ops-", (vcluster) => `reads and writes in ${vcluster}`],
  ["pact-regulated-", (vcluster) => `reads and writes in ${vcluster}; writes need a second person where its policy says so`],
  ["pact-viewer-", (vcluster) => `reads in ${vcluster}, and runs commands that only look`],
];

/** `vcluster`: the one that commands act on now. */
export function roleFinding(role: string, vcluster: Setting<string> | undefined): Finding {
  const all = WHOLE[role];
  if (all !== undefined) return ok("role", `${role}: ${all}`);
  for (const [prefix, meaning] of IN_VCLUSTER) {
    const own = role.startsWith(prefix) ? role.slice(prefix.length) : "";
    if (own === "") continue;
    const detail = `${role}: ${meaning(own)}`;
    if (vcluster === undefined || vcluster.value === own) return ok("role", detail);
    return warn("role", `${detail}, but ${vcluster.value} is selected by ${vcluster.where}`, `pact --vcluster ${own} …`);
  }
  return role === ""
    ? warn("role", "the token names none, so servers refuse most calls", "ask whoever runs the identity provider for the claim pact_role")
    : warn("role", `${role}: none that pact knows; a policy of the journal may know it`, "pact whoami");
}
