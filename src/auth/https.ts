// HTTPS with certificates of our own, which fetch cannot be given: a private CA beside those
// that everybody trusts, and a client certificate where a server asks for one.
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import type { RequestOptions } from "node:https";

/** What [tls] of cli.toml names, in PEM. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** As fetch does it, without redirects; the answer is read up to `most` bytes. Throws what node:https throws. */
export async function httpsFetch(url: string, init: RequestInit, tls: TlsMaterial, signal: AbortSignal, most: number): Promise<Response> {
  // Request turns any kind of body into bytes, with the content type that goes with it.
  const wanted = new Request(url, { ...init, signal: null });
  const body = Buffer.from(await wanted.arrayBuffer());
  const headers = { ...Object.fromEntries(wanted.headers), ...(body.length === 0 ? {} : { "content-length": String(body.length) }) };
  const options: RequestOptions = { method: wanted.method, headers, signal, agent: false, ...(await certificatesOf(tls)) };
  const answer = await send(url, options, body);
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > most) {
      answer.destroy();
      throw new Error("the answer is too large");
    }
    parts.push(part);
  }
  const fields = Object.entries(answer.headersDistinct).flatMap(([name, values]) => (values ?? []).map((value): [string, string] => [name, value]));
  const status = answer.statusCode ?? 0;
  return new Response([204, 205, 304].includes(status) ? null : Buffer.concat(parts), { status, headers: fields });
}

async function send(url: string, options: RequestOptions, body: Buffer): Promise<IncomingMessage> {
  const { request } = await import("node:https");
  return await new Promise((resolve, reject) => {
    const call = request(url, options, resolve);
    call.on("error", reject);
    call.end(body);
  });
}

/** Identity providers may have a public certificate where the journal has a private one, so ours comes on top. */
async function certificatesOf({ ca, cert, key }: TlsMaterial): Promise<Pick<RequestOptions, "ca" | "cert" | "key">> {
  const { rootCertificates } = await import("node:tls");
  return {
    ...(ca === undefined ? {} : { ca: [...rootCertificates, ...extraCertificates(), ca] }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
}

/** Node leaves NODE_EXTRA_CA_CERTS out as soon as a list is given. */
function extraCertificates(): Buffer[] {
  const path = process.env["NODE_EXTRA_CA_CERTS"] ?? "";
  if (path === "") return [];
  try {
    return [readFileSync(path)];
  } catch {
    // Node has warned of it at start.
    return [];
  }
}
