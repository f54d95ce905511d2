import { test } from "uvu";
import * as assert from "uvu/assert";
import { Metadata, status } from "@grpc/grpc-js";
import type { Agent, Chunk, NodeRecord } from "../../src/api/index.ts";
import { collect, failure, matches, never, summary, testClient, until } from "./support/client.ts";
import { header, refuse, startJournal, startTcp } from "./support/servers.ts";
import { startAgent, type AgentScript, type ExecCall, type TestAgent } from "./support/agent.ts";

const record = (agentEndpoint: string | null, nodeId = "node-001"): NodeRecord =>
  ({ nodeId, vcluster: "ml-training", enrollmentState: "Active", lastSeen: null, macAddress: null, agentEndpoint, overview: null });

async function withAgent(script: AgentScript, run: (agent: Agent, server: TestAgent) => Promise<void>, more: Parameters<typeof testClient>[1] = {}): Promise<void> {
  const server = await startAgent(script);
  const client = testClient("http://127.0.0.1:1", more);
  try {
    await run(await client.agents.at(record(server.url), never()), server);
  } finally {
    client.close();
    server.close();
  }
}

const run = async (agent: Agent, ...argv: string[]) => summary(await collect(agent.exec(argv, never())));
const exits = (code: number, signal?: string) => (call: ExecCall): void => {
  call.write({ stdout: Buffer.from("out ") });
  call.write({ stderr: Buffer.from("err") });
  call.write({ stdout: Buffer.from("put") });
  call.write({ exit_code: code });
  const trailers = new Metadata();
  if (signal !== undefined) trailers.set("pact-signal", signal);
  call.end(trailers);
};

test("a run gives its output by stream and its exit status", () =>
  withAgent({ exec: exits(7) }, async (agent) => {
    assert.equal(await run(agent, "uptime"), { stdout: "out put", stderr: "err", exit: 7, signal: null, problem: undefined });
  }));

test("a run that a signal ended names it, where the agent does", async () => {
  await withAgent({ exec: exits(-1, "SIGKILL") }, async (agent) => assert.is((await run(agent, "x")).signal, "SIGKILL"));
  await withAgent({ exec: exits(-1) }, async (agent) => assert.equal([(await run(agent, "x")).exit, (await run(agent, "x")).signal], [-1, null]));
  await withAgent({ exec: exits(-1, "evil thing") }, async (agent) => assert.is((await run(agent, "x")).signal, null));
});

test("words travel as they are", () =>
  withAgent({
    exec(call) {
      call.write({ stdout: Buffer.from(JSON.stringify([call.request.command, ...call.request.args, header(call.metadata, "authorization")])) });
      call.write({ exit_code: 0 });
      call.end();
    },
  }, async (agent) => {
    assert.is((await run(agent, "echo", "a b", "", "'$x'", "ü")).stdout, '["echo","a b","","\'$x\'","ü","Bearer t0ken"]');
  }));

test("no command, and a word that no program can take, are not sent", () =>
  withAgent({ exec: exits(0) }, async (agent, server) => {
    assert.is((await run(agent)).problem?.failure, "usage");
    assert.is((await run(agent, "echo", "a\0b")).problem?.failure, "usage");
    assert.is(server.execs, 0);
  }));

test("output comes as it is written, not at the end", () => {
  let finish = (): void => {};
  return withAgent({
    exec(call) {
      call.write({ stdout: Buffer.from("first") });
      finish = () => exits(0)(call);
    },
  }, async (agent) => {
    const chunks = agent.exec(["x"], never())[Symbol.asyncIterator]();
    const first = (await chunks.next()).value as Chunk;
    assert.ok("bytes" in first && Buffer.from(first.bytes).toString() === "first");
    finish();
    while (!(await chunks.next()).done);
  });
});

