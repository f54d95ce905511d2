// Login in a browser: authorization code with PKCE (S256), state, nonce and issuer
// checked, the answer taken on a loopback address or pasted by hand.
import { PactError } from "../api/index.ts";
import { listenForCallback, type Callback } from "./callback.ts";
import { limit, requestParameters, type Flow, type Tokens } from "./flow.ts";
import { checkPage } from "./openid.ts";

export interface CodeFlowOptions {
  readonly callbackPort: number | undefined;
  /** Opens the page; false when there is no browser. */
  readonly open: (url: string) => boolean;
  /** Asks for the address the browser ended on, for browsers on another machine. */
  readonly ask: ((question: string, secret: boolean) => Promise<string>) | undefined;
  /** How long the person may take, in ms. */
  readonly limitMs: number;
}

const PASTE = "Paste the address your browser ended on, or press Enter to wait for a browser on this machine:";

/** Tokens of the person who logs in; undefined when there is no browser and `fallback` says to try another flow then. */
export async function loginByCode(flow: Flow, options: CodeFlowOptions, fallback: boolean): Promise<Tokens | undefined> {
  const { library, provider, tell } = flow;
  const [verifier, state, nonce] = [library.randomPKCECodeVerifier(), library.randomState(), library.randomNonce()];
  const callback = await listenForCallback(options.callbackPort, state);
  const minutes = Math.round(options.limitMs / 60_000);
  const time = limit(flow.signal, options.limitMs, () =>
    new PactError("unauthenticated", `nobody logged in within ${minutes} min`, { hint: "pact login --device-code" }));
  try {
    const page = library.buildAuthorizationUrl(provider, {
      ...requestParameters(flow),
      redirect_uri: callback.redirectUri,
      code_challenge: await library.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      nonce,
      ...(flow.scopes.includes("offline_access") ? { prompt: "consent" } : {}),
    });
    checkPage(page.href, provider);
    const opened = options.open(page.href);
    if (!opened && fallback) return undefined;
    tell(opened ? "your browser opens; if it does not, open this page:" : "open this page in a browser to log in:");
    tell(page.href);
    tell(`waiting ${minutes} min for the login (Ctrl-C cancels)`);
    const { url, answer } = await Promise.race([comesBack(flow, callback, state, opened ? undefined : options.ask), time.reached]);
    // Our redirect address as it was sent, whatever host name a pasted address shows.
    const current = new URL(`?${url.searchParams}`, callback.redirectUri);
    const grant = library.authorizationCodeGrant(provider, current, { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true });
    return await Promise.race([grant, time.reached]).then(
      (tokens) => {
        answer("You are logged in. You can close this page.");
        return tokens;
      },
      (error: unknown) => {
        answer("The login failed. Your terminal says why.");
        throw error;
      },
    );
  } finally {
    time.stop();
    await callback.close();
  }
}

type Came = Awaited<Callback["received"]>;

/** Waits for the browser; where a browser cannot reach us, for what the person pastes. */
async function comesBack(flow: Flow, callback: Callback, state: string, ask: CodeFlowOptions["ask"]): Promise<Came> {
  if (ask === undefined) return await callback.received;
  let arrived: Came | undefined;
  void callback.received.then((came) => {
    arrived = came;
    flow.tell("the browser came back; press Enter to go on");
  });
  const pasted = (await ask(PASTE, true)).trim();
  if (arrived !== undefined) return arrived;
  return pasted === "" ? await callback.received : { url: pastedAddress(pasted, flow, state), answer: () => undefined };
}

/** A pasted address, or a bare code: that one belongs to this login only if the verifier and the nonce fit. */
function pastedAddress(text: string, { provider }: Flow, state: string): URL {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return new URL(text);
  const bare = new URLSearchParams({ code: text, state, iss: provider.serverMetadata().issuer });
  return new URL(`http://127.0.0.1/callback?${bare}`);
}
