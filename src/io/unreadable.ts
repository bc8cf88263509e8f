/** The error for a file that is not as it must be. @module */
import { InputError } from "../errors.ts";

/**
 * `Cannot read SUBJECT: REQUIRED required, found FOUND`.
 * @param subject the path, or `PATH as FORMAT`
 * @param required what the file must have, with its verb: `axes of 1 or more are`
 */
export function unreadable(
  subject: string,
  required: string,
  found: string | number,
  hint?: string,
): InputError {
  return new InputError(`Cannot read ${subject}: ${required} required, found ${found}`, { hint });
}
