// The provider's signing key and cookie keys, made once and kept: tokens and
// logins outlive a restart of the site.
import { generateKeyPair, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { calculateJwkThumbprint, exportJWK, importJWK, type CryptoKey, type JWK } from "jose";
import { readSecret, writeSecret } from "./secrets.ts";

const FILE = "provider-keys.json";

export interface ProviderKeys {
  /** The private key as the provider wants it. */
  readonly jwk: JWK;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** Keys that sign the login page's cookies. */
  readonly cookies: readonly string[];
}

export async function openKeys(dir: string): Promise<ProviderKeys> {
  let content = await readSecret(dir, FILE);
  if (content === undefined) {
    content = { jwk: await makeKey(), cookies: [randomBytes(32).toString("base64url")] };
    await writeSecret(dir, FILE, content);
  }
  const { jwk, cookies } = parse(content);
  const { kid, kty, n, e } = jwk;
  if (kid === undefined) throw new Error(`${FILE}: the key has no id`);
  const publicJwk: JWK = { kid, kty: kty ?? "RSA", ...(n === undefined ? {} : { n }), ...(e === undefined ? {} : { e }) };
  return { jwk, kid, privateKey: await importKey(jwk), publicKey: await importKey(publicJwk), cookies };
}

async function makeKey(): Promise<JWK> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: "RS256", use: "sig" };
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, "RS256");
  if (key instanceof Uint8Array) throw new Error(`${FILE}: not an RSA key`);
  return key;
}

function parse(content: unknown): { jwk: JWK; cookies: string[] } {
  if (typeof content === "object" && content !== null && "jwk" in content && "cookies" in content) {
    const { jwk, cookies } = content;
    const isTexts = Array.isArray(cookies) && cookies.every((key): key is string => typeof key === "string");
    if (isRsaKey(jwk) && isTexts) return { jwk, cookies };
  }
  throw new Error(`${FILE} does not hold the provider's keys`);
}

const isRsaKey = (value: unknown): value is JWK => typeof value === "object" && value !== null && "kty" in value && value.kty === "RSA" && "d" in value;
