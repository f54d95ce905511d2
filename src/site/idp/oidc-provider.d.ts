// The part of oidc-provider that the site uses; the package ships no types.
declare module "oidc-provider" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  export interface StoredPayload {
    readonly uid?: string;
    readonly userCode?: string;
    readonly grantId?: string;
    readonly accountId?: string;
    consumed?: number;
    readonly [key: string]: unknown;
  }
  /** Where the provider keeps its state; one for each kind of record. */
  export interface Adapter {
    upsert(id: string, payload: StoredPayload, expiresIn?: number): Promise<void>;
    find(id: string): Promise<StoredPayload | undefined>;
    findByUid(uid: string): Promise<StoredPayload | undefined>;
    findByUserCode(userCode: string): Promise<StoredPayload | undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }
  /** A request as the provider sees it (Koa's context, and its own part under `oidc`). */
  export interface Context {
    body: unknown;
    type: string;
    status: number;
    readonly oidc: {
      readonly session?: { readonly state?: { readonly secret: string } };
      urlFor(name: string): string;
    };
  }
  export interface IssuedToken {
    readonly kind: string;
    readonly accountId?: string;
    readonly clientId?: string;
  }
  export interface Client {
    readonly clientId: string;
  }
  export interface Interaction {
    readonly uid: string;
    readonly grantId?: string;
    readonly params: Readonly<Record<string, unknown>>;
    readonly prompt: {
      readonly name: string;
      readonly details: { readonly missingOIDCScope?: readonly string[]; readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>> };
    };
    readonly session?: { readonly accountId: string };
  }
  export interface Grant {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
    save(): Promise<string>;
  }
  export default class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    silent: boolean;
    readonly Grant: {
      new (about: { readonly accountId: string | undefined; readonly clientId: string }): Grant;
      find(id: string): Promise<Grant | undefined>;
    };
    callback(): (req: IncomingMessage, res: ServerResponse) => Promise<void>;
    interactionDetails(req: IncomingMessage, res: ServerResponse): Promise<Interaction>;
    interactionFinished(req: IncomingMessage, res: ServerResponse, result: Readonly<Record<string, unknown>>, options?: { readonly mergeWithLastSubmission?: boolean }): Promise<void>;
  }
  export const errors: {
    readonly InvalidGrant: new (detail: string) => Error;
    readonly InvalidTarget: new () => Error;
    readonly SessionNotFound: new (message: string) => Error;
  };
}
