// Output on its way into a message, without a buffer made for each: a node may pour out gigabytes.
import { serviceDefinition, type Services } from "../../contract/load.ts";
import type { ExecOutput } from "../../contract/gen/pact/shell/ExecOutput.ts";

type ShellDefinition = Services["pact.shell.ShellService"]["definition"];

/** Field number and wire type of what carries bytes, as proto/pact/shell.proto numbers them. */
const STDOUT_TAG = 0x0a;
const STDERR_TAG = 0x12;
/** Tag and length take this much at most. */
const HEAD_BYTES = 6;

let scratch = Buffer.alloc(64 * 1024 + HEAD_BYTES);

/** The message of a chunk in a buffer that the next one overwrites: the library copies it into its frame at once. */
function chunkMessage(tag: number, chunk: Uint8Array): Buffer {
  if (scratch.length < chunk.length + HEAD_BYTES) scratch = Buffer.alloc(chunk.length + HEAD_BYTES);
  let at = 0;
  scratch[at++] = tag;
  let rest = chunk.length;
  for (; rest > 0x7f; rest >>>= 7) scratch[at++] = (rest & 0x7f) | 0x80;
  scratch[at++] = rest;
  scratch.set(chunk, at);
  return scratch.subarray(0, at + chunk.length);
}

/** ShellService with a quicker way for Exec's output; every other message goes the usual one. */
export function shellDefinition(): ShellDefinition {
  const usual = serviceDefinition("pact.shell.ShellService");
  const { Exec } = usual;
  const responseSerialize = (value: ExecOutput): Buffer => {
    if (value.stdout instanceof Uint8Array && value.stdout.length > 0) return chunkMessage(STDOUT_TAG, value.stdout);
    if (value.stderr instanceof Uint8Array && value.stderr.length > 0) return chunkMessage(STDERR_TAG, value.stderr);
    return Exec.responseSerialize(value);
  };
  return { ...usual, Exec: { ...Exec, responseSerialize } };
}
