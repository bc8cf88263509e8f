/**
 * Eigenvalues and eigenvectors of one dense Hermitian matrix, in float64 on the host: Householder
 * reflections to a real tridiagonal matrix, implicit QL steps, and the reflections undone (the path
 * of EISPACK's htridi, tql2 and htribk, and of LAPACK's zheev). It prepares constants of a graph; no
 * image goes through it.
 * @module
 */

/** A dense complex matrix, row by row. */
export interface ComplexMatrix {
  /** Real parts, n x n. */
  readonly re: Float64Array;
  /** Imaginary parts, n x n. */
  readonly im: Float64Array;
}

/** Implicit QL steps for one eigenvalue at most; 2 are usual. */
const MAX_QL_STEPS = 60;

const zeros = (size: number): ComplexMatrix => ({
  re: new Float64Array(size),
  im: new Float64Array(size),
});

/**
 * Decomposes a Hermitian matrix; only its lower triangle is read, and it is overwritten.
 * @param n rows
 * @returns eigenvalues in no particular order, and eigenvectors of unit norm as the rows of a matrix
 * @throws {RangeError} for entries that are not finite
 */
export function hermitianEigen(
  matrix: ComplexMatrix,
  n: number,
): { values: Float64Array; vectors: ComplexMatrix } {
  const { values, off, scales } = tridiagonalise(matrix, n);
  const rows = new Float64Array(n * n);
  for (let i = 0; i < n; i++) rows[i * n + i] = 1;
  qlIterate(values, off, rows, n);
  return { values, vectors: reflectBack(rows, matrix, scales, n) };
}

/**
 * T = Q^H A Q with Q = H_0 H_1 ..., H_k = I - tau_k v_k v_k^H, real, symmetric and tridiagonal. On return,
 * row k of the matrix holds v_k from column k + 1 on (the upper triangle, which is not needed for
 * anything else).
 * @returns the diagonal of T, its off-diagonal (element i couples i and i + 1), and every tau
 */
function tridiagonalise(matrix: ComplexMatrix, n: number) {
  const values = new Float64Array(n), off = new Float64Array(n);
  const scales = zeros(n), w = zeros(n);
  for (let k = 0; k + 1 < n; k++) {
    values[k] = matrix.re[k * n + k];
    off[k] = reflect(matrix, scales, k, n);
    if (scales.re[k] === 0 && scales.im[k] === 0) continue;
    multiply(matrix, w, k, n);
    subtractPair(matrix, scales, w, k, n);
  }
  values[n - 1] = matrix.re[n * n - 1];
  return { values, off, scales };
}

/**
 * The reflection that makes column k below the subdiagonal zero and the subdiagonal real (as LAPACK's
 * zlarfg); v goes to row k, tau to `scales`.
 * @returns the real subdiagonal element
 */
function reflect({ re, im }: ComplexMatrix, scales: ComplexMatrix, k: number, n: number): number {
  let below = 0;
  for (let i = k + 2; i < n; i++) below += re[i * n + k] ** 2 + im[i * n + k] ** 2;
  const at = (k + 1) * n + k;
  const a = re[at], b = im[at];
  if (below === 0 && b === 0) return a; // tau 0
  const norm = Math.sqrt(a * a + b * b + below);
  const beta = a >= 0 ? -norm : norm;
  scales.re[k] = (beta - a) / beta;
  scales.im[k] = -b / beta;
  const divisor = (a - beta) ** 2 + b * b;
  const factorRe = (a - beta) / divisor, factorIm = -b / divisor;
  re[k * n + k + 1] = 1;
  im[k * n + k + 1] = 0;
  for (let i = k + 2; i < n; i++) {
    const x = re[i * n + k], y = im[i * n + k];
    re[k * n + i] = x * factorRe - y * factorIm;
    im[k * n + i] = x * factorIm + y * factorRe;
  }
  return beta;
}

/** w = A v of the part that is left, from its lower triangle; v is in row k. */
function multiply({ re, im }: ComplexMatrix, w: ComplexMatrix, k: number, n: number): void {
  const v = k * n;
  w.re.fill(0, k + 1);
  w.im.fill(0, k + 1);
  for (let i = k + 1; i < n; i++) {
    const row = i * n;
    const vr = re[v + i], vi = im[v + i];
    let sumRe = re[row + i] * vr, sumIm = re[row + i] * vi;
    for (let j = k + 1; j < i; j++) {
      const ar = re[row + j], ai = im[row + j];
      const xr = re[v + j], xi = im[v + j];
      sumRe += ar * xr - ai * xi;
      sumIm += ar * xi + ai * xr;
      w.re[j] += ar * vr + ai * vi;
      w.im[j] += ar * vi - ai * vr;
    }
    w.re[i] += sumRe;
    w.im[i] += sumIm;
  }
}

