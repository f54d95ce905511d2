import { test } from "uvu";
import * as assert from "uvu/assert";
import { Metadata, status } from "@grpc/grpc-js";
import { PactError, type FailureName } from "../../src/api/index.ts";
import { execFailure, failureOf, type Attempt } from "../../src/client/status.ts";
import { refuse } from "./support/servers.ts";

const journal: Attempt = {
  peer: { kind: "journal", address: { value: "http://localhost:9443", from: "env", where: "PACT_ENDPOINT" } },
  doing: "list nodes", requestId: "req-1", limitMs: 30_000,
};
const agent: Attempt = {
  peer: { kind: "agent", node: "node-007", address: { value: "http://10.0.0.7:9445", from: "file", where: "[agents] in cli.toml" } },
  doing: "run uptime on node-007", requestId: "req-2", limitMs: 5_000,
};

type Row = readonly [code: status, details: string, journal: FailureName, agent: FailureName];
const TABLE: readonly Row[] = [
  [status.CANCELLED, "Call cancelled", "unreachable", "connection"],
  [status.UNKNOWN, "boom", "remote", "remote"],
  [status.INVALID_ARGUMENT, "no entry", "invalid", "invalid"],
  [status.DEADLINE_EXCEEDED, "Deadline exceeded after 30.000s,remote_addr=127.0.0.1:1", "timeout", "agentTimeout"],
  [status.DEADLINE_EXCEEDED, "Deadline exceeded after 2.002s,Waiting for LB pick", "timeout", "agentTimeout"],
  [status.NOT_FOUND, "unknown node", "notFound", "notFound"],
  [status.ALREADY_EXISTS, "enrolled", "conflict", "conflict"],
  [status.PERMISSION_DENIED, "role", "forbidden", "forbidden"],
  [status.RESOURCE_EXHAUSTED, "session limit", "precondition", "precondition"],
  [status.RESOURCE_EXHAUSTED, "Received message larger than max (1752460652 vs 4194304)", "remote", "remote"],
  [status.FAILED_PRECONDITION, "window closed", "precondition", "precondition"],
  [status.FAILED_PRECONDITION, "NODE_ALREADY_ENROLLED: node-001", "conflict", "conflict"],
  [status.FAILED_PRECONDITION, "NODE_NOT_ENROLLED", "notFound", "notFound"],
  [status.FAILED_PRECONDITION, "TTL must be >= 900", "invalid", "invalid"],
  [status.FAILED_PRECONDITION, "3 active consumers hold /scratch", "rollbackFailed", "rollbackFailed"],
  [status.ABORTED, "head moved", "conflict", "conflict"],
  [status.OUT_OF_RANGE, "x", "invalid", "invalid"],
  [status.UNIMPLEMENTED, "unknown service", "unsupported", "unsupported"],
  [status.UNIMPLEMENTED, "Received HTTP status code 404", "unreachable", "connection"],
  [status.UNAVAILABLE, "Received HTTP status code 503", "unreachable", "connection"],
  [status.INTERNAL, "Raft write failed: no leader", "unreachable", "connection"],
  [status.INTERNAL, "Raft write failed: parent must precede entry", "remote", "remote"],
  [status.INTERNAL, "Received RST_STREAM with code 2 (Internal server error)", "remote", "remote"],
  [status.UNAVAILABLE, "No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ", "unreachable", "connection"],
  [status.UNAVAILABLE, "Connection dropped", "unreachable", "connection"],
  [status.DATA_LOSS, "x", "remote", "remote"],
  [status.UNAUTHENTICATED, "invalid token: expired", "unauthenticated", "unauthenticated"],
];
for (const [code, details, atJournal, atAgent] of TABLE) {
  test(`${status[code]} "${details.slice(0, 40)}" is ${atJournal} at the journal and ${atAgent} at an agent`, () => {
    assert.is(failureOf(refuse(code, details), journal).failure, atJournal);
    assert.is(failureOf(refuse(code, details), agent).failure, atAgent);
  });
}

const NAMED: readonly (readonly [name: string, expected: FailureName])[] = [
  ["policy", "policy"],
  ["notWhitelisted", "notWhitelisted"],
  ["not-whitelisted", "notWhitelisted"],
  ["rollback_failed", "rollbackFailed"],
  // Unknown names, and those that only this side can meet, fall back to the status.
  ["quantum", "forbidden"],
  ["interrupted", "forbidden"],
  ["internal", "forbidden"],
  ["toString", "forbidden"],
  ["", "forbidden"],
];
for (const [name, expected] of NAMED) {
  test(`PERMISSION_DENIED with the trailer ${JSON.stringify(name)} is ${expected}`, () => {
    assert.is(failureOf(refuse(status.PERMISSION_DENIED, "no", { "pact-failure": name }), journal).failure, expected);
  });
}

