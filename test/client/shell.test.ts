import { test } from "uvu";
import * as assert from "uvu/assert";
import { status } from "@grpc/grpc-js";
import type { RemoteShell } from "../../src/api/index.ts";
import { failure, never, testClient, until } from "./support/client.ts";
import { header, refuse, startTcp } from "./support/servers.ts";
import { startAgent, type AgentScript, type ShellCall, type TestAgent } from "./support/agent.ts";

const SIZE = { rows: 24, cols: 80, term: "xterm-256color" };

async function withShell(script: AgentScript["shell"], run: (shell: (signal?: AbortSignal) => Promise<RemoteShell>, server: TestAgent) => Promise<void>, more: Parameters<typeof testClient>[1] = {}): Promise<void> {
  const server = await startAgent(script === undefined ? {} : { shell: script });
  const client = testClient("http://127.0.0.1:1", more);
  try {
    const agent = await client.agents.at({ nodeId: "node-001", vcluster: null, enrollmentState: "", lastSeen: null, macAddress: null, agentEndpoint: server.url, overview: null }, never());
    await run((signal) => agent.shell(SIZE, signal ?? never()), server);
  } finally {
    client.close();
    server.close();
  }
}

/** Reads the output into a text that grows. */
function screen(shell: RemoteShell): { text: string; ended: Promise<void> } {
  const seen = { text: "", ended: Promise.resolve() };
  seen.ended = (async () => {
    for await (const bytes of shell.output) seen.text += Buffer.from(bytes).toString();
  })();
  return seen;
}

/** A terminal that echoes, tells its size, and ends with a status on `exit N`. */
function echo(call: ShellCall, ends = true): void {
  call.on("data", (message: { open?: { rows: number; cols: number; term: string }; stdin?: Buffer; resize?: { rows: number; cols: number }; close?: object }) => {
    if (message.open !== undefined && message.open !== null) {
      call.write({ session_id: "s-1" });
      call.write({ stdout: Buffer.from(`${message.open.term} ${message.open.rows}x${message.open.cols}\n`) });
    } else if (message.resize !== undefined && message.resize !== null) call.write({ stdout: Buffer.from(`${message.resize.rows}x${message.resize.cols}\n`) });
    else if (message.stdin !== undefined && message.stdin !== null) {
      call.write({ stdout: message.stdin });
      const code = /^exit (\d+)/u.exec(message.stdin.toString())?.[1];
      if (code !== undefined && ends) {
        call.write({ exit_code: Number(code) });
        call.end();
      }
    }
  });
  call.on("end", () => {
    if (ends) call.end();
  });
}

test("a shell opens with its size, carries bytes both ways, and tells its exit status", () =>
  withShell(echo, async (open) => {
    const shell = await open();
    const seen = screen(shell);
    shell.write(Buffer.from("hällo\n"));
    shell.resize(50, 132);
    shell.resize(0, Number.NaN);
    await until(() => seen.text.includes("1x1"), "the resize");
    assert.is(seen.text, "xterm-256color 24x80\nhällo\n50x132\n1x1\n");
    shell.write(Buffer.from("exit 7\n"));
    assert.equal(await shell.ended, { exitCode: 7 });
    await seen.ended;
    shell.write(Buffer.from("too late"));
    shell.close();
  }));

test("closing ends a shell at an agent that never ends one by itself", () =>
  withShell((call) => echo(call, false), async (open, server) => {
    const shell = await open();
    const seen = screen(shell);
    shell.close();
    shell.close();
    assert.equal(await shell.ended, { exitCode: null });
    await seen.ended;
    await until(() => server.cancelled === 1, "cancelled");
  }));

test("closing an agent of our kind hears the exit status it still sends", () =>
  withShell((call) => {
    call.on("data", (message: { open?: object | null; close?: object | null }) => {
      if (message.open) call.write({ session_id: "s-1" });
      if (message.close) {
        call.write({ exit_code: 129 });
        call.end();
      }
    });
  }, async (open) => {
    const shell = await open();
    const seen = screen(shell);
    shell.close();
    assert.equal(await shell.ended, { exitCode: 129 });
    await seen.ended;
  }));

