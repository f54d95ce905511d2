// Shell sessions: a terminal in the node's namespace, and a record that cannot be switched off.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ShellInput } from "../../../src/contract/gen/pact/shell/ShellInput.ts";
import type { ShellOutput__Output } from "../../../src/contract/gen/pact/shell/ShellOutput.ts";
import type { Caller } from "../../../src/site/parts.ts";
import { admin, as, HOST, namespacesMissing, NODE, openBench, ops, processesWith, until, viewer, type Bench } from "./support/agents.ts";

const missing = await namespacesMissing();
const inNamespace = missing === null ? test : test.skip;
let bench: Bench;
test.before(async () => { bench = await openBench({ nodes: ["virtual", "host"], agent: { maxSessions: 3 } }); });
test.after(async () => { await bench.close(); });

/** What a failed test left open must not fail the next one. */
const sessions: Session[] = [];
test.after.each(async () => {
  for (const { call } of sessions) call.cancel();
  await until("all sessions are over", () => sessions.every(({ ended }) => ended));
  sessions.length = 0;
});

interface Session {
  readonly call: ClientDuplexStream<ShellInput, ShellOutput__Output>;
  text: string;
  id: string | undefined;
  exitCode: number | undefined;
  error: ServiceError | undefined;
  ended: boolean;
  /** Types a line and waits for what it should show. */
  type(line: string, shows: RegExp): Promise<string>;
  prompted(): Promise<void>;
}

function openSession(caller: Caller = ops, node = NODE, open: ShellInput = { open: { rows: 24, cols: 80, term: "xterm" } }): Session {
  const call = bench.client("pact.shell.ShellService", node).Shell(as(caller));
  const session: Session = {
    call, text: "", id: undefined, exitCode: undefined, error: undefined, ended: false,
    async type(line, shows) {
      const from = session.text.length;
      call.write({ stdin: Buffer.from(`${line}\r`) });
      await until(`${line} shows ${shows}`, () => shows.test(session.text.slice(from)) || session.ended);
      return session.text.slice(from);
    },
    async prompted() {
      await until("the prompt", () => session.text.includes(`pact:${node}> `) || session.ended);
    },
  };
  call.on("data", (message: ShellOutput__Output) => {
    if (message.output === "stdout") session.text += message.stdout?.toString("utf8") ?? "";
    if (message.output === "session_id") session.id = message.session_id;
    if (message.output === "exit_code") session.exitCode = message.exit_code;
  });
  call.on("error", (error: ServiceError) => { session.error = error; });
  call.on("status", () => { session.ended = true; });
  call.write(open);
  sessions.push(session);
  return session;
}

async function leave(session: Session): Promise<void> {
  session.call.write({ close: {} });
  await until("the session ends", () => session.ended);
}

const logged = (session: Session): string[] =>
  bench.journal.texts("ENTRY_TYPE_EXEC_LOG").filter((text) => text.startsWith(`shell:${session.id} `)).map((text) => text.slice(`shell:${session.id} `.length));

inNamespace("a session shows the prompt, runs programs of the node, and ends with the shell's code", async () => {
  const session = openSession();
  await session.prompted();
  assert.match(session.id ?? "", /^[0-9a-f-]{36}$/);
  await session.type("uname -n", /\rnode-001\r\n/);
  await session.type("cat /etc/hostname; echo done", /node-001\r\ndone/);
  session.call.write({ stdin: Buffer.from("exit 7\r") });
  await until("the end", () => session.ended);
  assert.is(session.exitCode, 7);
  assert.is(session.error, undefined);
  assert.equal(logged(session), ["uname -n", "cat /etc/hostname; echo done", "cat /etc/hostname", "exit 7"]);
  const ends = bench.journal.entries.filter((entry) => entry.policy_ref.startsWith(`shell:${session.id}`) && entry.entry_type === "ENTRY_TYPE_SHELL_SESSION");
  assert.is(ends.length, 2);
  assert.is(ends[1]?.parent, ends[0]?.sequence);
  assert.match(ends[1]?.policy_ref ?? "", /end exit=7 commands=3$/);
});

