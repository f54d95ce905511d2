// How approvals are shown.
import type { Approval, View } from "pact/api";

export interface ApprovalRow {
  readonly approvalId: string;
  readonly vcluster: string | null;
  readonly action: string;
  readonly requester: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly status: string;
  readonly scope: string;
}

export const approvalRow = (approval: Approval, vcluster: string | null, status: string = approval.status): ApprovalRow => ({
  approvalId: approval.approvalId, vcluster, action: approval.action, requester: approval.requester,
  createdAt: approval.createdAt, expiresAt: approval.expiresAt, status, scope: approval.scope,
});

export const approvalView: View<ApprovalRow> = {
  columns: [
    { key: "approvalId", title: "id" },
    { key: "vcluster" },
    { key: "scope" },
    { key: "action" },
    { key: "requester" },
    { key: "createdAt", title: "asked", as: "age" },
    { key: "expiresAt", title: "ends", as: "time" },
    { key: "status", as: "state" },
  ],
  empty: "Nothing waits for approval.",
};
