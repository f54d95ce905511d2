// The stock agent's ways under the real profile, nodes without namespaces, the host, and the switches of a node.
import { connect } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Metadata } from "@grpc/grpc-js";
import {
  admin, as, exec, failureOf, HOST, namespacesMissing, NODE, nodeState, openBench, ops, processesWith, until, viewer,
} from "./support/agents.ts";

const missing = await namespacesMissing();
const inNamespace = missing === null ? test : test.skip;

inNamespace("a stock agent says its refusals in the stream and sends none of our extensions", async () => {
  const bench = await openBench({ profile: "real", agent: { execTimeoutS: 1 } });
  try {
    const said = async (caller: Parameters<typeof exec>[1], ...words: string[]): Promise<string> => {
      const end = await exec(bench, caller, words);
      assert.is(end.error, undefined, words.join(" "));
      assert.is(end.headers?.get("pact-time").length ?? 0, 0);
      return end.said ?? `exit ${end.exitCode}`;
    };
    assert.is(await said("token expired", "uname"), "authentication failed: token expired");
    assert.is(await said("nonsense", "uname"), "authentication failed: invalid token");
    assert.is(await said(viewer, "bash"), "authentication failed: insufficient privileges: command 'bash' is not whitelisted");
    assert.is(await said({ ...ops, role: "pact-regulated-ml-training" }, "uname"), "authentication failed: insufficient privileges: uname: requires pact-viewer-ml-training, pact-ops-ml-training or pact-platform-admin");
    assert.match(await said(viewer, "sysctl", "-w", "vm.swappiness=1"), /requires pact-ops-ml-training/);
    assert.match(await said(ops, "cat", "/etc/shadow"), /^execution failed: access denied.*sensitive path/);
    assert.is(await said(ops, "tail", "-f", "/dev/null"), "execution failed: command timed out after 1 seconds");
    assert.is(await said(admin, "no-such-program"), "execution failed: command 'no-such-program' not found on PATH");
    assert.is(await said(admin, "id"), "exit 0");
    assert.is(await said(viewer, "uname"), "exit 0");
    const bare = await exec(bench, new Metadata(), ["uname"]);
    assert.is(bare.error?.code, 16);
    await nodeState(bench, {}).then(() => assert.unreachable(), (error: { code: number }) => assert.is(error.code, 12));
  } finally {
    await bench.close();
  }
});

inNamespace("a stock shell never ends by itself and always exits 0", async () => {
  const bench = await openBench({ profile: "real" });
  try {
    const call = bench.client("pact.shell.ShellService").Shell(as(ops));
    const seen: string[] = [];
    let text = "";
    let over = false;
    call.on("data", (message: { output: string; stdout?: Buffer; exit_code?: number }) => {
      if (message.output === "stdout") text += message.stdout?.toString() ?? "";
      seen.push(message.output === "exit_code" ? `exit ${message.exit_code}` : message.output);
    });
    call.on("error", () => {});
    call.on("status", () => { over = true; });
    call.write({ open: { rows: 24, cols: 80, term: "" } });
    await until("the prompt", () => text.includes("> "));
    assert.is(seen[0], "session_id");
    call.write({ stdin: Buffer.from("exit 9\r") });
    await until("the shell has left", () => processesWith("lib/session").length === 0);
    await until("the end is in the journal", () => bench.journal.texts("ENTRY_TYPE_SHELL_SESSION").length === 2);
    assert.not(over);
    call.write({ close: {} });
    await until("the end", () => over);
    assert.is(seen.at(-1), "exit 0");
  } finally {
    await bench.close();
  }
});

test("without namespaces commands run as plain children and no argument names a path", async () => {
  const bench = await openBench({ bare: true });
  try {
    assert.is(bench.agents.namespaces.available, false);
    assert.is((await exec(bench, viewer, ["uname", "-s"])).stdout.toString(), "Linux\n");
    assert.is(failureOf(await exec(bench, viewer, ["cat", "/etc/hosts"])), "unsupported");
    assert.is((await nodeState(bench, { drift: true })).bare, true);
    const call = bench.client("pact.shell.ShellService").Shell(as(ops));
    const error = await new Promise<{ code: number }>((resolve) => call.on("error", resolve).on("data", () => {}) && call.write({ open: {} }));
    assert.is(error.code, 9);
  } finally {
    await bench.close();
  }
});