inNamespace("the restricted bash cannot leave its bounds", async () => {
  const session = openSession();
  await session.prompted();
  await session.type("/bin/ls", /restricted/);
  await session.type("PATH=/bin; ls", /readonly variable/);
  await session.type("echo x > /etc/x", /restricted/);
  await session.type("exec ls", /not found/);
  await session.type("cd /etc", /restricted/);
  await session.type("bash", /not found/);
  await session.type("set +r; /bin/ls", /restricted|invalid/);
  await session.type("LD_PRELOAD=/tmp/x.so ls", /readonly variable/);
  await session.type("command -p bash -c id; echo over", /restricted[^]*over/);
  await session.type("cat /etc/shadow", /sensitive path/);
  await session.type("ip netns exec x bash", /not allowed/);
  await session.type("mount --bind / /opt", /not allowed/);
  await leave(session);
});

inNamespace("what is typed and what runs is recorded, whatever the line does to switch it off", async () => {
  const session = openSession();
  await session.prompted();
  const lines = [
    "set +x; trap - DEBUG; unset PROMPT_COMMAND; HISTFILE=; echo one",
    "enable printf; enable -n history; shopt -u checkwinsize; echo two",
    "{ uname -s; } 3<&- 9<&- 10<&- 63<&-; echo three",
    "for n in 3 4 5 6 7 8 9 10 11 12 13 62 63 255; do eval \"{ uname -s; } $n<&-\"; done; echo four",
    "printf() { :; }; read() { :; }; export -f printf read; uname -s; echo five",
    "ask() { answer=run; words=(/bin/bash); }; export -f ask; uname -s; echo six",
    "PACT_PORT=1; echo seven",
    "PACT_KEY=x uname -s; echo eight",
    "unset PACT_KEY PACT_PORT; uname -s; echo nine",
    "alias uname=ls; uname() { ls; }; echo ten",
    "a=une; a=uname; $a -s; echo eleven",
    "trap 'uname -s' EXIT; echo twelve",
    "BASH_ENV=/etc/hosts uname -s; SHELLOPTS=xtrace uname -s; echo thirteen",
    "hash -p /bin/bash uname; uname -c id; echo fourteen",
    "kill -STOP $$; echo fifteen",
  ].slice(0, 14);
  for (const line of lines) {
    const word = /echo (\w+)$/.exec(line)?.[1] ?? "";
    session.text = "";
    session.call.write({ stdin: Buffer.from(`${line}\r`) });
    // The line itself is echoed with its last word, so the word or a message must come once more.
    await until(line, () => session.text.split("pact:node-001> ").length > 1 && session.text.trimEnd().endsWith("pact:node-001>") || session.ended);
    assert.not(session.ended, `${line} ended the session (${word})`);
  }
  await leave(session);
  const log = logged(session);
  for (const line of lines) assert.ok(log.includes(line), `recorded: ${line}`);
  const runs = log.filter((text) => text === "uname -s").length;
  assert.ok(runs >= 18, `the programs were recorded one by one, ${runs} times`);
});

inNamespace("keys of the line editor run nothing, and nothing of the record is open to what runs", async () => {
  const session = openSession();
  await session.prompted();
  for (const key of ["\x1b\x05", "\x18\x05", "\x1b!", "\x18!", "\x1b\x0av", "\x18\x12"]) {
    await session.type(`echo "$(uname -s)"${key}\x15echo next`, /\rnext\r\n/);
    assert.not.match(session.text, /Linux/, JSON.stringify(key));
  }
  const shown = await session.type("ls /proc/$$/fd /proc/self/fd; echo end", /\nend\r\n/);
  const open = shown.split("\r\n").filter((line) => /^\d+(?: +\d+)*$/.test(line));
  assert.equal(open.map((line) => line.split(/ +/).map(Number).filter((fd) => fd > 3)), [[], []], shown);
  assert.not.match(await session.type("ulimit -n 3; uname -s; echo end", /\nend\r\n/), /Linux/);
  await leave(session);
});

inNamespace("a program that the record cannot be kept of does not run, and the session ends", async () => {
  const session = openSession();
  await session.prompted();
  const before = bench.audit.push;
  bench.audit.push = () => { throw new Error("disk full"); };
  try {
    const shown = await session.type("uname -s", /session ends/);
    assert.not.match(shown, /Linux/);
    await until("the end", () => session.ended);
  } finally {
    bench.audit.push = before;
  }
});

