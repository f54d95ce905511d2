import { createServer } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseEndpoint } from "../../src/client/endpoint.ts";
import { loopbackAddresses, refuseStrangers, socketOwners, thisMachine, type Machine } from "../../src/client/peer.ts";
import { failure } from "./support/client.ts";

const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const row = (local: string, state: string, uid: number): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 533 1 0000000000e148a0 100 0 0 10 0`;
const tables = (tcp: readonly string[], tcp6: readonly string[] = []) => ({ tcp: [HEAD, ...tcp].join("\n"), tcp6: [HEAD, ...tcp6].join("\n") });

// The words of an address are in the machine's order; these tables are of a little-endian one.
const AT_LOCALHOST = "0100007F:24E3"; // 127.0.0.1:9443
const AT_ANY = "00000000:24E3";
const AT_V6_LOCALHOST = "00000000000000000000000001000000:24E3";
const AT_V6_ANY = "00000000000000000000000000000000:24E3";
const AT_MAPPED = "0000000000000000FFFF00000100007F:24E3";

test("a listener on the very address counts", () => {
  assert.equal(socketOwners(tables([row(AT_LOCALHOST, "0A", 1000)]), "127.0.0.1", 9443), [1000]);
});
test("a listener on every address counts, also one of IPv6", () => {
  assert.equal(socketOwners(tables([row(AT_ANY, "0A", 1000)], [row(AT_V6_ANY, "0A", 7)]), "127.0.0.1", 9443), [1000, 7]);
  assert.equal(socketOwners(tables([], [row(AT_V6_LOCALHOST, "0A", 8)]), "::1", 9443), [8]);
  assert.equal(socketOwners(tables([], [row(AT_MAPPED, "0A", 9)]), "127.0.0.1", 9443), [9]);
});
test("the server end of a connection counts when its listener has gone", () => {
  assert.equal(socketOwners(tables([row(AT_LOCALHOST, "01", 666)]), "127.0.0.1", 9443), [666]);
});
test("other ports, other addresses and sockets in other states do not count", () => {
  const others = tables([row("0100007F:24E4", "0A", 1), row("0200007F:24E3", "0A", 2), row(AT_LOCALHOST, "06", 3), row("garbage", "0A", 4), "x"]);
  assert.equal(socketOwners(others, "127.0.0.1", 9443), []);
  assert.equal(socketOwners(tables([row(AT_V6_LOCALHOST, "0A", 1)]), "127.0.0.1", 9443), []);
});

const machine = (uid: number, tcp: readonly string[], more: Partial<Machine> = {}): Machine =>
  ({ platform: "linux", uid, tables: async () => tables(tcp), resolve: async () => ["10.1.1.1"], ...more });
const journal = parseEndpoint("http://127.0.0.1:9443", "journal", "x");
const check = async (at: Machine, endpoint = journal): Promise<void> => refuseStrangers(endpoint, await loopbackAddresses(endpoint, at), at);

test("a token goes to a listener of this user and of root", async () => {
  await check(machine(1000, [row(AT_LOCALHOST, "0A", 1000)]));
  await check(machine(1000, [row(AT_LOCALHOST, "0A", 0)]));
});
test("somebody else's listener is refused, with the uid", async () => {
  const error = await failure(check(machine(1000, [row(AT_LOCALHOST, "0A", 1001)])), "unauthenticated");
  assert.is(error.message, "someone else listens at 127.0.0.1:9443");
  assert.match(error.about.reason ?? "", /uid 1001/);
});
test("one stranger among friends is enough", async () => {
  await failure(check(machine(1000, [row(AT_LOCALHOST, "0A", 1000), row(AT_ANY, "0A", 1001)])), "unauthenticated");
});
test("localhost is looked at under both its addresses", async () => {
  const at = machine(1000, [], { tables: async () => tables([row(AT_LOCALHOST, "0A", 1000)], [row(AT_V6_LOCALHOST, "0A", 1001)]) });
  await failure(check(at, parseEndpoint("http://localhost:9443", "journal", "x")), "unauthenticated");
});
test("this host's own name counts when it stands for a loopback address", async () => {
  const at = machine(1000, [row("0101007F:24E3", "0A", 1001)], { resolve: async () => ["127.0.1.1"] });
  await failure(check(at, parseEndpoint("http://myhost:9443", "journal", "x")), "unauthenticated");
});
test("TLS, other hosts and other systems are not looked at", async () => {
  const hostile = [row(AT_LOCALHOST, "0A", 1001)];
  await check(machine(1000, hostile), parseEndpoint("https://127.0.0.1:9443", "journal", "x"));
  await check(machine(1000, hostile), parseEndpoint("http://10.0.0.7:9443", "journal", "x"));
  await check(machine(1000, hostile, { platform: "darwin" }));
});
test("a table that cannot be read refuses", async () => {
  const at = machine(1000, [], { tables: async () => Promise.reject(new Error("EACCES")) });
  assert.match((await failure(check(at), "unauthenticated")).message, /cannot tell who listens/);
});

if (process.platform === "linux") {
  test("this machine's own tables name the owner of a listener", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    try {
      assert.equal(socketOwners(await thisMachine().tables(), "127.0.0.1", port), [process.getuid?.()]);
    } finally {
      server.close();
    }
  });
}

test.run();
