#!/bin/sh
# run_programs.sh VDO_EXE WRAPPER PROGRAM...: run test programs one after another; ends with a line that counts, and one that names what failed.
set -u
VDO_EXE=$1
export VDO_EXE
wrapper=$2
shift 2
passed=0
total=0
failed=
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for program; do
    # shellcheck disable=SC2086
    if ! timeout "${TEST_TIMEOUT:-600}" $wrapper "$program" >"$log" 2>&1; then
        cat "$log"
        failed="$failed $program"
        continue
    fi
    n=$(sed -n 's/.*\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{s += $1} END {print s + 0}')
    skipped=$(grep -c '\[  SKIPPED \] [a-z]' "$log" || true)
    grep -E 'attacks held|skipped:' "$log" || true
    total=$((total + n))
    passed=$((passed + 1))
    [ "$skipped" -gt 0 ] && echo "$(basename "$program"): $skipped skipped"
done
echo "test programs passed: $passed, tests in them: $total"
if [ -n "$failed" ]; then
    echo "FAILED:$failed"
    exit 1
fi
[ "$total" -gt 0 ]
