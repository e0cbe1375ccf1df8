#!/bin/sh
# Each folder may include only the folders of the floors below it; rooms on one floor do not include each other.
fail=0
below=""
floor() { # the rooms of one floor, from the lowest up
    for room; do
        for seen in $(grep -rhoE '#include "vdo/[a-z]+' "src/$room" "include/vdo/$room" 2>/dev/null | sed 's,.*vdo/,,' | sort -u); do
            case " $below $room " in *" $seen "*) ;; *) echo "layers: $room may not include vdo/$seen"; fail=1 ;; esac
        done
    done
    below="$below $*"
}
floor base
floor crypto json http config template markdown
floor store bus gitrepo sandbox
floor code model forge checks
floor jobs policy
floor report
floor pipeline bot web
floor app
floor cli
exit $fail
