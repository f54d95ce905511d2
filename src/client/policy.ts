// The journal's policy service: may this be done?
import type { Policy, Principal } from "../api/index.ts";
import { serviceDefinition } from "../contract/load.ts";
import { unary } from "./call.ts";
import type { Link } from "./channel.ts";
import { fromVerdict, toIdentity, toScope } from "./convert.ts";

export function createPolicy(options: { readonly link: Link; readonly principal: () => Promise<Principal>; readonly timeoutMs: number }): Policy {
  const { link, principal, timeoutMs } = options;
  return {
    async evaluate(action, scope, signal) {
      const author = toIdentity(await principal(), "policy");
      const { Evaluate } = serviceDefinition("pact.policy.PolicyService");
      // Never repeated by us: each call that needs an approval makes a new one.
      return fromVerdict(await unary(link, Evaluate, { author, scope: toScope(scope), action }, {
        doing: `ask whether ${action} is allowed`,
        signal,
        limitMs: timeoutMs,
      }));
    },
  };
}