test("ten megabytes of binary in one message arrive whole", () => {
  const bytes = Buffer.alloc(10 * 1024 * 1024, "\u00ff\u0000\u001b[2J", "latin1");
  return withAgent({
    exec(call) {
      call.write({ stdout: bytes });
      call.write({ exit_code: 0 });
      call.end();
    },
  }, async (agent) => {
    const chunks = await collect(agent.exec(["x"], never()));
    const [first] = chunks;
    assert.ok(first !== undefined && "bytes" in first && Buffer.from(first.bytes).equals(bytes));
    assert.is(summary(chunks).exit, 0);
  });
});

for (const [text, expected] of [
  ["authentication failed: insufficient privileges: 'rm' not whitelisted", "notWhitelisted"],
  ["authentication failed: requires pact-ops-ml-training", "forbidden"],
  ["execution failed: access denied to a sensitive path", "policy"],
  ["execution failed: timed out after 300 seconds", "agentTimeout"],
] as const) {
  test(`an agent's "${text.slice(0, 50)}" is ${expected}, of the node`, () =>
    withAgent({
      exec(call) {
        call.write({ error: text });
        call.end();
      },
    }, async (agent) => {
      const { problem } = await run(agent, "rm");
      assert.is(problem?.failure, expected);
      assert.is(problem?.about.node, "node-001");
      assert.match(problem?.message ?? "", /rm on node-001/);
    }));
}

test("a refusal named by trailer beats the words in the stream", () =>
  withAgent({
    exec(call) {
      call.write({ error: "no" });
      const trailers = new Metadata();
      trailers.set("pact-failure", "notWhitelisted");
      trailers.set("pact-hint", "ask for it");
      call.end(trailers);
    },
  }, async (agent) => {
    const { problem } = await run(agent, "rm");
    assert.equal([problem?.failure, problem?.about.serverHint], ["notWhitelisted", "ask for it"]);
  }));

test("a refusal by status is a problem, never thrown", () =>
  withAgent({ exec: (call) => call.emit("error", refuse(status.PERMISSION_DENIED, "viewers only look")) }, async (agent) => {
    assert.is((await run(agent, "x")).problem?.failure, "forbidden");
  }));

test("a stream without an exit status is a remote failure that keeps the output", () =>
  withAgent({
    exec(call) {
      call.write({ stdout: Buffer.from("half") });
      call.end();
    },
  }, async (agent) => {
    const { stdout, problem } = await run(agent, "x");
    assert.is(stdout, "half");
    assert.is(problem?.failure, "remote");
    assert.match(problem?.message ?? "", /ended without an exit status/);
  }));

test("an exit status counts though the stream never ends", () =>
  withAgent({ exec: (call) => void call.write({ exit_code: 3 }) }, async (agent, server) => {
    assert.is((await run(agent, "x")).exit, 3);
    await until(() => server.cancelled === 1, "cancelled");
  }));

test("a cancelled run ends as interrupted, and is cancelled at the agent", () =>
  withAgent({ exec: (call) => void call.write({ stdout: Buffer.from("working") }) }, async (agent, server) => {
    const controller = new AbortController();
    const chunks: Chunk[] = [];
    for await (const chunk of agent.exec(["x"], controller.signal)) {
      chunks.push(chunk);
      controller.abort();
    }
    assert.is(summary(chunks).problem?.failure, "interrupted");
    await until(() => server.cancelled === 1, "cancelled");
  }));

test("a run that is left is cancelled at the agent", () =>
  withAgent({ exec: (call) => void call.write({ stdout: Buffer.from("working") }) }, async (agent, server) => {
    for await (const chunk of agent.exec(["x"], never())) if ("bytes" in chunk) break;
    await until(() => server.cancelled === 1, "cancelled");
  }));