test("a refused journal names the endpoint, its origin, and how to start one", () => {
  const error = failureOf(refuse(status.UNAVAILABLE, "No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:9443. Resolution note: "), journal);
  assert.is(error.message, "cannot reach the journal at http://localhost:9443");
  assert.is(error.about.reason, "connection refused; endpoint from PACT_ENDPOINT");
  assert.is(error.about.hint, "pact site up");
});

test("a refused agent names the node, the address and where it came from", () => {
  const error = failureOf(refuse(status.UNAVAILABLE, "No connection established. Last error: Error: connect ECONNREFUSED 10.0.0.7:9445. Resolution note: "), agent);
  assert.is(error.message, "cannot reach the agent of node-007 at http://10.0.0.7:9445");
  assert.is(error.about.reason, "connection refused; address from [agents] in cli.toml");
  assert.is(error.about.node, "node-007");
  assert.is(error.about.requestId, "req-2");
});

const CONNECTIONS: readonly (readonly [details: string, why: RegExp])[] = [
  ["No connection established. Last error: Protocol error (2026-11-25T10:32:25.669Z). Resolution note: ", /does not speak HTTP\/2/],
  ["No connection established. Last error: Error: 80:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:x\n. Resolution note: ", /does not speak TLS/],
  ["No connection established. Last error: Error: self-signed certificate. Resolution note: ", /signed by nobody we trust/],
  ["No connection established. Last error: Error: certificate has expired. Resolution note: ", /expired/],
  ["No connection established. Last error: Error: Hostname/IP does not match certificate's altnames: x. Resolution note: ", /another host/],
  ["No connection established. Last error: Failed to connect (2026-11-25T10:32:27.714Z). Resolution note: ", /may want https/],
  ["Name resolution failed for target dns:nope.invalid:9443", /host name is not known/],
  ["No connection established. Last error: Error: something \u001b[31mnew. Resolution note: ", /something \\x1b\[31mnew/],
];
for (const [details, why] of CONNECTIONS) {
  test(`a connection that fails by "${details.slice(42, 80)}" is explained`, () => {
    const error = failureOf(refuse(status.UNAVAILABLE, details), journal);
    assert.is(error.failure, "unreachable");
    assert.match(error.about.reason ?? "", why);
  });
}

test("a server's words cannot steer the terminal, and are cut", () => {
  const error = failureOf(refuse(status.INTERNAL, `\u001b]0;owned\u0007\u202e${"x".repeat(5_000)}\nsecond`), journal);
  assert.not.match(error.about.reason ?? "", /[\u0000-\u001f\u202e]/);
  assert.ok((error.about.reason ?? "").length <= 500);
});

test("a server's hint is kept apart from ours, and cut", () => {
  const error = failureOf(refuse(status.FAILED_PRECONDITION, "closed", { "pact-failure": "precondition", "pact-hint": `try rm -rf / ${"x".repeat(500)}` }), journal);
  assert.is(error.about.hint, undefined);
  assert.match(error.about.serverHint ?? "", /^try rm/);
  assert.ok((error.about.serverHint ?? "").length <= 200);
});

test("an aborted call is interrupted, whatever the status", () => {
  const signal = AbortSignal.abort();
  assert.is(failureOf(refuse(status.CANCELLED, "Cancelled on client"), { ...journal, signal }).failure, "interrupted");
});

test("what is no gRPC error is a defect, and a PactError passes", () => {
  assert.is(failureOf(new TypeError("x is undefined"), journal).failure, "internal");
  const ours = new PactError("policy", "no");
  assert.is(failureOf(ours, journal), ours);
});

const IN_STREAM: readonly (readonly [text: string, expected: FailureName])[] = [
  ["authentication failed: insufficient privileges: command 'rm' is not whitelisted", "notWhitelisted"],
  ["authentication failed: access denied: sensitive path /etc/shadow", "policy"],
  ["authentication failed: insufficient privileges: requires pact-ops-ml-training", "forbidden"],
  ["authentication failed: token expired", "unauthenticated"],
  ["authentication failed: invalid audience", "unauthenticated"],
  ["authentication failed: no signing key", "unauthenticated"],
  ["authentication failed: whatever", "unauthenticated"],
  ["execution failed: nvidia-smi not found on PATH", "notFound"],
  ["execution failed: command timed out after 300 seconds", "agentTimeout"],
  ["execution failed: policy.sh vanished", "remote"],
  ["refused by policy", "policy"],
  ["something new", "remote"],
];
for (const [text, expected] of IN_STREAM) {
  test(`an agent's "${text}" is ${expected}`, () => {
    assert.is(execFailure(text, undefined, agent).failure, expected);
  });
}

test("a trailer beats the words of an in-stream error", () => {
  const trailers = new Metadata();
  trailers.set("pact-failure", "forbidden");
  assert.is(execFailure("not whitelisted", trailers, agent).failure, "forbidden");
});

test.run();
