// Checks what came through the control socket before anything acts on it.
import type { ControlRequest } from "../contract/control.ts";
import { SITE_ID } from "./site-id.ts";

/** Ten years: more is a slip of the hand, and keeps dates within what a Date can hold. */
const LONGEST_S = 10 * 365 * 86_400;
const ACTIONS = ["stop", "freeze", "cut", "resume"] as const;

type Fields = Readonly<Record<string, unknown>>;

function name(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value !== "string" || !SITE_ID.test(value)) throw new Error(`${key} must be a name`);
  return value;
}

function amount(fields: Fields, key: string, least: number, most: number): number | undefined {
  const value = fields[key];
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !(value >= least && value <= most)) throw new Error(`${key} must be from ${least} to ${most}`);
  return value;
}

function tokenRequest(fields: Fields): ControlRequest {
  const ttl = amount(fields, "ttl_s", 1, 86_400);
  return {
    do: "token",
    ...(fields["user"] === undefined ? {} : { user: name(fields, "user") }),
    ...(ttl === undefined ? {} : { ttl_s: ttl }),
  };
}

function clockRequest(fields: Fields): ControlRequest {
  const advance = amount(fields, "advance_s", 0, LONGEST_S);
  const rate = amount(fields, "rate", 0, 100_000);
  return { do: "clock", ...(advance === undefined ? {} : { advance_s: advance }), ...(rate === undefined ? {} : { rate }) };
}

function passwordRequest(fields: Fields): ControlRequest {
  const set = fields["set"];
  if (set !== undefined && (typeof set !== "string" || set.length > 1024 || /[\0-\x1f\x7f]/.test(set))) {
    throw new Error("a password has at most 1024 characters, none of them a control character");
  }
  return { do: "password", user: name(fields, "user"), ...(set === undefined ? {} : { set }) };
}

/** One line of JSON as a request. Throws an Error that says what is wrong with it. */
export function readRequest(line: string): ControlRequest {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Error("not JSON");
  }
  if (typeof value !== "object" || value === null) throw new Error("not a request");
  const fields = value as Fields;
  switch (fields["do"]) {
    case "ping":
    case "users":
    case "down":
      return { do: fields["do"] };
    case "token":
      return tokenRequest(fields);
    case "password":
      return passwordRequest(fields);
    case "client_secret":
      return { do: "client_secret", id: name(fields, "id") };
    case "clock":
      return clockRequest(fields);
    case "node": {
      const action = ACTIONS.find((one) => one === fields["action"]);
      if (action === undefined) throw new Error(`action must be one of ${ACTIONS.join(", ")}`);
      return { do: "node", name: name(fields, "name"), action };
    }
    default:
      throw new Error("this site does not know that request");
  }
}
