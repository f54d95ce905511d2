// Login on another device: shows an address and a code, and polls at the
// provider's pace (slow_down is honoured) until somebody has logged in there.
import { PactError } from "../api/index.ts";
import { limit, requestParameters, type Flow, type Tokens } from "./flow.ts";
import { checkPage } from "./openid.ts";
import { networkReason } from "./problems.ts";
import { visible } from "./visible.ts";

const MINUTE_MS = 60_000;

export async function loginByDevice(flow: Flow): Promise<Tokens> {
  const { library, provider, tell } = flow;
  const device = await library.initiateDeviceAuthorization(provider, requestParameters(flow));
  checkPage(device.verification_uri, provider);
  const end = performance.now() + device.expires_in * 1000;
  const minutesLeft = (): number => Math.max(1, Math.round((end - performance.now()) / MINUTE_MS));
  tell("open this page on any device:");
  tell(visible(device.verification_uri));
  tell("and enter this code there:");
  tell(visible(device.user_code));
  tell(`the code is good for ${minutesLeft()} min; waiting (Ctrl-C cancels)`);
  const late = limit(flow.signal, device.expires_in * 1000, () =>
    new PactError("unauthenticated", "the code was not used in time", { hint: "pact login --device-code" }));
  const reminder = setInterval(() => tell(`waiting for the login: ${minutesLeft()} min left`), MINUTE_MS);
  // Stops the poll when the race below is over.
  const polling = new AbortController();
  const signal = AbortSignal.any([polling.signal, flow.signal]);
  try {
    return await Promise.race([pollPatiently(flow, () => library.pollDeviceAuthorizationGrant(provider, device, undefined, { signal }), signal), late.reached]);
  } finally {
    late.stop();
    clearInterval(reminder);
    polling.abort();
  }
}

/** A provider that cannot be reached for a moment does not end a login that somebody is typing elsewhere. */
async function pollPatiently({ tell }: Flow, poll: () => Promise<Tokens>, signal: AbortSignal): Promise<Tokens> {
  for (let said = false; ; said = true) {
    try {
      return await poll();
    } catch (error) {
      const reason = networkReason(error);
      if (reason === undefined || signal.aborted) throw error;
      if (!said) tell(`the identity provider cannot be reached just now (${reason}); still trying`);
    }
  }
}