test("an agent that nobody runs, or that says nothing, is a problem within the node's limit", async () => {
  const hole = await startTcp(() => {});
  const client = testClient("http://127.0.0.1:1", { nodeTimeoutMs: 200, timeoutMs: 60_000, agents: {
    map: { dead: "http://127.0.0.1:1", mute: `http://127.0.0.1:${hole.port}` }, template: "http://{node}.invalid:9445", requireTls: false,
    origins: { map: "[agents] in cli.toml", template: "PACT_AGENT_ENDPOINT" },
  } });
  const problem = async (node: string) => (await run(await client.agents.at(record(null, node), never()), "x")).problem;
  const dead = await problem("dead");
  assert.is(dead?.failure, "connection");
  assert.is(dead?.message, "cannot reach the agent of dead at http://127.0.0.1:1");
  assert.is(dead?.about.reason, "connection refused; address from [agents] in cli.toml");
  const started = Date.now();
  const mute = await problem("mute");
  assert.is(mute?.failure, "agentTimeout");
  assert.ok(Date.now() - started < 1_500);
  const lost = await problem("lost");
  assert.is(lost?.failure, "connection");
  matches(lost?.about.reason, /host name is not known; address from the template http:\/\/\{node\}\.invalid:9445 \(PACT_AGENT_ENDPOINT\)/);
  client.close();
  hole.close();
});

test("a quiet run is not a silent agent", () => {
  let finish = (): void => {};
  return withAgent({ exec: (call) => void (finish = () => exits(0)(call)) }, async (agent) => {
    const chunks = collect(agent.exec(["sleep"], never()));
    await new Promise((resolve) => setTimeout(resolve, 400));
    finish();
    assert.is(summary(await chunks).exit, 0);
  }, { nodeTimeoutMs: 100, timeoutMs: 100 });
});

test("a token rejected by status or within the stream is refreshed once", async () => {
  for (const inStream of [true, false]) {
    let current = "stale";
    const token = { token: async () => current, refresh: async () => (current = "fresh") };
    await withAgent({
      exec(call) {
        if (header(call.metadata, "authorization") === "Bearer fresh") exits(0)(call);
        else if (inStream) {
          call.write({ error: "authentication failed: token expired" });
          call.end();
        } else call.emit("error", refuse(status.UNAUTHENTICATED, "token expired"));
      },
    }, async (agent, server) => {
      assert.is((await run(agent, "x")).exit, 0);
      assert.is(server.execs, 2);
    }, { token });
  }
});

test("fifty runs under one signal at once do not get in each other's way", async () => {
  const warnings: Error[] = [];
  const hear = (warning: Error): void => void warnings.push(warning);
  process.on("warning", hear);
  await withAgent({ exec: exits(0) }, async (agent) => {
    const { signal } = new AbortController();
    const all = await Promise.all(Array.from({ length: 50 }, () => collect(agent.exec(["x"], signal))));
    assert.ok(all.every((chunks) => summary(chunks).stdout === "out put"));
  });
  process.off("warning", hear);
  assert.equal(warnings.map(({ message }) => message), []);
});

test("a node's state is read in full, and parts not asked for are null", () =>
  withAgent({
    state: (request) => ({
      node_id: "node-001", vcluster_id: "", observe_only: true, bare: false,
      ...(request.drift ? { drift: { count: 1, magnitude: 1.5, delta: { kernel: [{ key: "vm.x", action: "DELTA_ACTION_MODIFY", declared_value: "1", actual_value: "2" }] } } } : {}),
      ...(request.window ? { window: { state: "open", remaining_seconds: 90 } } : {}),
      ...(request.capability ? { capability: {
        node_id: "node-001", timestamp: { seconds: "1700000000", nanos: 0 }, config_state: "CONFIG_STATE_COMMITTED",
        cpu: { logical_cores: 64, architecture: "CPU_ARCHITECTURE_AARCH64" }, memory: { total_bytes: "1099511627776", memory_type: "MEMORY_TYPE_HBM3" }, gpus: [{ vendor: "GPU_VENDOR_AMD" }, {}],
      } } : {}),
    }),
  }, async (agent) => {
    const state = await agent.state({ drift: true, window: true, capability: true, applied: 3 }, never());
    const report = state.capability?.report ?? {};
    assert.equal([report["node_id"], report["timestamp"], report["config_state"], report["storage"], report["emergency"]], ["node-001", new Date(1_700_000_000_000), "committed", null, null]);
    const parts: { cpu: { architecture: string }; memory: { total_bytes: number; memory_type: string }; gpus: { vendor: string | null }[] } = JSON.parse(JSON.stringify(report));
    assert.equal([parts.cpu.architecture, parts.memory.total_bytes, parts.memory.memory_type, parts.gpus.map(({ vendor }) => vendor)], ["aarch64", 1_099_511_627_776, "hbm3", ["amd", null]]);
    assert.equal(state, {
      nodeId: "node-001", vcluster: null, observeOnly: true, bare: false,
      drift: { count: 1, magnitude: 1.5, items: [{ dimension: "kernel", key: "vm.x", action: "modify", declared: "1", actual: "2" }] },
      window: { state: "open", remainingS: 90 },
      capability: { cores: 64, memoryBytes: 1_099_511_627_776, gpus: 2, report },
    });
    const bare = await agent.state({}, never());
    assert.equal([bare.drift, bare.window, bare.capability], [null, null, null]);
  }));

