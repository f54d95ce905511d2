// The quick way of writing output into messages gives the bytes that the usual way gives.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { serviceDefinition } from "../../../src/contract/load.ts";
import { shellDefinition } from "../../../src/site/agent/output-message.ts";

const usual = serviceDefinition("pact.shell.ShellService").Exec;
const quick = shellDefinition().Exec;
const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, at) => (at * 31 + length) % 256));

for (const length of [1, 2, 127, 128, 129, 16_383, 16_384, 65_535, 65_536, 70_000, 300_000]) {
  test(`a chunk of ${length} bytes is written like any other message`, () => {
    for (const value of [{ stdout: bytes(length) }, { stderr: bytes(length) }]) {
      assert.equal(Buffer.from(quick.responseSerialize(value)), usual.responseSerialize(value));
    }
  });
}

test("exit statuses, errors and empty chunks are written as before", () => {
  for (const value of [{ exit_code: 0 }, { exit_code: -1 }, { error: "no" }, { stdout: Buffer.alloc(0) }, {}]) {
    assert.equal(Buffer.from(quick.responseSerialize(value)), usual.responseSerialize(value));
  }
});

test.run();
