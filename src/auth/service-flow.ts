// Login of a program: client credentials from the environment.
import { PactError } from "../api/index.ts";
import type { Client } from "./openid.ts";

/** The service account that the environment names; throws notConfigured when it names none. */
export function serviceAccount(env: NodeJS.ProcessEnv): Required<Client> {
  const [id, secret] = [env["PACT_CLIENT_ID"] ?? "", env["PACT_CLIENT_SECRET"] ?? ""];
  const missing = [...(id === "" ? ["PACT_CLIENT_ID"] : []), ...(secret === "" ? ["PACT_CLIENT_SECRET"] : [])];
  if (missing.length > 0) {
    throw new PactError("notConfigured", `login --service-account needs ${missing.join(" and ")}`, { hint: "set them in the environment; a site shows its own with: pact site env --as pact-service" });
  }
  return { id, secret };
}
