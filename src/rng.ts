/**
 * Seeded random numbers that do not depend on what was drawn elsewhere.
 *
 * The generator is Philox 4x32 with 10 rounds: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC11, 2011. It is a keyed function of a counter, so a
 * stream for every slice and step costs nothing and no stream waits for another.
 * @module
 */

/** Multipliers of the two halves of a Philox 4x32 round (Salmon et al. 2011, section 3.3). */
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
/** Added to the key after each round: the golden ratio and sqrt(3) - 1, as 32-bit fractions. */
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;
/** Last counter word of the blocks that derive keys; the blocks that give numbers have 0 there. */
const DERIVE = 1;
const TWO_32 = 2 ** 32;

/** Upper 32 bits of the product of two unsigned 32-bit integers, as an int32. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const low = Math.imul(aLow, bLow);
  const middle = (Math.imul(aHigh, bLow) + (low >>> 16)) | 0;
  const carry = (Math.imul(aLow, bHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (carry >>> 16)) | 0;
}

/**
 * One block of Philox 4x32-10 (Salmon et al. 2011): four pseudo-random words.
 * @param counter four unsigned 32-bit words
 * @param key two unsigned 32-bit words
 */
export function philox4x32(
  counter: ArrayLike<number>,
  key: ArrayLike<number>,
  out: Uint32Array = new Uint32Array(4),
): Uint32Array {
  let c0 = counter[0] | 0, c1 = counter[1] | 0, c2 = counter[2] | 0, c3 = counter[3] | 0;
  let k0 = key[0] | 0, k1 = key[1] | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0), low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2), low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
  return out;
}

/** Lower and upper 32 bits of a seed or key. */
function words(what: string, value: number | bigint): [number, number] {
  const valid = typeof value === "bigint"
    ? value >= 0n && value < 1n << 64n
    : Number.isSafeInteger(value) && value >= 0;
  if (!valid) {
    throw new RangeError(
      `Cannot use ${value} as ${what} of random numbers: ` +
        `an integer from 0 to 2^53 - 1 (a bigint: to 2^64 - 1) is required`,
    );
  }
  if (typeof value === "bigint") return [Number(value & 0xffffffffn), Number(value >> 32n)];
  return [value >>> 0, Math.floor(value / TWO_32)];
}

/**
 * A stream of random numbers, given by a seed and a path of integers.
 *
 * The same seed and path give the same numbers on every machine, whatever was drawn from other streams,
 * so that the noise of a slice does not depend on what ran beside it.
 *
 * @example
 * ```ts
 * const noise = new Rng(1).split(4, 0).normals(16); // slice 4, step 0
 * ```
 */
export class Rng {
  readonly #key: Uint32Array;
  /** Number of the next block in the lower two words. */
  readonly #counter = new Uint32Array(4);
  readonly #block = new Uint32Array(4);
  /** Words of `#block` already given out. */
  #used = 4;

  /**
   * A stream at its start.
   *
   * @param seed an integer from 0 to 2^53 - 1, or a bigint from 0 to 2^64 - 1
   * @param stream integers that name the stream, as for {@link Rng.split}
   * @throws {RangeError} for another seed or name
   */
  constructor(seed: number | bigint, ...stream: number[]) {
    this.#key = Uint32Array.from(words("seed", seed));
    for (const name of stream) {
      const [low, high] = words("stream", name);
      this.#key.set(philox4x32([low, high, 0, DERIVE], this.#key).subarray(0, 2));
    }
  }

  /**
   * The stream that `keys` name below this one, at its start. It depends on the seed and the names only,
   * not on what was drawn so far; `split(a, b)` is `split(a).split(b)`.
   * @throws {RangeError} when a key is not an integer from 0 to 2^53 - 1
   */
  split(...keys: number[]): Rng {
    const [low, high] = this.#key;
    return new Rng((BigInt(high) << 32n) | BigInt(low), ...keys);
  }

  /** The next 32 bits, an integer from 0 to 2^32 - 1. */
  uint32(): number {
    if (this.#used === 4) {
      this.#advance(this.#block);
      this.#used = 0;
    }
    return this.#block[this.#used++];
  }

  /** A number from [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.uint32() >>> 5, low = this.uint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** A number from [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** A positive number whose logarithm is uniform. */
  logBetween(low: number, high: number): number {
    return Math.exp(this.between(Math.log(low), Math.log(high)));
  }

  /** A standard normal number (Box and Muller 1958), float64. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /**
   * `count` standard normal numbers (Box and Muller 1958), float32, from 32-bit uniforms: none is beyond
   * 6.7. Starts at a fresh block, so that on a new stream a longer array begins with a shorter one.
   * @throws {RangeError} when `count` is not a non-negative integer
   */
  normals(count: number): Float32Array {
    requireCount("draw normal numbers", count, 0, TWO_32 - 1);
    const out = new Float32Array(count);
    const block = new Uint32Array(4);
    this.#used = 4;
    for (let i = 0; i < count; i += 4) {
      this.#advance(block);
      // Stores beyond the end of a typed array are ignored.
      for (let pair = 0; pair < 4; pair += 2) {
        const radius = Math.sqrt(-2 * Math.log((block[pair] + 1) / TWO_32));
        const angle = block[pair + 1];
        const sine = sineOfOctant((angle >>> 3) * (Math.PI / 4 / 2 ** 29));
        const cosine = Math.sqrt(1 - sine * sine);
        // The last three bits choose the octant of the circle.
        const first = radius * ((angle & 1) === 0 ? sine : cosine);
        const second = radius * ((angle & 1) === 0 ? cosine : sine);
        out[i + pair] = (angle & 2) === 0 ? first : -first;
        out[i + pair + 1] = (angle & 4) === 0 ? second : -second;
      }
    }
    return out;
  }

  /**
   * An integer from 0 to `count - 1`, without bias (draws that would favour small numbers are rejected).
   * @throws {RangeError} when `count` is not an integer from 1 to 2^32
   */
  integer(count: number): number {
    requireCount("draw an integer", count, 1, TWO_32);
    const limit = TWO_32 - TWO_32 % count;
    let word = this.uint32();
    while (word >= limit) word = this.uint32();
    return word % count;
  }

  /**
   * The integers 0 to `count - 1` in random order (Fisher and Yates; Durstenfeld 1964).
   * @throws {RangeError} when `count` is not an integer from 0 to 2^32 - 1
   */
  permutation(count: number): Uint32Array {
    requireCount("permute integers", count, 0, TWO_32 - 1);
    const out = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
  }

  #advance(block: Uint32Array): void {
    philox4x32(this.#counter, this.#key, block);
    if (++this.#counter[0] === TWO_32) this.#counter[1]++;
  }
}

/** Sine of an angle from 0 to pi / 4 by its Taylor series, to 1e-11: several times faster than Math.sin. */
function sineOfOctant(x: number): number {
  const y = -x * x;
  const last = 1 + y * (1 / 42) * (1 + y * (1 / 72) * (1 + y * (1 / 110)));
  return x * (1 + y * (1 / 6) * (1 + y * (1 / 20) * last));
}

function requireCount(action: string, count: number, least: number, most: number): void {
  if (Number.isInteger(count) && count >= least && count <= most) return;
  throw new RangeError(
    `Cannot ${action}: a count from ${least} to ${most} is required, found ${count}`,
  );
}
