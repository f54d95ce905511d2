// Words of an identity provider, made fit for a message: they cannot steer a
// terminal, are short, and repeat no secret (Auth7).

const MOST = 200;
// C0, DEL, C1, and the format characters that hide or reorder text.
const STEERING = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/gu;

/** Remote text on one line of at most 200 characters; `secrets` in it are blotted out. */
export function visible(text: string, secrets: readonly string[] = []): string {
  let safe = text.slice(0, 10_000);
  for (const secret of secrets) if (secret.length >= 4) safe = safe.replaceAll(secret, "[secret]");
  safe = safe.replace(STEERING, " ").trim();
  return safe.length > MOST ? `${safe.slice(0, MOST - 1)}…` : safe;
}
