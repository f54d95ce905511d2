// What every call to the site leaves behind, allowed or denied, reads included.

export interface AuditRecord {
  /** RFC 3339. */
  readonly time: string;
  /** As the client sent it, else made here. */
  readonly request_id: string;
  /** Empty while the caller is not known. */
  readonly principal: string;
  readonly principal_type: string;
  readonly role: string;
  /** `package.Service/Method`. */
  readonly rpc: string;
  /** The node, vCluster or command it was about. */
  readonly target: string;
  readonly outcome: "allowed" | "denied" | "failed";
  /** Why it was denied or failed; for a command, what it did. */
  readonly reason: string;
}