test("a state that cannot be is a remote failure; an agent without the extension is unsupported", async () => {
  await withAgent({ state: () => ({ window: { state: "ajar", remaining_seconds: 1 } }) }, async (agent) => void (await failure(agent.state({}, never()), "remote")));
  await withAgent({ state: () => ({ drift: { magnitude: Number.NaN } }) }, async (agent) => void (await failure(agent.state({}, never()), "remote")));
  await withAgent({}, async (agent) => void (await failure(agent.state({}, never()), "unsupported")));
});

test("the commands an agent accepts are listed in order", () =>
  withAgent({}, async (agent) => assert.equal(await agent.commands(never()), ["cat", "uptime"])));

test("an address comes from the journal, then the map, then the template", async () => {
  const nodes = [{ node_id: "node-001", agent_endpoint: "http://127.77.0.1:9445" }, { node_id: "node-002" }, { node_id: "node-003" }];
  const journal = await startJournal({ ours: true, entries: [], nodes });
  const client = testClient(journal.url, {
    agents: { map: { "node-001": "http://10.9.9.9", "node-002": "http://10.0.0.2" }, template: "http://{node}.cluster:9445", requireTls: false, origins: { map: "[agents] in cli.toml", template: "default" } },
    localNode: { name: "host1", endpoint: "http://127.0.0.1:19445" },
  });
  const at = async (node: string) => {
    const { node: name, address } = await client.agents.at(node, never());
    return [name, address.value, address.where];
  };
  assert.equal(await at("node-001"), ["node-001", "http://127.77.0.1:9445", "the journal"]);
  assert.equal(await at("node-002"), ["node-002", "http://10.0.0.2:9445", "[agents] in cli.toml"]);
  assert.equal(await at("node-003"), ["node-003", "http://node-003.cluster:9445", "the template http://{node}.cluster:9445 (default)"]);
  assert.equal(await at("local"), ["host1", "http://127.0.0.1:19445", "the site on this machine"]);
  assert.equal(await at("localhost"), ["host1", "http://127.0.0.1:19445", "the site on this machine"]);
  const missing = await failure(client.agents.at("node-999", never()), "notFound");
  assert.is(missing.message, "no node called node-999");
  await failure(client.agents.at(record("http://node/../../x"), never()), "usage");
  await failure(client.agents.at(record(null, "../../etc"), never()), "usage");
  client.close();
  journal.close();
});

