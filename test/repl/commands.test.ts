// The shell's own commands: what they ask of the session, and how they refuse.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Call, type Command, PactError, type Result, type Session, type Setting } from "../../src/api/index.ts";
import { bind, declared } from "../../src/core/bind.ts";
import { lex } from "../../src/core/lexer.ts";
import plugin from "../../src/repl/plugin.ts";

const test = suite("session commands");

interface Kept {
  calls: unknown[];
  session: Session;
}

function keeping(): Kept {
  const calls: unknown[] = [];
  let chosen: { vcluster: string | null; node: string | null } = { vcluster: null, node: null };
  return {
    calls,
    session: {
      interactive: true,
      config: () => [{ key: "output_format", value: "text", origin: "default" }],
      context: () => [
        { key: "vcluster", value: chosen.vcluster, origin: "use" },
        { key: "node", value: chosen.node, origin: "use" },
      ],
      use(selection) {
        calls.push(["use", selection]);
        chosen = { ...chosen, ...selection };
      },
      contexts: () => ["night"],
      enter: (name) => void calls.push(["enter", name]),
      back: () => void calls.push(["back"]),
      set: (key, value) => void calls.push(["set", key, value]),
      settable: () => ["output", "timeout"],
      history: () => Array.from({ length: 30 }, (_, at) => ({ n: at + 1, line: `line ${at + 1}`, time: new Date(0), exit: 0 })),
      setPrivate: (on) => void calls.push(["private", on]),
      leave: () => void calls.push(["leave"]),
    },
  };
}

/** Runs a line of the plugin's own commands against a session. */
async function run(line: string, kept: Kept, scope: { vcluster?: Setting<string>; node?: Setting<string> } = {}): Promise<Result> {
  const words = lex(line).tokens.filter((token) => token.kind === "word");
  const path = words[0]?.text ?? "";
  const entry = plugin.commands[path];
  if (entry === undefined) throw new Error(`no command ${path}`);
  const command: Command<any, any> = (await entry.load()).default;
  const { args, flags } = bind(declared(path, command), words.slice(1));
  const unused = (): never => {
    throw new Error("a session command reaches for something else");
  };
  const call: Call<any, any> = {
    args, flags,
    scope: { vcluster: scope.vcluster, node: scope.node },
    signal: new AbortController().signal,
    note: unused,
    options: { format: "text", yes: false, dryRun: false, noWait: false, remoteRc: false, nodeTimeoutS: 5, width: 80 },
    stdin: unused, journal: unused, enrollment: unused, policy: unused, agents: unused, identity: unused,
    terminal: unused, catalog: unused, site: unused, probe: unused,
    session: () => kept.session,
  };
  return command.run(call);
}

const said = (result: Result): string => (result.kind === "done" ? result.message : result.kind);

async function refused(line: string): Promise<string> {
  const kept = keeping();
  try {
    await run(line, kept);
  } catch (error) {
    if (!(error instanceof PactError)) throw error;
    assert.equal([error.failure, kept.calls], ["usage", []]);
    return error.message;
  }
  throw new Error(`accepted: ${line}`);
}

test("the table says what each command says of itself", async () => {
  for (const [path, entry] of Object.entries(plugin.commands)) {
    const { default: command } = await entry.load();
    assert.equal([command.summary, command.effect], [entry.summary, entry.effect], path);
    assert.ok(command.examples.length > 0);
    assert.is(entry.group, "session");
  }
});

test("use chooses a vCluster, a node, or both", async () => {
  const kept = keeping();
  assert.is(said(await run("use ml-training", kept)), "vCluster ml-training, node none");
  assert.is(said(await run("use /node-001", kept)), "vCluster ml-training, node node-001");
  assert.is(said(await run("use dev/node-002", kept)), "vCluster dev, node node-002");
  assert.is(said(await run("use ml-training", kept)), "vCluster ml-training, node none");
  assert.equal(kept.calls, [
    ["use", { vcluster: "ml-training", node: null }],
    ["use", { node: "node-001" }],
    ["use", { vcluster: "dev", node: "node-002" }],
    ["use", { vcluster: "ml-training", node: null }],
  ]);
});

test("use - goes back, --clear selects nothing, alone it only tells", async () => {
  const kept = keeping();
  await run("use -", kept);
  await run("use --clear", kept);
  assert.is(said(await run("use", kept)), "vCluster none, node none");
  assert.equal(kept.calls, [["back"], ["use", { vcluster: null, node: null }]]);
});

test("use with the name of a context takes it over", async () => {
  const kept = keeping();
  await run("use night", kept);
  assert.equal(kept.calls, [["enter", "night"]]);
});

test("use takes --node and --vcluster when they were given on the line", async () => {
  const kept = keeping();
  await run("use", kept, { node: { value: "node-9", from: "flag", where: "--node" }, vcluster: { value: "v", from: "env", where: "PACT_VCLUSTER" } });
  assert.equal(kept.calls, [["use", { node: "node-9" }]]);
});

test("use refuses what is no selection", async () => {
  for (const target of ["/", "a/b/c", "''", "../etc", "a/-x", "'a b'"]) assert.match(await refused(`use -- ${target}`), "use: ");
  assert.match(await refused("use ml --clear"), "not several");
});

test("set changes, tells, and asks for a value", async () => {
  const kept = keeping();
  assert.is(said(await run("set output json", kept)), "output is json until the shell ends");
  assert.is((await run("set", kept)).kind, "rows");
  assert.equal(kept.calls, [["set", "output", "json"]]);
  assert.match(await refused("set output"), "a value for output is missing");
});

test("history shows the last lines and switches private mode", async () => {
  const kept = keeping();
  const rows = async (line: string): Promise<number> => {
    const result = await run(line, kept);
    return result.kind === "rows" && Symbol.iterator in result.rows ? [...result.rows].length : -1;
  };
  assert.equal([await rows("history"), await rows("history -n 5"), await rows("history -n 100")], [20, 5, 30]);
  await run("history private on", kept);
  await run("history private off", kept);
  assert.equal(kept.calls, [["private", true], ["private", false]]);
  assert.match(await refused("history private"), "on or off is missing");
});

test("exit and quit leave", async () => {
  const kept = keeping();
  await run("exit", kept);
  await run("quit", kept);
  assert.equal(kept.calls, [["leave"], ["leave"]]);
});

test("context lists what holds, with origins", async () => {
  const result = await run("context", keeping());
  assert.is(result.kind, "rows");
});

test.run();
