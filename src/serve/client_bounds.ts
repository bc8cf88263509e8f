/** The largest numbers that a client may ask for. @module */
export const MOST = { steps: 1000, weight: 1000, samples: 64, compress: 256 } as const;
