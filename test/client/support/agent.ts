// An agent made by hand: what Exec, Shell and the state service do is the test's to say.
import * as grpc from "@grpc/grpc-js";
import type { ExecOutput } from "../../../src/contract/gen/pact/shell/ExecOutput.ts";
import type { ExecRequest__Output } from "../../../src/contract/gen/pact/shell/ExecRequest.ts";
import type { ShellInput__Output } from "../../../src/contract/gen/pact/shell/ShellInput.ts";
import type { ShellOutput } from "../../../src/contract/gen/pact/shell/ShellOutput.ts";
import type { NodeState } from "../../../src/contract/gen/pact/site/NodeState.ts";
import type { NodeStateRequest__Output } from "../../../src/contract/gen/pact/site/NodeStateRequest.ts";
import { serviceDefinition } from "../../../src/contract/load.ts";
import { listen } from "./servers.ts";

export type ExecCall = grpc.ServerWritableStream<ExecRequest__Output, ExecOutput>;
export type ShellCall = grpc.ServerDuplexStream<ShellInput__Output, ShellOutput>;

export interface AgentScript {
  readonly exec?: (call: ExecCall, turn: number) => void;
  readonly shell?: (call: ShellCall) => void;
  readonly state?: (request: NodeStateRequest__Output) => NodeState | grpc.ServiceError;
}

export interface TestAgent {
  readonly url: string;
  readonly port: number;
  execs: number;
  cancelled: number;
  close(): void;
}

export async function startAgent(script: AgentScript): Promise<TestAgent> {
  const server = new grpc.Server();
  const agent: TestAgent = { url: "", port: 0, execs: 0, cancelled: 0, close: () => {} };
  server.addService(serviceDefinition("pact.shell.ShellService"), {
    Exec(call: ExecCall) {
      agent.execs += 1;
      call.on("cancelled", () => (agent.cancelled += 1));
      script.exec?.(call, agent.execs);
    },
    Shell(call: ShellCall) {
      call.on("error", () => {});
      call.on("cancelled", () => (agent.cancelled += 1));
      script.shell?.(call);
    },
    ListCommands(_: unknown, done: grpc.sendUnaryData<{ commands: { command: string }[] }>) {
      done(null, { commands: [{ command: "uptime" }, { command: "cat" }] });
    },
  });
  const { state } = script;
  if (state !== undefined) {
    server.addService(serviceDefinition("pact.site.NodeStateService"), {
      GetNodeState(call: grpc.ServerUnaryCall<NodeStateRequest__Output, NodeState>, done: grpc.sendUnaryData<NodeState>) {
        const answer = state(call.request);
        if (answer instanceof Error) done(answer);
        else done(null, answer);
      },
    });
  }
  const bound = await listen(server);
  return Object.assign(agent, { url: `http://127.0.0.1:${bound.port}`, port: bound.port, close: bound.close });
}
