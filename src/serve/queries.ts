/** Questions of Gadgetron's clients about the server (message 6). @module */
import { VERSION } from "../version.ts";

const ANSWERS: Readonly<Record<string, string>> = {
  "larmor::version": VERSION,
  "gadgetron::info": `Larmor ${VERSION}, not a Gadgetron`,
};

/** The answer; an unknown question has the one that Gadgetron gives. */
export function answerTo(query: string): string {
  return Object.hasOwn(ANSWERS, query) ? ANSWERS[query] : "Unknown query";
}
