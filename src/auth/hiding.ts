// Which source comes before the login cache: where there is one, logging in does not
// change whose token is used, and advice to log in would lead nowhere.
import { fileToken, type SourceOptions } from "./sources.ts";

export interface Hiding {
  /** For people: `the token from PACT_TOKEN`. */
  readonly what: string;
  /** What makes room for a login, or what replaces the token where it is. */
  readonly remedy: string;
}

/** The source in force before the login cache; undefined when a login counts. A token file that is refused hides it all the more. */
export function hidingSource({ token, tokenPath, now }: Pick<SourceOptions, "token" | "tokenPath" | "now">): Hiding | undefined {
  if (token !== undefined && (token.value.trim() !== "" || token.from !== "env")) {
    return { what: `the token from ${token.where}`, remedy: token.from === "env" ? `unset ${token.where}` : `leave out ${token.where}` };
  }
  if (tokenPath !== undefined && isInForce(() => fileToken({ now, note: () => undefined }, tokenPath.value, "", false))) {
    return { what: `token_path (${tokenPath.where})`, remedy: `put a new token into ${tokenPath.value}` };
  }
  return undefined;
}

function isInForce(find: () => object | undefined): boolean {
  try {
    return find() !== undefined;
  } catch {
    // Refused: it stands in the way of every command.
    return true;
  }
}
