#!/bin/sh
# Makes, with BART alone, the cases for the test "CG-SENSE with BART's own maps equals `bart pics -l2`".
#
#   bart_case.sh DIR    writes DIR/even (64 x 64), DIR/wide (64 x 42) and DIR/odd (63 x 37), each with the .cfl/.hdr pairs
#
#   full    k-space of the Shepp-Logan phantom with 8 coils, fully sampled   [read, phase, 1, 8]
#   mask    1 on every 2nd phase line from line 0 and on 16 centred lines    [1, phase]
#   kspace  full x mask
#   maps    ESPIRiT maps of kspace, one set, calibration region 24 x 16      [read, phase, 1, 8]
#   pics    `pics -l2` of kspace and maps with lambda 0.01                   [read, phase]
#
# A .cfl is complex64 in Fortran order: the read axis is the fastest, the phase axis is the second.
#
# The convention of `pics -l2 -r lambda -S`, found by solving the normal equations in numpy with complex128
# (tests/reference/bart_pics_convention.py prints it):
#
#   x = argmin ||M F S x - y||^2 + lambda ||x||^2,   (S^H F^H M F S + lambda I) x = S^H F^H M y
#
# with F centred (centre n//2) and orthonormal. Relative error of BART's float32 against it: 2.3e-7 (even), 2.2e-7 (wide),
# 2.3e-7 (odd); with lambda/2 7.5e-3 and with 2 lambda 1.5e-2, so neither factor is hidden in lambda. Three traps:
#
# * Without -S (or -w 1) the image is divided by a scale that BART estimates from the data. The l2 problem is linear,
#   so -S undoes it exactly; for the l1 problems the scale changes what lambda means.
# * pics stops once converged: 100 iterations are a ceiling.
# * pics centres with `fftmod` on the k-space where it needs the inverse (`bart fft -u` is right at every size).
#   The two are equal when each size is a multiple of 4, differ by -1 for each size that is 2 modulo 4, and by a phase ramp
#   (a wrong reconstruction, relative error 1.4) for an odd size. Undoing `fftmod` twice on the input makes it right at all.

set -eu
[ $# -eq 1 ] || { echo "usage: bart_case.sh DIR" >&2; exit 2; }

make_case() { # name, read, phase
  mkdir -p "$out/$1"
  cd "$out/$1"
  bart phantom -k -s 8 -x 64 phantom
  bart resize -c 0 "$2" 1 "$3" phantom full
  # shellcheck disable=SC2046 # one argument for each line
  bart vec $(awk -v n="$3" 'BEGIN { first = int(n / 2) - 8
    for (i = 0; i < n; i++) print (i % 2 == 0 || (i >= first && i < first + 16)) }') lines
  bart transpose 0 1 lines mask
  bart fmac full mask kspace
  bart ecalib -m1 -r 24:16 kspace maps >&2
  bart fftmod -i 3 kspace once
  bart fftmod -i 3 once twice
  bart pics -l2 -r 0.01 -i 100 -S twice maps pics >&2
  rm phantom.* lines.* once.* twice.*
}

mkdir -p "$1"
out=$(cd "$1" && pwd)
make_case even 64 64
make_case wide 64 42
make_case odd 63 37
