/** Questions of Gadgetron's clients about the server (message 6). @module */
import type { MrdMessage } from "../io/mrd/messages.ts";
import { VERSION } from "../version.ts";

const ANSWERS: Readonly<Record<string, string>> = {
  "larmor::version": VERSION,
  "gadgetron::info": `Larmor ${VERSION}, not a Gadgetron`,
};

/** The answer; an unknown question has the one that Gadgetron gives. */
export function answerTo({ id, text }: { readonly id: bigint; readonly text: string }): MrdMessage {
  const answer = Object.hasOwn(ANSWERS, text) ? ANSWERS[text] : "Unknown query";
  return { kind: "response", id, text: answer };
}