test("two hundred nodes without namespaces start in one process", async () => {
  const bench = await openBench({ bare: true, nodes: Array.from({ length: 200 }, () => "virtual" as const) });
  try {
    assert.is(bench.agents.endpoints.size, 200);
    assert.is((await exec(bench, viewer, ["uname", "-s"], "node-00150")).exitCode, 0);
  } finally {
    await bench.close();
  }
});

test("the host is read, never changed, and what belongs to the site is out of reach", async () => {
  const bench = await openBench({ nodes: ["host"], forbiddenPaths: ["/etc/nsswitch.conf"] });
  try {
    const run = (...words: string[]) => exec(bench, admin, words, HOST);
    assert.is((await run("uname", "-s")).stdout.toString(), "Linux\n");
    assert.is((await run("ls")).stdout.toString().includes("etc"), true);
    for (const words of [["sysctl", "-w", "vm.swappiness=1"], ["mount", "-t", "tmpfs", "x", "/opt"], ["ip", "link", "set", "lo", "down"], ["systemctl", "stop", "x"]]) {
      const end = await run(...words);
      assert.is(failureOf(end), "policy", words.join(" "));
    }
    for (const path of [bench.dir, `${bench.dir}/nodes`, "/etc/nsswitch.conf", "/proc/self/environ", "/proc/1/environ", "/proc/1/root/etc/shadow", `/proc/self/cwd/../..${bench.dir}`]) {
      assert.is(failureOf(await run("ls", path)), "policy", path);
    }
  } finally {
    await bench.close();
  }
});

test("a node stops, freezes, is cut off, and comes back on its port", async () => {
  const bench = await openBench({ bare: true });
  try {
    const url = bench.agents.endpoints.get(NODE);
    const port = Number(new URL(url ?? "").port);
    const knock = (): Promise<string> => new Promise((resolve) => {
      const socket = connect(port, "127.77.1.1");
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
      socket.on("connect", () => { resolve("connected"); socket.destroy(); });
    });
    for (const action of ["stop", "cut"] as const) {
      await bench.agents.control(NODE, action);
      assert.is(await knock(), "ECONNREFUSED");
      await bench.agents.control(NODE, "resume");
      const back = await exec(bench, viewer, ["uname"]);
      assert.is(back.exitCode, 0, back.error?.message);
    }
    await bench.agents.control(NODE, "freeze");
    assert.is(await knock(), "connected");
    const silent = await new Promise<{ code: number } | null>((resolve) => {
      bench.client("pact.shell.ShellService").ListCommands({}, as(viewer), { deadline: Date.now() + 300 }, (error) => resolve(error));
    });
    assert.is(silent?.code, 4);
    await bench.agents.control(NODE, "resume");
    const end = await exec(bench, viewer, ["uname"]);
    assert.is(end.exitCode, 0);
    assert.is(bench.agents.endpoints.get(NODE), url);
  } finally {
    await bench.close();
  }
});

inNamespace("closing ends running commands, sessions and namespaces", async () => {
  const bench = await openBench();
  const mark = bench.dir;
  const running = exec(bench, viewer, ["tail", "-f", "/etc/hostname"]);
  await until("it runs", () => processesWith("tail -f /etc/hostname").length > 0);
  const call = bench.client("pact.shell.ShellService").Shell(as(ops));
  let text = "";
  call.on("data", (message: { stdout?: Buffer }) => { text += message.stdout?.toString() ?? ""; });
  call.on("error", () => {});
  call.write({ open: { rows: 24, cols: 80, term: "xterm" } });
  await until("the prompt", () => text.includes("> "));
  await bench.close();
  await running;
  assert.equal([...processesWith(mark), ...processesWith("tail -f /etc/hostname"), ...processesWith("lib/session")], []);
});

test.run();
