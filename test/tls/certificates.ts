// A private CA and certificates signed by it, made with openssl: Node writes none.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "../support/folder.ts";

/** Why there can be no certificates here; undefined when there can. */
export function noOpenssl(): string | undefined {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "there is no openssl on the PATH";
  }
}

export interface Pair {
  /** Paths of PEM files. */
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  readonly dir: string;
  readonly ca: string;
  /** A certificate for these names (`DNS:…`, `IP:…`); `expired` ended years ago. */
  issue(name: string, names: string, use: "serverAuth" | "clientAuth", expired?: boolean): Pair;
}

/** A new CA in a folder of its own, good for a day. */
export function makeAuthority(title = "test CA"): Authority {
  const dir = tempFolder();
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
  const newKey = (file: string): void => openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", file);
  newKey("ca.key");
  openssl("req", "-x509", "-new", "-key", "ca.key", "-subj", `/CN=${title}`, "-days", "1", "-out", "ca.pem");
  writeFileSync(join(dir, "index.txt"), "");
  writeFileSync(join(dir, "index.txt.attr"), "unique_subject = no\n");
  writeFileSync(join(dir, "serial"), "1000\n");
  return {
    dir,
    ca: join(dir, "ca.pem"),
    issue(name, names, use, expired = false) {
      newKey(`${name}.key`);
      openssl("req", "-new", "-key", `${name}.key`, "-subj", `/CN=${name}`, "-out", `${name}.csr`);
      writeFileSync(join(dir, `${name}.cnf`), config(names, use));
      const dates = expired ? ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"] : ["-days", "1"];
      openssl("ca", "-batch", "-notext", "-config", `${name}.cnf`, "-cert", "ca.pem", "-keyfile", "ca.key", ...dates, "-in", `${name}.csr`, "-out", `${name}.pem`);
      return { cert: join(dir, `${name}.pem`), key: join(dir, `${name}.key`) };
    },
  };
}

const config = (names: string, use: string): string => `[ca]
default_ca = own
[own]
new_certs_dir = .
database = index.txt
serial = serial
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
extendedKeyUsage = ${use}
subjectAltName = ${names}
`;

export const readPair = ({ cert, key }: Pair): { cert: Buffer; key: Buffer } => ({ cert: readFileSync(cert), key: readFileSync(key) });
