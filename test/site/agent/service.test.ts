// The states of one service, with runs that end when the test says and a clock that it moves.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { testClock } from "../../../src/site/clock.ts";
import { LONGEST_PAUSE_MS, MOST_FAILURES, Service, STEADY_MS } from "../../../src/site/agent/service.ts";
import type { Definition } from "../../../src/site/agent/service-file.ts";
import type { RunEnd, ServiceRun } from "../../../src/site/agent/service-run.ts";

interface Made {
  readonly run: ServiceRun;
  end(code: number | null, signal?: NodeJS.Signals): Promise<void>;
  stopped: number | undefined;
}

const settled = async (): Promise<void> => { for (let n = 0; n < 20; n++) await Promise.resolve(); };

function bench(more: Partial<Definition> = {}) {
  // Stands still until it is moved.
  const clock = testClock(0, 0);
  const made: Made[] = [];
  const failed: string[] = [];
  let broken: string | undefined;
  let changes = 0;
  const definition: Definition = { name: "x", binary: "x", args: [], restart: "always", restartDelayS: 1, order: 0, dependsOn: [], state: "running", ...more };
  const run = async (): Promise<ServiceRun> => {
    if (broken !== undefined) throw new Error(broken);
    let resolve: (end: RunEnd) => void = () => {};
    const ended = new Promise<RunEnd>((done) => (resolve = done));
    const one: Made = {
      run: { pid: made.length + 1, ended, stop: async (graceMs) => { one.stopped = graceMs; resolve({ code: 143, signal: null }); await ended; } },
      end: async (code, signal) => { resolve({ code, signal: signal ?? null }); await ended; await settled(); },
      stopped: undefined,
    };
    made.push(one);
    return one.run;
  };
  const service = new Service(definition, { clock, run, changed: () => void (changes += 1), failed: (_name, why) => void failed.push(why), graceMs: 5000 });
  return {
    clock, made, failed, service, last: () => made.at(-1) as Made,
    state: () => service.status.state,
    advance: async (ms: number) => { clock.advance(ms); await settled(); },
    breakIt: (why: string | undefined) => void (broken = why),
    changes: () => changes,
  };
}

test("it starts once, stops with the grace it has, and says what it is", async () => {
  const { service, made, state, changes } = bench();
  assert.is(state(), "Stopped");
  await Promise.all([service.start(), service.start()]);
  assert.equal([state(), service.status.pid, service.told, made.length], ["Running", 1, "running", 1]);
  await service.stop();
  assert.equal([state(), service.status.pid, service.told, made[0]?.stopped], ["Stopped", undefined, "stopped", 5000]);
  await service.stop();
  assert.is(service.status.restarts, 0);
  assert.is(changes(), 4, "starting, running, stopping, stopped");
});

test("one that ends by itself is started again after pauses that double, up to the longest, and is given up at last", async () => {
  const { service, made, state, advance, last, failed } = bench();
  await service.start();
  const pauses: number[] = [];
  for (let n = 0; n < MOST_FAILURES; n++) {
    await last().end(1);
    assert.is(state(), "Restarting");
    assert.is(service.told, "restarting");
    const pause = Math.min(1000 * 2 ** n, LONGEST_PAUSE_MS);
    pauses.push(pause);
    const before = made.length;
    await advance(pause - 1);
    assert.is(made.length, before, `not before ${pause} ms`);
    await advance(1);
    assert.is(made.length, before + 1);
    assert.is(state(), "Running");
  }
  assert.equal(pauses.slice(0, 7), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000]);
  assert.equal(failed, []);
  await last().end(1);
  assert.equal([state(), service.told, service.status.why], ["Failed", "failed", "it ended with exit 1, 11 times in a row"]);
  assert.is(failed.length, 1);
  assert.is(service.status.restarts, MOST_FAILURES);
  await advance(3_600_000);
  assert.is(state(), "Failed");
  await service.start();
  assert.is(state(), "Running");
  await last().end(0);
  assert.is(state(), "Restarting", "the row begins anew");
});

test("a steady run ends the row of failures; between ends it does not count as running", async () => {
  const { service, advance, last } = bench();
  await service.start();
  for (const pause of [1000, 2000]) {
    await last().end(null, "SIGSEGV");
    await advance(pause);
  }
  assert.equal([service.status.state, service.told], ["Running", "restarting"]);
  await advance(STEADY_MS);
  assert.is(service.told, "running");
  await last().end(1);
  await advance(1000);
  assert.is(service.status.state, "Running", "the first pause again");
});

for (const [restart, code, becomes] of [
  ["on-failure", 0, "Stopped"], ["on-failure", 1, "Restarting"], ["never", 0, "Stopped"], ["never", 7, "Failed"], ["always", 0, "Restarting"],
] as const) {
  test(`restart = ${restart}: after exit ${code} it is ${becomes}`, async () => {
    const { service, state, last } = bench({ restart });
    await service.start();
    await last().end(code);
    assert.is(state(), becomes);
    await service.stop();
    assert.is(state(), "Stopped");
  });
}

test("one that cannot be started is failed with the reason, and is not tried again by itself", async () => {
  const { service, state, advance, breakIt, made, failed } = bench();
  breakIt("x is not there");
  assert.is(await service.start().then(() => "", (error: Error) => error.message), "x is not there");
  assert.equal([state(), service.status.why, failed], ["Failed", "x is not there", ["x is not there"]]);
  await advance(3_600_000);
  assert.is(made.length, 0);
  breakIt(undefined);
  await service.restart();
  assert.is(state(), "Running");
});

test("what keeps it from being started again is tried again like an end", async () => {
  const { service, state, advance, breakIt, last } = bench();
  await service.start();
  await last().end(1);
  breakIt("no memory");
  await advance(1000);
  assert.equal([state(), service.status.why], ["Restarting", "no memory"]);
  breakIt(undefined);
  await advance(2000);
  assert.equal([state(), service.status.why], ["Running", ""]);
});

test("a stop or start while it waits to be started again wins", async () => {
  const { service, state, advance, last, made } = bench();
  await service.start();
  await last().end(1);
  await service.stop();
  await advance(100_000);
  assert.equal([state(), made.length], ["Stopped", 1]);
  await service.start();
  await last().end(1);
  await service.start();
  assert.equal([state(), made.length], ["Running", 3]);
  await advance(5000);
  assert.is(made.length, 3, "the pause was over with the start");
});

test("three restarts at once are three, one after another, and one run is left", async () => {
  const { service, state, made } = bench();
  await service.start();
  await Promise.all([service.restart(), service.restart(), service.restart()]);
  assert.equal([state(), made.length, service.status.restarts], ["Running", 4, 3]);
  assert.equal(made.map(({ stopped }) => stopped), [5000, 5000, 5000, undefined]);
});

test("one that is about to be started does not count as stopped", async () => {
  const { service } = bench();
  service.announce();
  assert.equal([service.status.state, service.told], ["Starting", "running"]);
  service.giveUp("it needs y");
  assert.equal([service.status.state, service.status.why], ["Failed", "it needs y"]);
  await service.start();
  service.announce();
  assert.is(service.status.state, "Running");
});

test("a new definition counts from the next start on", async () => {
  const { service } = bench();
  await service.start();
  service.define({ ...service.status.definition, args: ["new"] });
  assert.equal([service.status.state, service.status.definition.args], ["Running", ["new"]]);
});

test.run();
