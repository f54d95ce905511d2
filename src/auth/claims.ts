// What a token says about itself. Nothing is verified here: that is the server's
// part. The client reads claims only to tell whose token it is and when it ends.

export interface Claims {
  readonly principal: string;
  readonly principalType: "human" | "agent" | "service";
  readonly role: string;
  readonly issuer: string | null;
  readonly expiresAt: Date | null;
}

// Larger ones do not fit into a request's metadata.
const MOST_CHARS = 12_000;
const COMPACT = /^[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*$/;

/** The claims of a JWT; undefined for anything else. */
export function readClaims(token: string): Claims | undefined {
  const body = token.length > MOST_CHARS ? undefined : COMPACT.exec(token)?.[1];
  if (body === undefined) return undefined;
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(body, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
  if (typeof claims !== "object" || claims === null || Array.isArray(claims)) return undefined;
  const fields = new Map<string, unknown>(Object.entries(claims));
  const text = (name: string): string | undefined => {
    const value = fields.get(name);
    return typeof value === "string" ? value : undefined;
  };
  const type = text("pact_principal_type");
  return {
    principal: text("sub") ?? "",
    principalType: type === "agent" || type === "service" ? type : "human",
    role: text("pact_role") ?? "",
    issuer: text("iss") ?? null,
    expiresAt: dateOf(fields.get("exp")),
  };
}

/** Seconds since the epoch as a date, where a date can hold them. */
function dateOf(seconds: unknown): Date | null {
  if (typeof seconds !== "number") return null;
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? null : date;
}

export const isExpired = (expiresAt: Date | null, now: Date): boolean => expiresAt !== null && expiresAt.getTime() <= now.getTime();
