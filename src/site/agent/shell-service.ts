// pact.shell.ShellService of one node, put together.
import type { ShellServiceHandlers } from "../../contract/gen/pact/shell/ShellService.ts";
import type { ListCommandsRequest__Output } from "../../contract/gen/pact/shell/ListCommandsRequest.ts";
import type { ListCommandsResponse } from "../../contract/gen/pact/shell/ListCommandsResponse.ts";
import type { ExtendWindowRequest__Output } from "../../contract/gen/pact/shell/ExtendWindowRequest.ts";
import type { ExtendWindowResponse } from "../../contract/gen/pact/shell/ExtendWindowResponse.ts";
import { reading, unary } from "./call.ts";
import { diagHandler } from "./diag.ts";
import { execHandler } from "./exec.ts";
import type { AgentNode } from "./node.ts";
import { Refusal } from "./refusal.ts";
import type { Sessions } from "./shell.ts";
import { WHITELIST } from "./whitelist.ts";
import { MOST_MINUTES } from "./window.ts";

const SERVICE = "pact.shell.ShellService";

export function shellService(node: AgentNode, sessions: Sessions): ShellServiceHandlers {
  const stock = node.profile === "real";
  return {
    Exec: execHandler(node),
    Shell: (call) => sessions.handler(call),
    CollectDiag: diagHandler(node),
    ListCommands: reading(node.desk, `${SERVICE}/ListCommands`, async (visit, _request: ListCommandsRequest__Output): Promise<ListCommandsResponse> => {
      if (stock) visit.requireHeader();
      else {
        await visit.authenticate();
        visit.require("read");
      }
      const commands = Object.entries(WHITELIST).map(([command, rule]) => ({ command, state_changing: rule.changes, description: rule.description }));
      return { commands };
    }),
    ExtendCommitWindow: unary(node.desk, `${SERVICE}/ExtendCommitWindow`, async (visit, request: ExtendWindowRequest__Output): Promise<ExtendWindowResponse> => {
      const minutes = request.additional_minutes;
      if (stock) {
        visit.requireHeader();
        if (minutes === 0) return { success: false, new_deadline_seconds: 0, error: "additional_minutes must be above 0" };
        node.window.extend(minutes);
        return { success: true, new_deadline_seconds: node.window.now().remainingS };
      }
      await visit.authenticate();
      visit.require("write");
      if (minutes < 1 || minutes > MOST_MINUTES) throw new Refusal("invalid", `a window is extended by 1 to ${MOST_MINUTES} minutes`);
      if (!node.window.extend(minutes)) throw new Refusal("precondition", `${node.name} has no open commit window (${node.window.now().state})`);
      visit.note = `by ${minutes} min`;
      return { success: true, new_deadline_seconds: node.window.now().remainingS };
    }),
  };
}
