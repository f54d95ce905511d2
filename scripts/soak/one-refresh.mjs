// 1,000 parallel one-shots on one login whose access token is about to end: the identity provider
// must see exactly one renewal, and no run may fail. Usage: node scripts/soak/one-refresh.mjs [RUNS]
import { createServer, request } from "node:http";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openCache } from "../../dist/src/auth/cache.js";
import { normalServer } from "../../dist/src/auth/server-url.js";
import { tempFolder } from "../../dist/test/support/folder.js";
import { runPact, scrubbedEnv, startTestSite } from "../../dist/test/support/site.js";
import { field, loginAs } from "../../dist/test/site/idp/flows.js";

const RUNS = Number(process.argv[2] ?? 1000);
const AT_ONCE = 40;

/** Forwards to the provider and counts what asks for tokens. An id token would name the provider's own address, so it is left out. */
async function countingProxy(target) {
  const { hostname, port } = new URL(target);
  const asked = [];
  const server = createServer((from, to) => {
    if (from.method === "POST") asked.push(from.url);
    const on = request({ hostname, port, method: from.method, path: from.url, headers: { ...from.headers, host: `${hostname}:${port}` } }, async (answer) => {
      let text = "";
      for await (const part of answer) text += part;
      const { id_token: _, ...rest } = JSON.parse(text);
      to.writeHead(answer.statusCode ?? 502, { "content-type": "application/json", "cache-control": "no-store" });
      to.end(JSON.stringify(rest));
    });
    on.on("error", () => to.destroy());
    from.pipe(on);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { base: `http://127.0.0.1:${server.address().port}`, asked, close: () => (server.closeAllConnections(), server.close()) };
}

const site = await startTestSite({ nodes: 1 });
const proxy = await countingProxy(site.file.issuer);
try {
  const { password } = await site.ask({ do: "password", user: "ops" });
  const answer = await loginAs(site.file.issuer, "ops", String(password));
  const home = tempFolder();
  const configDir = join(home, ".config/pact");
  mkdirSync(configDir, { recursive: true, mode: 0o700 });
  writeFileSync(join(configDir, "cli.toml"), "");
  chmodSync(join(home, ".config"), 0o700);
  const server = normalServer(site.file.journal.grpc);
  const cache = openCache(configDir, server);
  cache.write({
    version: 1, server, access_token: field(answer, "access_token"), refresh_token: field(answer, "refresh_token"),
    expires_at: new Date(Date.now() + 5_000).toISOString(), scopes: ["openid", "offline_access"], issuer: `${proxy.base}/oidc`, client_id: "pact-cli",
    token_endpoint: `${proxy.base}/oidc/token`, revocation_endpoint: null,
  });
  const env = { ...scrubbedEnv(home), PACT_ENDPOINT: site.file.journal.grpc };
  const failed = [];
  let next = 0;
  const began = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next++ < RUNS) {
      const ran = await runPact(["--timeout", "60s", "--node-timeout", "60s", "status", "node-001", "--output", "name"], env, undefined, 120_000);
      if (ran.status !== 0 || ran.stdout !== "node-001\n") failed.push(ran);
    }
  }));
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(`${RUNS} runs, ${AT_ONCE} at once, in ${seconds.toFixed(1)} s: ${failed.length} failed, ${proxy.asked.length} requests for tokens\n`);
  for (const ran of failed.slice(0, 3)) process.stdout.write(`${ran.status}: ${ran.stderr}\n`);
  process.exitCode = failed.length === 0 && proxy.asked.length === 1 ? 0 : 1;
} finally {
  proxy.close();
  await site.close();
}
