// The prompt's text.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { promptText } from "../../src/repl/prompt.ts";

const state = { vcluster: undefined, node: undefined, lastExit: 0, segments: [] };

test("it shows the place, what is special, and the last status when it is not 0", () => {
  assert.is(promptText(state), "pact> ");
  assert.is(promptText({ ...state, vcluster: "ml-training" }), "pact ml-training> ");
  assert.is(promptText({ ...state, vcluster: "ml-training", node: "node-001" }), "pact ml-training/node-001> ");
  assert.is(promptText({ ...state, node: "node-001" }), "pact /node-001> ");
  assert.is(promptText({ ...state, vcluster: "ml", lastExit: 6 }), "[6] pact ml> ");
  assert.is(promptText({ ...state, vcluster: "ml", segments: ["12m", "", "EMERGENCY"] }), "pact ml 12m EMERGENCY> ");
});

test("names cannot steer the terminal", () => {
  assert.is(promptText({ ...state, vcluster: "a\x1b[2Jb" }), "pact a\\e[2Jb> ");
});

test.run();
