// The two clocks.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { isTestClock, realClock, testClock } from "../../src/site/clock.ts";

/** A clock over a real time that the test holds in its hand. */
function held(rate = 1) {
  let real = 0;
  const clock = testClock(1_000_000, rate, () => real);
  return { clock, pass: (ms: number) => (real += ms) };
}

test("a test clock starts where told and runs at its rate", () => {
  const { clock, pass } = held();
  assert.is(clock.now(), 1_000_000);
  pass(250);
  assert.is(clock.now(), 1_000_250);
  clock.setRate(60);
  pass(1000);
  assert.is(clock.now(), 1_060_250);
  clock.setRate(0);
  pass(5000);
  assert.is(clock.now(), 1_060_250);
  clock.close();
});

test("advancing runs what falls due, in order, each at its own moment", () => {
  const { clock } = held();
  const seen: string[] = [];
  clock.at(1_003_000, () => seen.push(`c ${clock.now()}`));
  clock.at(1_001_000, () => {
    seen.push(`a ${clock.now()}`);
    clock.at(1_002_000, () => seen.push(`b ${clock.now()}`));
  });
  clock.at(1_009_000, () => seen.push("later"));
  clock.advance(5_000);
  assert.equal(seen, ["a 1001000", "b 1002000", "c 1003000"]);
  assert.is(clock.now(), 1_005_000);
  clock.close();
});

test("a cancelled callback does not run", () => {
  const { clock } = held();
  let ran = false;
  const cancel = clock.at(1_000_500, () => (ran = true));
  cancel();
  clock.advance(10_000);
  assert.not(ran);
  clock.close();
});

test("a callback that asks for now again does not stop the clock", () => {
  const { clock } = held(0);
  let runs = 0;
  const again = (): void => {
    runs++;
    clock.at(clock.now(), again);
  };
  clock.at(clock.now(), again);
  clock.advance(100);
  assert.is(clock.now(), 1_000_100);
  assert.ok(runs > 0 && runs <= 101);
  clock.close();
});

test("a moment passed runs later, not inside at", async () => {
  const clock = testClock();
  let ran = false;
  const done = new Promise<void>((resolve) => clock.at(0, () => {
    ran = true;
    resolve();
  }));
  assert.not(ran);
  const hold = setTimeout(() => {}, 5_000);
  await done;
  clearTimeout(hold);
  assert.ok(ran);
  clock.close();
});

test("a fast clock reaches a far moment soon", async () => {
  const clock = testClock(0, 100_000);
  const hold = setTimeout(() => {}, 5_000);
  await new Promise<void>((resolve) => clock.at(1_000_000, resolve));
  clearTimeout(hold);
  assert.ok(clock.now() >= 1_000_000);
  clock.close();
});

test("the real clock calls back when its moment comes, and not when cancelled", async () => {
  const clock = realClock();
  assert.not(isTestClock(clock));
  const hold = setTimeout(() => {}, 5_000);
  const seen: string[] = [];
  clock.at(clock.now() + 10, () => seen.push("cancelled"))();
  clock.at(clock.now() + 365 * 86_400_000, () => seen.push("a year early"));
  await new Promise<void>((resolve) => clock.at(clock.now() + 30, resolve));
  clearTimeout(hold);
  assert.equal(seen, []);
});

test.run();
