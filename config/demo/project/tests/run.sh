#!/bin/sh
# Each line of cases.txt: how many words, a blank, the text (\t and \n are understood by printf). Speaks TAP.
failed=0
n=0
while read -r want text; do
    n=$((n + 1))
    got=$(printf "$text" | ./tally)
    if [ "$got" = "$want" ]; then
        printf '%s\n' "ok $n - counts $text"
    else
        printf '%s\n' "not ok $n - counts $text" "# expected $want, got $got"
        failed=1
    fi
done < tests/cases.txt
echo "1..$n"
exit $failed