test("a stock journal that keeps no records, or shows them to admins only, does not stand in the way; ours does", async () => {
  const denied = () => refuse(status.PERMISSION_DENIED, "node not in your vCluster");
  const stock = await startJournal({ ours: false, entries: [] });
  const strict = await startJournal({ ours: false, entries: [], nodes: [], guard: denied });
  const ours = await startJournal({ ours: true, entries: [], nodes: [], guard: denied });
  for (const { url } of [stock, strict]) {
    const client = testClient(url);
    assert.is((await client.agents.at("node-001", never())).address.value, "http://node-001:9445");
    assert.is((await client.agents.at("local", never())).address.value, "http://127.0.0.1:9445");
    client.close();
  }
  const client = testClient(ours.url);
  await failure(client.agents.at("node-001", never()), "forbidden");
  client.close();
  for (const server of [stock, strict, ours]) server.close();
});

test("a token leaves this machine in the clear with one note a session, and not at all when TLS is required", async () => {
  const { Link } = await import("../../src/client/channel.ts");
  const grpc = await import("@grpc/grpc-js");
  const { parseEndpoint } = await import("../../src/client/endpoint.ts");
  const notes: string[] = [];
  const offer = (url: string, requireTls: boolean): Promise<Metadata> => {
    const endpoint = parseEndpoint(url, "agent", "the journal");
    const link = new Link({ kind: "agent", node: "n", address: { value: url, from: "site", where: "the journal" } }, endpoint, {
      token: { token: async () => "t", refresh: async () => undefined }, tls: {}, requestId: () => "r", debug: () => {}, serverTime: () => {}, requireTls,
      noteClearText: (line) => notes.push(line),
      machine: { platform: "linux", uid: 1000, tables: async () => ({ tcp: "", tcp6: "" }), resolve: async () => ["10.0.0.7"] },
    });
    return new Promise((resolve, reject) => {
      link.callCredentials(grpc, "t", () => {}, reject).generateMetadata({ method_name: "m", service_url: url }).then(resolve, () => {});
    });
  };
  assert.is(header(await offer("http://n7:9445", false), "authorization"), "Bearer t");
  assert.is(notes.length, 1);
  matches(notes[0], /http:\/\/n7:9445 without TLS/);
  await failure(offer("http://10.0.0.7:9445", true), "policy");
  assert.is(header(await offer("https://10.0.0.7:9445", true), "authorization"), "Bearer t");
  assert.is(header(await offer("http://127.0.0.1:9445", true), "authorization"), "Bearer t");
  assert.is(notes.length, 1);
});

test("nodes are listed in order, with what the journal knows of them", async () => {
  const overview = { config_state: "ObserveOnly", drift_count: 2, drift_magnitude: 1.4, emergency: { reason: "smoke", by: "ops", started_at: { seconds: "0", nanos: 0 } }, local_deltas: 1, expired_deltas: 0, head: "0", observe_only: true };
  const journal = await startJournal({ ours: true, entries: [], nodes: [
    { node_id: "node-002", enrollment_state: "Active", vcluster_id: "ml", last_seen: "2026-11-23T07:00:00Z", mac_address: "aa:bb", agent_endpoint: "http://127.77.0.2:9445", overview },
    { node_id: "node-001" },
  ] });
  const client = testClient(journal.url);
  const [first, second] = await client.enrollment.list({}, never());
  assert.equal(first, { nodeId: "node-001", vcluster: null, enrollmentState: "", lastSeen: null, macAddress: null, agentEndpoint: null, overview: null });
  assert.is(second?.enrollmentState, "active");
  assert.equal(second?.overview, {
    configState: "observe_only", drift: { count: 2, magnitude: 1.4 }, emergency: { by: "ops", reason: "smoke", startedAt: new Date(0) },
    localDeltas: 1, expiredDeltas: 0, head: 0, observeOnly: true,
  });
  assert.is((await client.enrollment.list({ vcluster: "ml" }, never())).length, 1);
  client.close();
  journal.close();
  const stock = await startJournal({ ours: false, entries: [] });
  const other = testClient(stock.url);
  const error = await failure(other.enrollment.list({}, never()), "unsupported");
  assert.is(error.message, `the journal at ${stock.url} keeps no records of nodes`);
  other.close();
  stock.close();
});

test.run();
