// The provider's state (grants, refresh tokens, sessions, codes) in lmdb, so that a
// login outlives a restart. Expiry goes by the site's clock.
import { join } from "node:path";
import { open, type RootDatabase } from "lmdb";
import type { Adapter, StoredPayload } from "oidc-provider";
import type { Clock } from "../parts.ts";

interface Kept {
  readonly payload: StoredPayload;
  /** When it is forgotten, in ms of the site's clock. */
  readonly until: number;
}

const SWEEP_EVERY_MS = 10 * 60_000;

export interface ProviderStore {
  adapter(model: string): Adapter;
  /** Ends every login of a user. */
  forget(account: string): void;
  close(): Promise<void>;
}

/**
 * Writes are synchronous: a code or a refresh token is consumed once, however many
 * ask at the same moment; the others get `usedTwice`.
 */
export function openProviderStore(dir: string, clock: Clock, usedTwice: () => Error): ProviderStore {
  const db: RootDatabase<Kept, string> = open({ path: join(dir, "provider.lmdb"), encoding: "json" });
  let swept = 0;
  const alive = (key: string): Kept | undefined => {
    const kept = db.get(key);
    return kept !== undefined && kept.until > clock.now() ? kept : undefined;
  };
  const removeWhere = (matches: (kept: Kept) => boolean): void => {
    const keys = [...db.getRange()].filter(({ value }) => matches(value)).map(({ key }) => key);
    for (const key of keys) db.removeSync(key);
  };
  const sweep = (): void => {
    if (clock.now() - swept < SWEEP_EVERY_MS) return;
    swept = clock.now();
    removeWhere((kept) => kept.until <= clock.now());
  };
  const adapter = (model: string): Adapter => {
    const key = (id: string): string => `${model}:${id}`;
    const find = (field: "uid" | "userCode", value: string): StoredPayload | undefined => {
      for (const { key: found, value: kept } of db.getRange({ start: key(""), end: key("\uffff") })) {
        if (kept.payload[field] === value) return alive(found)?.payload;
      }
      return undefined;
    };
    return {
      async upsert(id, payload, expiresIn) {
        sweep();
        db.putSync(key(id), { payload, until: clock.now() + (expiresIn ?? 12 * 3600) * 1000 });
      },
      find: async (id) => alive(key(id))?.payload,
      findByUid: async (uid) => find("uid", uid),
      findByUserCode: async (userCode) => find("userCode", userCode),
      async consume(id) {
        const kept = alive(key(id));
        if (kept === undefined || kept.payload.consumed !== undefined) throw usedTwice();
        db.putSync(key(id), { ...kept, payload: { ...kept.payload, consumed: Math.floor(Date.now() / 1000) } });
      },
      destroy: async (id) => void db.removeSync(key(id)),
      revokeByGrantId: async (grantId) => removeWhere((kept) => kept.payload.grantId === grantId),
    };
  };
  return { adapter, forget: (account) => removeWhere((kept) => kept.payload.accountId === account), close: () => db.close() };
}