inNamespace("systemctl and journalctl are answered by the node's supervisor here too", async () => {
  writeFileSync(join(bench.dir, "nodes", NODE, "root/run/pact/services.toml"), 'services.keeper = { binary = "bash", args = ["-c", "echo kept; exec sleep 86101"], state = "stopped" }\n');
  const session = openSession();
  await session.prompted();
  assert.match(await session.type("systemctl start keeper; systemctl is-active keeper", /active\r\n/), /\ractive\r\n|\nactive\r\n/);
  await session.type("journalctl -u keeper | wc -l", /\b1\r\n/);
  await session.type("systemctl stop keeper; systemctl status keeper > /dev/null", /restricted/);
  await session.type("systemctl status keeper | grep -c inactive; systemctl status nobody; echo code $?", /code 4\r\n/);
  await session.type("systemctl enable keeper", /knows status, list-units/);
  assert.equal(bench.journal.texts("ENTRY_TYPE_SERVICE_LIFECYCLE").map((text) => text.replace(/\d+$/, "N")), ["service:start:keeper pid=N", "service:stop:keeper"]);
  await leave(session);
  writeFileSync(join(bench.dir, "nodes", NODE, "root/run/pact/services.toml"), "");
});

inNamespace("100 KB and an exit, 200 times: every byte arrives", async () => {
  writeFileSync(join(bench.dir, "nodes", NODE, "root/etc/burst"), `${"x".repeat(99)}\n`.repeat(1000));
  const session = openSession();
  await session.prompted();
  await session.type("cat /etc/burst", /x{99}\r\n[^x]*pact:/);
  session.text = "";
  const count = (): number => session.text.split("x".repeat(99)).length - 1;
  await session.type("for i in {1..200}; do cat /etc/burst; done; echo over", /\nover\r\n/);
  assert.is(count(), 200_000);
  await leave(session);
});

inNamespace("a burst right before the session's own end arrives", async () => {
  const once = async (): Promise<number> => {
    const session = openSession();
    await session.prompted();
    session.text = "";
    session.call.write({ stdin: Buffer.from("cat /etc/burst; exit\r") });
    await until("the end", () => session.ended);
    return session.text.split("x".repeat(99)).length - 1;
  };
  for (let round = 0; round < 4; round++) assert.equal(await Promise.all([once(), once(), once()]), [1000, 1000, 1000]);
});

inNamespace("Ctrl-C reaches the program, the shell goes on, and a resize is seen", async () => {
  const session = openSession();
  await session.prompted();
  session.call.write({ stdin: Buffer.from("tail -f /dev/null\r") });
  await until("tail runs", () => processesWith("tail -f /dev/null").length > 0);
  session.call.write({ stdin: Buffer.from("\x03") });
  await until("tail is gone", () => processesWith("tail -f /dev/null").length === 0);
  await session.type("echo $?", /\r130\r\n/);
  session.call.write({ resize: { rows: 33, cols: 123 } });
  await session.type("echo $LINES $COLUMNS", /\r33 123\r\n/);
  session.call.write({ resize: { rows: 9999, cols: 0 } });
  await session.type("echo $LINES $COLUMNS", /\r500 80\r\n/);
  await session.type("echo \"two", /> /);
  await session.type("lines\"", /two\r\nlines\r\n/);
  await leave(session);
});

inNamespace("a client that goes away leaves no process, a background one included", async () => {
  const session = openSession();
  await session.prompted();
  await session.type("tail -f /etc/hosts & echo started", /started/);
  await until("tail runs", () => processesWith("tail -f /etc/hosts").length > 0);
  session.call.cancel();
  await until("nothing is left", () => processesWith("tail -f /etc/hosts").length === 0 && processesWith("lib/session").length === 0);
});

inNamespace("who may open a session, and how many", async () => {
  const refused = openSession(viewer);
  await until("the refusal", () => refused.ended);
  assert.is(refused.error?.code, 7);
  const wrong = openSession(ops, NODE, { stdin: Buffer.from("x") });
  await until("the refusal", () => wrong.ended);
  assert.is(wrong.error?.code, 3);
  // Sessions of earlier tests may still be ending, and they count.
  await until("earlier sessions are over", () => processesWith("lib/session").length === 0);
  const three = [openSession(), openSession(), openSession()];
  for (const one of three) await one.prompted();
  const fourth = openSession();
  await until("the refusal", () => fourth.ended);
  assert.is(fourth.error?.code, 8);
  for (const one of three) await leave(one);
});

test("on the host a shell takes platform admin and changes nothing", async () => {
  const refused = openSession(ops, HOST);
  await until("the refusal", () => refused.ended);
  assert.is(refused.error?.code, 7);
  const session = openSession(admin, HOST);
  await session.prompted();
  await session.type("uname -s", /\rLinux\r\n/);
  await session.type("sysctl -w vm.swappiness=1", /only observed/);
  await session.type(`ls ${bench.dir}`, /sensitive path/);
  await leave(session);
});

test.run();
