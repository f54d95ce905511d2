// The PEM files of [tls] in cli.toml: read and checked before anything is sent, so that
// what is wrong with them is said by name and not by the library's riddles.
import { readFile } from "node:fs/promises";
import { PactError } from "../api/index.ts";

/** Paths, as [tls] names them. */
export interface TlsFiles {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** What the files hold, in PEM; absent where no file is named. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/gu;
const REASONS: Readonly<Record<string, string>> = { ENOENT: "there is no such file", EACCES: "no permission to read it", EISDIR: "it is a folder" };

/** Throws notConfigured when one of the pair is missing, local when a file cannot be used; both name the setting and the path. */
export async function readTlsFiles(files: TlsFiles): Promise<TlsMaterial> {
  const { caFile, certFile, keyFile } = files;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const missing = certFile === undefined ? "cert_file" : "key_file";
    throw new PactError("notConfigured", "a client certificate needs cert_file and key_file", {
      reason: `${missing} is missing in [tls] of cli.toml`, hint: `set ${missing} beside the other`,
    });
  }
  const [ca, cert, key] = await Promise.all([certificates(caFile, "ca_file"), certificates(certFile, "cert_file"), privateKey(keyFile)]);
  if (cert !== undefined && key !== undefined) await checkPair(cert, key, files);
  return { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
}

async function certificates(path: string | undefined, setting: string): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  const bytes = await contentOf(path, setting);
  const blocks = bytes.toString("latin1").match(CERTIFICATE) ?? [];
  if (blocks.length === 0) throw unusable(path, setting, "it holds no certificate in PEM", "a file that begins with -----BEGIN CERTIFICATE----- is needed");
  const { X509Certificate } = await import("node:crypto");
  for (const [at, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (cause) {
      throw unusable(path, setting, `certificate ${at + 1} in it is damaged`, "get the file again", cause);
    }
  }
  return bytes;
}

async function privateKey(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  const bytes = await contentOf(path, "key_file");
  const { createPrivateKey } = await import("node:crypto");
  try {
    createPrivateKey(bytes);
  } catch (cause) {
    const locked = /ENCRYPTED/u.test(bytes.toString("latin1"));
    throw locked
      ? unusable(path, "key_file", "it is protected by a passphrase", `openssl pkey -in ${path} -out KEY makes one without`, cause)
      : unusable(path, "key_file", "it holds no private key in PEM", "a file that begins with -----BEGIN PRIVATE KEY----- is needed", cause);
  }
  return bytes;
}

async function checkPair(cert: Buffer, key: Buffer, { certFile, keyFile }: TlsFiles): Promise<void> {
  const { X509Certificate, createPrivateKey } = await import("node:crypto");
  if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return;
  throw unusable(keyFile ?? "", "key_file", `it is not the key of the certificate in cert_file ${certFile ?? ""}`, "name a certificate and its own key");
}

async function contentOf(path: string, setting: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    throw unusable(path, setting, REASONS[code] ?? code, `mend ${setting} in [tls] of cli.toml`, cause);
  }
}

const unusable = (path: string, setting: string, reason: string, hint: string, cause?: unknown): PactError =>
  new PactError("local", `${setting} ${path} cannot be used`, { reason, hint, cause });