/** A -= v u^H + u v^H with u = tau w - |tau|^2 / 2 (v^H w) v: the reflection from both sides. */
function subtractPair(
  { re, im }: ComplexMatrix,
  scales: ComplexMatrix,
  w: ComplexMatrix,
  k: number,
  n: number,
): void {
  const v = k * n;
  const tr = scales.re[k], ti = scales.im[k];
  let overlap = 0;
  for (let i = k + 1; i < n; i++) overlap += re[v + i] * w.re[i] + im[v + i] * w.im[i];
  const share = (tr * tr + ti * ti) / 2 * overlap;
  for (let i = k + 1; i < n; i++) {
    const wr = w.re[i], wi = w.im[i];
    w.re[i] = tr * wr - ti * wi - share * re[v + i];
    w.im[i] = tr * wi + ti * wr - share * im[v + i];
  }
  for (let i = k + 1; i < n; i++) {
    const row = i * n;
    const vr = re[v + i], vi = im[v + i], ur = w.re[i], ui = w.im[i];
    for (let j = k + 1; j <= i; j++) {
      const xr = re[v + j], xi = im[v + j], yr = w.re[j], yi = w.im[j];
      re[row + j] -= vr * yr + vi * yi + ur * xr + ui * xi;
      im[row + j] -= vi * yr - vr * yi + ui * xr - ur * xi;
    }
  }
}

/**
 * Eigenvalues of a real symmetric tridiagonal matrix by implicit QL steps with Wilkinson's shift
 * (Bowdler, Martin, Reinsch and Wilkinson 1968); the rotations are applied to `rows`.
 */
function qlIterate(d: Float64Array, e: Float64Array, rows: Float64Array, n: number): void {
  const negligible = Number.EPSILON *
    d.reduce((most, value, i) => Math.max(most, Math.abs(value) + Math.abs(e[i])), 0);
  if (!Number.isFinite(negligible)) {
    throw new RangeError(
      "Cannot find eigenvalues: finite entries are required, found NaN or infinity",
    );
  }
  for (let first = 0; first < n; first++) {
    for (let steps = 0;; steps++) {
      let last = first;
      while (last + 1 < n && Math.abs(e[last]) > negligible) last++;
      if (last === first) break;
      if (steps === MAX_QL_STEPS) {
        throw new RangeError(`Cannot find eigenvalue ${first} of ${n}: QL does not converge`);
      }
      qlStep(d, e, rows, first, last);
    }
  }
}

/** One step on the block of rows `first` to `last`. */
function qlStep(
  d: Float64Array,
  e: Float64Array,
  rows: Float64Array,
  first: number,
  last: number,
): void {
  const half = (d[first + 1] - d[first]) / (2 * e[first]);
  const root = Math.hypot(half, 1);
  const shift = e[first] / (half + (half >= 0 ? root : -root));
  let bulge = d[last] - d[first] + shift;
  let sine = 1, cosine = 1, carried = 0;
  for (let i = last - 1; i >= first; i--) {
    const f = sine * e[i], b = cosine * e[i];
    const length = Math.hypot(f, bulge);
    e[i + 1] = length;
    if (length === 0) { // the block splits here
      d[i + 1] -= carried;
      e[last] = 0;
      return;
    }
    sine = f / length;
    cosine = bulge / length;
    const g = d[i + 1] - carried;
    const r = (d[i] - g) * sine + 2 * cosine * b;
    carried = sine * r;
    d[i + 1] = g + carried;
    bulge = cosine * r - b;
    rotate(rows, i * d.length, d.length, cosine, sine);
  }
  d[first] -= carried;
  e[first] = bulge;
  e[last] = 0;
}

/** Rotates the row that starts at `start` and the one after it. */
function rotate(rows: Float64Array, start: number, n: number, cosine: number, sine: number): void {
  for (let a = start, b = start + n; a < start + n; a++, b++) {
    const x = rows[a], y = rows[b];
    rows[b] = sine * x + cosine * y;
    rows[a] = cosine * x - sine * y;
  }
}

/** Q z for every row z: reflections z -= tau v (v^H z) from the last to the first. */
function reflectBack(
  zr: Float64Array,
  { re, im }: ComplexMatrix,
  scales: ComplexMatrix,
  n: number,
): ComplexMatrix {
  const zi = new Float64Array(n * n);
  for (let row = 0; row < n; row++) {
    for (let k = n - 2; k >= 0; k--) {
      const tr = scales.re[k], ti = scales.im[k];
      if (tr === 0 && ti === 0) continue;
      const shift = (row - k) * n; // from v, in row k, to z
      const start = k * n + k + 1, end = k * n + n;
      let sumRe = 0, sumIm = 0;
      for (let i = start; i < end; i++) {
        const vr = re[i], vi = im[i], xr = zr[i + shift], xi = zi[i + shift];
        sumRe += vr * xr + vi * xi;
        sumIm += vr * xi - vi * xr;
      }
      const fr = tr * sumRe - ti * sumIm, fi = tr * sumIm + ti * sumRe;
      for (let i = start; i < end; i++) {
        const vr = re[i], vi = im[i];
        zr[i + shift] -= fr * vr - fi * vi;
        zi[i + shift] -= fr * vi + fi * vr;
      }
    }
  }
  return { re: zr, im: zi };
}
