import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TerminalFilter, visible, visibleLines } from "../../src/render/visible.ts";

const STEERS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u;

test("visible leaves nothing that steers a terminal", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !STEERS.test(visible(text)) && !/[\n\t]/.test(visible(text))));
});

test("visibleLines keeps line ends and tabs and nothing else", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !STEERS.test(visibleLines(text))));
  assert.is(visibleLines("a\r\nb\tc"), "a\nb\tc");
});

test("the terminal filter passes colours, however the bytes are cut", () => {
  const text = "\u001b[1;31mé日本\u001b[0m\r\nnext\u001b]0;title\u0007\u009b2J";
  const bytes = Buffer.from(text);
  const whole = new TerminalFilter();
  const expected = whole.push(bytes) + whole.end();
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: bytes.length })), (cuts) => {
    const filter = new TerminalFilter();
    const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
    let out = "";
    for (let at = 1; at < places.length; at++) out += filter.push(bytes.subarray(places[at - 1], places[at]));
    return out + filter.end() === expected;
  }));
  assert.match(expected, "\u001b[1;31mé日本\u001b[0m\n");
  assert.not.match(expected.replaceAll(/\u001b\[[0-9;]*m/g, ""), STEERS);
});

test("whatever a program prints, only colours are left of its sequences", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), (parts) => {
    const filter = new TerminalFilter();
    const out = parts.map((part) => filter.push(part)).join("") + filter.end();
    return !STEERS.test(out.replaceAll(/\u001b\[[0-9;:]*m/g, ""));
  }));
});

test.run();
