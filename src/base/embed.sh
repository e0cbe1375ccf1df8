#!/bin/sh
# embed.sh OUT.S FILE...: an assembler source that holds the files and the sorted table base/assets.c reads.
# A name is the file's path; migrations drop their "src/store/<backend>/migrations/" for "migrations/<backend>/".
set -eu
out=$1
shift
names=$(mktemp)
trap 'rm -f "$names"' EXIT
for file; do
    printf '%s\t%s\n' "$(printf %s "$file" | sed -E 's,^src/store/([a-z]+)/migrations/,migrations/\1/,')" "$file"
done | LC_ALL=C sort > "$names"
{
    echo '.section .rodata'
    n=0
    while IFS="$(printf '\t')" read -r name file; do
        printf 'asset_name_%d: .asciz "%s"\nasset_begin_%d: .incbin "%s"\nasset_end_%d: .byte 0\n' \
            $n "$name" $n "$file" $n
        n=$((n + 1))
    done < "$names"
    echo '.section .data.rel.ro,"aw"'
    echo '.balign 8'
    echo '.globl embedded_assets'
    echo '.hidden embedded_assets'
    echo 'embedded_assets:'
    i=0
    while [ $i -lt $n ]; do
        printf '.quad asset_name_%d, asset_begin_%d, asset_end_%d\n' $i $i $i
        i=$((i + 1))
    done
    echo '.globl embedded_asset_count'
    echo '.hidden embedded_asset_count'
    printf 'embedded_asset_count: .quad %d\n' $n
    echo '.section .note.GNU-stack,"",@progbits'
} > "$out"
