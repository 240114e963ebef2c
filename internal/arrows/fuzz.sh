#!/bin/sh
# Runs every fuzz target of the project for FUZZTIME (default 1m) each and says
# which; a failure leaves its input in the package's testdata/fuzz.
set -eu
cd "$(dirname "$0")/../.."
grep -rlE '^func Fuzz[A-Z]' --include='*_test.go' . | sort | while read -r file; do
	for target in $(sed -nE 's/^func (Fuzz[A-Za-z0-9]+)\(.*/\1/p' "$file"); do
		echo "== $(dirname "$file") $target"
		go test -tags libvirt_dlopen -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-1m}" "$(dirname "$file")"
	done
done
