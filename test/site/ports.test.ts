// Ports and addresses.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createServer, type Server } from "node:net";
import type { SiteFile } from "../../src/contract/control.ts";
import { macAddressOf, placeNodes, virtualAddress } from "../../src/site/place.ts";
import { planPorts, settlePorts, takenMeanwhile } from "../../src/site/ports.ts";

const nodes = [
  { name: "here", vcluster: "v", kind: "host" },
  { name: "node-001", vcluster: "v", kind: "virtual" },
  { name: "node-002", vcluster: "v", kind: "virtual" },
] as const;

const last = (grpc: number): SiteFile => ({
  version: 1, pid: 1, uid: 0, started_at: "", profile: "embedded", issuer: null, sims: {},
  journal: { grpc: `http://127.0.0.1:${grpc}`, http: "http://127.0.0.1:7002" },
  nodes: [{ node_id: "node-001", kind: "virtual", endpoint: "http://127.77.0.1:7003", root: "/r" }],
});

const listening = (): Promise<{ server: Server; port: number }> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve({ server, port: typeof address === "object" && address !== null ? address.port : 0 });
    });
  });

test("documented ports, a base, free ones, and those of the last run", () => {
  assert.equal(planPorts(undefined, undefined).ports, { grpc: 9443, http: 9091, agent: 9445 });
  assert.equal(planPorts(7000, last(7001)).ports, { grpc: 7000, http: 7001, agent: 7002 });
  assert.equal(planPorts(0, last(7001)).ports, { grpc: 0, http: 0, agent: 0 });
  const kept = planPorts(undefined, last(7001));
  assert.equal(kept.ports, { grpc: 7001, http: 7002, agent: 0 });
  assert.equal(placeNodes(nodes, kept).map((node) => node.port), [0, 7003, 0]);
});

test("each node has a loopback address of its own", () => {
  assert.equal(placeNodes(nodes, planPorts(undefined, undefined)).map((node) => `${node.address}:${node.port}`), [
    "127.0.0.1:9445", "127.77.0.1:9445", "127.77.0.2:9445",
  ]);
  const all = new Set(Array.from({ length: 5000 }, (_, n) => virtualAddress(n)));
  assert.is(all.size, 5000);
  assert.not([...all].some((address) => /\.(0|255)$/.test(address)));
});

test("a virtual node's hardware address stays and is a local one", () => {
  const mac = macAddressOf(nodes[1]);
  assert.match(mac, /^02(:[0-9a-f]{2}){5}$/);
  assert.is(mac, macAddressOf(nodes[1]));
  assert.is.not(mac, macAddressOf(nodes[2]));
});

test("a taken port that was asked for is named, with the way out", async () => {
  const { server, port } = await listening();
  try {
    const plan = { ...planPorts(port, undefined), nodes: new Map<string, number>() };
    await settlePorts([], plan);
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), new RegExp(`port ${port} on 127\\.0\\.0\\.1 is taken by another program; the site's journal wants it`));
    assert.match(error instanceof Error && "hint" in error ? String(error.hint) : "", /--port 0/);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test("a port that was taken between the look and the start is named too", () => {
  const grpc = new Error("No address added out of total 1 resolved errors: [listen EADDRINUSE: address already in use 127.0.0.1:9443]");
  assert.match(takenMeanwhile(grpc)?.message ?? "", /^port 9443 on 127\.0\.0\.1 is taken/);
  assert.is(takenMeanwhile(new Error("disk full")), undefined);
});

test("a taken port of the last run gives way, and a note says so", async () => {
  const { server, port } = await listening();
  const settled = await settlePorts([], planPorts(undefined, last(port)));
  await new Promise((resolve) => server.close(resolve));
  assert.is(settled.ports.grpc, 0);
  assert.is(settled.ports.http, 7002);
  assert.is(settled.notes.length, 1);
});

test.run();
