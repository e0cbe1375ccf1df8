#!/bin/sh
# Each third-party header is included by one room only.
fail=0
only() { # header pattern, room
    for file in $(grep -rlE "#include <$1" src include | grep -v "^src/$2/"); do
        echo "libraries: $file includes <$1...>, which belongs to $2"
        fail=1
    done
}
only microhttpd http
only curl/ http
only sqlite3 store
only git2 gitrepo
only openssl crypto
only yaml config
only cmark markdown
only seccomp sandbox
only lz4 store
only expat checks
exit $fail