test("a link that is lost ends the output and rejects with the address", () => {
  let cut = (): void => {};
  return withShell((call) => {
    echo(call);
    cut = () => call.emit("error", refuse(status.UNAVAILABLE, "Connection dropped"));
  }, async (open, server) => {
    const shell = await open();
    const seen = screen(shell);
    await until(() => seen.text !== "", "the first output");
    cut();
    const error = await failure(shell.ended, "connection");
    assert.match(error.message, new RegExp(`cannot reach the agent of node-001 at ${server.url}`));
    await seen.ended;
  });
});

test("nobody has to ask how a shell ended", () => {
  let cut = (): void => {};
  return withShell((call) => {
    echo(call);
    cut = () => call.emit("error", refuse(status.UNAVAILABLE, "gone"));
  }, async (open) => {
    const shell = await open();
    cut();
    for await (const _ of shell.output);
  });
});

test("an abort interrupts a shell, also one that nobody reads, and cancels it at the agent", () =>
  withShell(echo, async (open, server) => {
    const controller = new AbortController();
    const shell = await open(controller.signal);
    controller.abort();
    await failure(shell.ended, "interrupted");
    await until(() => server.cancelled === 1, "cancelled");
  }));

test("refusals come from opening, with their names", async () => {
  for (const [code, expected] of [[status.PERMISSION_DENIED, "forbidden"], [status.RESOURCE_EXHAUSTED, "precondition"], [status.UNIMPLEMENTED, "unsupported"]] as const) {
    await withShell((call) => call.emit("error", refuse(code, "no")), async (open) => {
      const error = await failure(open(), expected);
      assert.is(error.about.node, "node-001");
    });
  }
  await withShell((call) => {
    call.write({ error: "authentication failed: requires pact-ops-ml-training" });
  }, async (open) => void (await failure(open(), "forbidden")));
  await withShell((call) => call.end(), async (open) => void (await failure(open(), "remote")));
});

test("an agent that never answers does not hold the terminal", async () => {
  await withShell(() => {}, async (open) => void (await failure(open(), "agentTimeout")), { timeoutMs: 200 });
  const hole = await startTcp(() => {});
  const client = testClient("http://127.0.0.1:1", { nodeTimeoutMs: 200, timeoutMs: 60_000, agents: { map: { n: `http://127.0.0.1:${hole.port}` }, template: "", requireTls: false, origins: { map: "m", template: "t" } } });
  const agent = await client.agents.at({ nodeId: "n", vcluster: null, enrollmentState: "", lastSeen: null, macAddress: null, agentEndpoint: null, overview: null }, never());
  await failure(agent.shell(SIZE, never()), "agentTimeout");
  client.close();
  hole.close();
});

test("a rejected token is refreshed once", () =>
  withShell((call) => {
    if (header(call.metadata, "authorization") === "Bearer fresh") echo(call);
    else call.emit("error", refuse(status.UNAUTHENTICATED, "expired"));
  }, async (open) => {
    const shell = await open();
    const seen = screen(shell);
    shell.write(Buffer.from("exit 0\n"));
    assert.equal(await shell.ended, { exitCode: 0 });
    await seen.ended;
  }, { token: { token: async () => "stale", refresh: async () => "fresh" } }));

test("input that the agent does not take ends the session before it fills the memory", () =>
  withShell((call) => {
    call.once("data", () => {
      call.write({ session_id: "s-1" });
      call.pause();
    });
  }, async (open) => {
    const shell = await open();
    const block = new Uint8Array(1024 * 1024);
    for (let at = 0; at < 40; at += 1) shell.write(block);
    assert.match((await failure(shell.ended, "connection")).message, /takes no more input/);
  }));

test.run();
