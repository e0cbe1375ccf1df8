#!/bin/sh
# Each line of cases.txt: how many words, a blank, the text (\t and \n are understood by printf).
failed=0
while read -r want text; do
    got=$(printf "$text" | ./tally)
    if [ "$got" = "$want" ]; then
        echo "ok: $text"
    else
        echo "FAILED: $text: expected $want, got $got"
        failed=1
    fi
done < tests/cases.txt
exit $failed
