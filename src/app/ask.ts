// Questions to a person, through enquirer. Never called without terminals at
// both ends: at end of input its promise would not settle.
import { PactError } from "../api/index.ts";

/** Asks on stderr, so that stdout keeps the answer alone. Cancelling is `interrupted`. */
export async function ask(question: string, secret: boolean): Promise<string> {
  const { default: enquirer } = await import("enquirer");
  const prompt = { type: secret ? "password" : "input", name: "answer", message: question, stdout: process.stderr };
  try {
    // Its types miss `stdout`, which the program honours.
    const { answer } = await enquirer.prompt<{ answer: string }>(prompt as Parameters<typeof enquirer.prompt>[0]);
    return answer;
  } catch {
    // It rejects with an empty string when the operator cancels.
    throw new PactError("interrupted", "cancelled");
  }
}
