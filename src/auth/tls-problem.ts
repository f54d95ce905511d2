// What is wrong with a certificate, in words; the system only tells a code.
import { codeOf } from "./cache.ts";

export interface TlsProblem {
  readonly reason: string;
  readonly hint?: string;
}

const UNTRUSTED: TlsProblem = { reason: "its certificate is signed by nobody we trust", hint: "set ca_file in [tls] of cli.toml" };
const REFUSED: TlsProblem = { reason: "it does not accept our certificate", hint: "set cert_file and key_file in [tls] of cli.toml" };

const PROBLEMS: Readonly<Record<string, TlsProblem>> = {
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_HAS_EXPIRED: { reason: "its certificate has expired" },
  CERT_NOT_YET_VALID: { reason: "its certificate is not valid yet; is this machine's clock right?" },
  ERR_TLS_CERT_ALTNAME_INVALID: { reason: "its certificate is for another host" },
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: REFUSED,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: REFUSED,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: REFUSED,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: REFUSED,
  ERR_SSL_WRONG_VERSION_NUMBER: { reason: "it does not speak TLS" },
};

/** undefined when the failure is of another kind. */
export function tlsProblem(error: unknown): TlsProblem | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth += 1) {
    const found = PROBLEMS[codeOf(at)];
    if (found !== undefined) return found;
  }
  return undefined;
}
